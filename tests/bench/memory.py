"""Peak memory of a process that does all a worker does, on one object of 300 MB."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.objects import write_tomosynthesis

MEGABYTES = 300

#: What a flow run's process has loaded, then one object through the whole walk; peak RSS in MB.
PROGRAM = """
import sys
from pathlib import Path
import flows.ingest.flow
from flows import deidentifier
from flows.keys import sides
from flows.offline.folder import deidentify_folder
def peak():  # not ru_maxrss: that begins with the size of whoever started us
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
held = sides.offline_keys(None)
loaded = deidentifier.load(held)
print(f"bench.memory.loaded_megabytes={peak():.0f}")
lines = deidentify_folder(Path(sys.argv[1]), Path(sys.argv[2]), loaded, workers=1)
assert [line.outcome for line in lines] == ["ADMITTED"], [line.reason for line in lines]
print(f"bench.memory.peak_megabytes={peak():.0f}")
"""


def run() -> Iterator[str]:
    """De-identify a tomosynthesis object of 300 MB in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="mammo-bench-") as name:
        source = Path(name) / "source"
        source.mkdir()
        frames = write_tomosynthesis(source / "IM00001", MEGABYTES)
        size = (source / "IM00001").stat().st_size / 1e6
        yield f"bench.memory.object_megabytes={size:.0f}"
        yield f"bench.memory.frames={frames}"
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, source, Path(name) / "clean"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        yield from done.stdout.splitlines()
