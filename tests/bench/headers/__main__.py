"""De-identify headers, side by side with peers: `make bench-deid`, or some: … ours deid 8kb.

Header work without decoding pixels, the whole profile, sweep and second eye on; every tool runs in
an environment of its own and turn about with plain copying, so that a busy machine slows both.
Prints `name=value` lines; `ratio_cp_…` is wall time by that of copying by one process, the median
of the rounds. `two_workers` are two processes, as `mammo deid` has by default on two cores.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any

from tests.bench.headers.films import SETS, write_set
from tests.objects import write_tomosynthesis

ENVIRONMENTS = Path(__file__).parents[3] / "var" / "bench"
LOOP = Path(__file__).with_name("loop.py")
ROUNDS = 5
OURS = ("ours", "ours_sha256")
#: What each peer is installed from; an empty one runs in the project's own environment.
PEERS: dict[str, tuple[str, ...]] = {
    "ours": (),
    "ours_sha256": (),
    "pydicom": (),
    "fw_file_rs": ("fw-file-rs==0.9.1",),
    "dcmanon": ("dcmanon==0.3.1",),
    "dicom_anonymizer": ("dicom-anonymizer==2.1.0", "pydicom==3.0.2"),
    "dicognito": ("dicognito==0.19.0", "pydicom==3.0.2"),
    "deid": ("deid==0.4.13", "pydicom==3.0.2"),
}
#: Allocator settings that spare a page fault for each page of each file held whole in memory.
TUNED = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "2147483648",
    "MALLOC_TOP_PAD_": "67108864",
}


def main() -> None:
    named = sys.argv[1:]
    chosen = [name for name in named if name in PEERS] or list(PEERS)
    sizes = [name for name in named if name in SETS] or list(SETS)
    with tempfile.TemporaryDirectory(prefix="mammo-bench-", dir=ENVIRONMENTS.parent) as name:
        for films in sizes:
            source = Path(name) / films
            write_set(source, films)
            size = sum(path.stat().st_size for path in source.iterdir())
            print(f"bench.deid.{films}.files={len(list(source.iterdir()))}")
            print(f"bench.deid.{films}.megabytes={size / 1e6:.1f}", flush=True)
            target = Path("/dev/shm") / Path(name).name if films == "8kb" else Path(name) / "out"
            for tool in chosen:
                for line in _measured(tool, films, source, target):
                    print(line, flush=True)
        for line in _memory(Path(name)):
            print(line, flush=True)


def _measured(tool: str, films: str, source: Path, target: Path) -> Iterator[str]:
    rounds, peak = _run(tool, source, target)
    cpu = median(one["cpu"] / one["files"] for one in rounds)
    yield f"ratio_cp_{films}.{tool}={_ratio(rounds):.2f}"
    yield f"cpu_ms_{films}.{tool}={1000 * cpu:.2f}"
    yield f"files_per_second_{films}.{tool}={median(o['files'] / o['wall'] for o in rounds):.1f}"
    yield f"peak_megabytes_{films}.{tool}={peak:.0f}"
    if films != "8kb":
        tuned, _ = _run(tool, source, target, environment=TUNED)
        yield f"ratio_cp_{films}.{tool}.tuned_allocator={_ratio(tuned):.2f}"
    if tool in OURS:
        two, _ = _run(tool, source, target, workers=2)
        yield f"ratio_cp_{films}.{tool}.two_workers={_ratio(two):.2f}"


def _memory(folder: Path) -> Iterator[str]:
    """Measure the peak on one multi-frame object of a gigabyte."""
    source = folder / "1gb"
    source.mkdir()
    write_tomosynthesis(source / "IM00001", 1000)
    _, peak = _run("ours", source, folder / "out", rounds=1)
    yield f"peak_megabytes_1gb.ours={peak:.0f}"


def _ratio(rounds: list[dict[str, Any]]) -> float:
    return median(one["wall"] / one["floor"] for one in rounds)


def _run(
    tool: str,
    source: Path,
    target: Path,
    *,
    environment: Mapping[str, str] = MappingProxyType({}),
    workers: int = 1,
    rounds: int = ROUNDS,
) -> tuple[list[dict[str, Any]], float]:
    done = subprocess.run(
        [_python(tool), LOOP, tool, source, target, str(rounds), str(workers)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    *lines, last = (json.loads(line) for line in done.stdout.splitlines())
    return lines, last["peak"]


def _python(tool: str) -> str:
    """Give a tool's interpreter; its environment is made on first use, beside our own data."""
    wanted = PEERS[tool]
    if not wanted:
        return sys.executable
    place = ENVIRONMENTS / tool
    python = place / "bin" / "python"
    if not python.exists():
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, place], check=True)
        subprocess.run([uv, "pip", "install", "-q", "--python", python, *wanted], check=True)
    return str(python)


if __name__ == "__main__":
    main()
