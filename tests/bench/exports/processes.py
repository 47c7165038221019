"""Two processes against one: de-identification with pixels, without any store (`mammo deid`).

The floor is the same work in two processes of one half each that know nothing of one another:
what the machine itself gives of a second core. Files lie in memory where the machine has such a
folder: what one disk writes, two processes share. Starting two processes takes as long as a dozen
images, and is in their time.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from catalog.outcome import Outcome
from flows import deidentifier
from flows.keys import sides
from flows.offline.folder import deidentify_folder
from tests.bench.exports.images import write_studies
from tests.bench.exports.table import load, ratio, table, verdict

STUDIES, ROUNDS, GOAL = 60, 2, 1.7
MEMORY = Path("/dev/shm")
ALONE = "import sys\nfrom tests.bench.exports.processes import walk\nwalk(*sys.argv[1:3], 1)"


def run() -> Iterator[str]:
    """Take turns: one process, two, and two halves apart."""
    where = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="mammo-bench-", dir=where) as name:
        folder = Path(name)
        write_studies(folder / "images", STUDIES)
        _halve(folder)
        took: dict[str, list[float]] = {"one": [], "two": [], "apart": []}
        loads = []
        for _ in range(ROUNDS):
            loads.append(load())
            took["one"].append(walk(folder / "images", folder / "out", 1))
            took["two"].append(walk(folder / "images", folder / "out", 2))
            took["apart"].append(_apart(folder))
        files = len(list((folder / "images").iterdir()))
        yield f"{files} images of 17 MB, {ROUNDS} rounds; before each: {', '.join(loads)}"
        yield ""
        yield from _told(took, files)


def walk(source: str | Path, target: str | Path, workers: int) -> float:
    """De-identify a folder as `mammo deid` does, and forget the result; the seconds it took."""
    loaded = deidentifier.load(sides.offline_keys(None))
    begun = time.perf_counter()
    lines = deidentify_folder(Path(source), Path(target), loaded, workers=workers)
    took = time.perf_counter() - begun
    assert all(line.outcome is Outcome.ADMITTED for line in lines)
    shutil.rmtree(target)
    return took


def _halve(folder: Path) -> None:
    files = sorted((folder / "images").iterdir())
    for half in range(2):
        place = folder / f"half-{half}"
        place.mkdir()
        for path in files[half * len(files) // 2 : (half + 1) * len(files) // 2]:
            (place / path.name).hardlink_to(path)


def _apart(folder: Path) -> float:
    """Two interpreters at once, their start included, as it is where a pool starts them."""
    begun = time.perf_counter()
    running = [
        subprocess.Popen(
            [sys.executable, "-c", ALONE, folder / f"half-{half}", folder / f"out-{half}"]
        )
        for half in range(2)
    ]
    assert [one.wait() for one in running] == [0, 0]
    return time.perf_counter() - begun


def _told(took: dict[str, list[float]], files: int) -> Iterator[str]:
    gain, floor = ratio(took["one"], took["two"]), ratio(took["one"], took["apart"])
    said = {"one": "one process", "two": "two processes", "apart": "two programs apart, half each"}
    rows = [
        (
            said[who],
            f"{median(seconds):.1f}",
            f"{median(seconds) / files * 1000:.0f}",
            f"{ratio(took['one'], seconds):.2f}",
        )
        for who, seconds in took.items()
    ]
    yield from table(("", "s", "ms an image", "times as fast as one"), *rows)
    yield f"two ÷ one {gain:.2f} ({verdict(gain, GOAL, at_least=True)}); apart ÷ one {floor:.2f}"
