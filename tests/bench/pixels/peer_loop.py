"""Time one tool on one folder, on one core, in the tool's own environment.

Run by `python -m tests.bench.pixels peer`: `python peer_loop.py TOOL SOURCE TARGET ROUNDS` prints a
JSON line a round.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

Work = Callable[[Path, Path], str]


def ours() -> Work:
    sys.path.insert(0, str(Path(__file__).parents[3]))
    from flows import deidentifier
    from flows.keys import sides
    from flows.offline.folder import deidentify_folder

    loaded = deidentifier.load(sides.offline_keys(None))

    def work(source: Path, target: Path) -> str:
        return " ".join(
            str(line.outcome) for line in deidentify_folder(source, target, loaded, workers=1)
        )

    return work


def dentdeid() -> Work:
    import cv2
    import dentdeid

    cv2.setNumThreads(1)

    def work(source: Path, target: Path) -> str:
        done = dentdeid.deidentify([str(source)], str(target), profile="research")
        return " ".join(done.summary())

    return work


def _peak() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def main() -> None:
    tool, source, target, rounds = sys.argv[1:]
    said, sys.stdout = sys.stdout, sys.stderr  # some tools print
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    work = {"ours": ours, "dentdeid": dentdeid}[tool]()
    work(Path(source), Path(f"{target} warm"))
    for number in range(int(rounds)):
        place = Path(f"{target} {number}")
        wall, cpu = time.perf_counter(), time.process_time()
        outcome = work(Path(source), place)
        line = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        written = [str(path) for path in sorted(place.rglob("*.dcm"))]
        line |= {"outcome": outcome, "written": (written or [""])[0], "peak": _peak()}
        print(json.dumps(line), file=said, flush=True)


if __name__ == "__main__":
    main()
