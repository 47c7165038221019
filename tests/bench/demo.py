"""`make demo ONCE=1` on this clone as it is set up, and from a fresh clone."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.servers import free_block

ROOT = Path(__file__).parents[2]


def run() -> Iterator[str]:
    """Time the demonstration as a user would run it."""
    with tempfile.TemporaryDirectory(prefix="mammo-bench-") as name:
        yield f"bench.demo.set_up_seconds={_demo(ROOT, Path(name) / 'one'):.0f}"
        clone = Path(name) / "clone"
        begun = time.perf_counter()
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        _demo(clone, Path(name) / "two")
        yield f"bench.demo.fresh_clone_seconds={time.perf_counter() - begun:.0f}"


def _demo(clone: Path, state: Path) -> float:
    environment = {
        **os.environ,
        "MAMMO_STATE": str(state),
        "MAMMO_PORT_BASE": str(free_block(20)),
    }
    begun = time.perf_counter()
    subprocess.run(
        ["make", "demo", "ONCE=1"],
        cwd=clone,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - begun
