"""One rig for all faults, and the table of what was seen."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.rig import Rig

ROOM_BYTES = 64 << 20
_SHIM = Path(__file__).with_name("clock.c")


@dataclass
class Seen:
    """What was seen: fault, seconds until it was got over, how its export ended."""

    rows: list[tuple[str, float, str]] = field(default_factory=list)

    def add(self, fault: str, seconds: float, outcomes: str = "") -> None:
        self.rows.append((fault, seconds, outcomes))


_SEEN = Seen()


@pytest.fixture(scope="session")
def seen() -> Seen:
    return _SEEN


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Two workers, whose clocks can be set, and a landing on a small disk where we may mount."""
    folder = tmp_path_factory.mktemp("rig")
    library = folder / "clock.so"
    command = ["cc", "-shared", "-fPIC", "-o", str(library), str(_SHIM), "-ldl"]
    subprocess.run(command, check=True)
    room = ROOM_BYTES if os.geteuid() == 0 else 0
    made = Rig(folder, workers=2, at_a_time=2, clock=library, room=room)
    try:
        made.up()
        yield made
    finally:
        made.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _SEEN.rows:
        return
    terminalreporter.section("got over")
    width = max(len(fault) for fault, _, _ in _SEEN.rows)
    for fault, seconds, outcomes in _SEEN.rows:
        terminalreporter.write_line(f"{fault:{width}}  {seconds:6.1f} s  {outcomes}".rstrip())
