"""Peak memory of a real flow run's process on the region's worker, on one object of 300 MB."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil

from tests.objects import write_tomosynthesis
from tests.servers import free_block

MEGABYTES = 300
DECISION = """
reference = "D-1"
legal_basis = "EHDS Article 60"
purpose = "measurement"
controller = "Norrby sjukhus"
valid_until = 2099-01-01
protection_source = "FILTERED_EXPORT"
"""


def run() -> Iterator[str]:
    """Ingest the object on a local stack of its own."""
    with tempfile.TemporaryDirectory(prefix="mammo-bench-") as name:
        folder = Path(name)
        (folder / "export").mkdir()
        write_tomosynthesis(folder / "export" / "IM00001", MEGABYTES)
        (folder / "decision.toml").write_text(DECISION)
        environment = os.environ | {
            "MAMMO_STATE": str(folder / "var"),
            "MAMMO_PORT_BASE": str(free_block(20)),
        }
        mammo = [sys.executable, "-m", "flows.cli"]
        say = partial(subprocess.check_output, env=environment)
        say([*mammo, "up"])
        try:
            holder = ["catalog", "add-holder", "norrby", "Norrby", "--region", "norr"]
            say([*mammo, *holder])
            ingest = ["ingest", "norrby", "export", "--decision", "decision.toml"]
            with subprocess.Popen([*mammo, *ingest], env=environment, cwd=folder) as running:
                yield f"bench.worker.peak_megabytes={_peak(running, folder):.0f}"
            assert running.returncode == 0
        finally:
            say([*mammo, "reset", "--yes"])


def _peak(running: subprocess.Popen[bytes], folder: Path) -> float:
    """Watch the flow run's process until its ingest ends; its high-water mark in MB."""
    peak = 0.0
    while running.poll() is None:
        for process in psutil.process_iter(["cmdline"]):
            command = " ".join(process.info["cmdline"] or [])
            if "prefect.engine" in command:
                peak = max(peak, _high_water(process.pid, folder))
        time.sleep(0.1)
    return peak


def _high_water(pid: int, folder: Path) -> float:
    try:
        if str(folder) not in Path(f"/proc/{pid}/environ").read_text():
            return 0.0
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it has just ended
        return 0.0
    found = [line for line in lines if line.startswith("VmHWM")]
    return int(found[0].split()[1]) / 1024 if found else 0.0
