"""Time one tool and plain copying, turn about, in one process of the tool's own environment.

Run by `python -m tests.bench.headers`, with nothing but the standard library and the tool itself:
`python loop.py TOOL SOURCE TARGET ROUNDS WORKERS` prints a JSON line a round, then peak memory.
"""

import json
import os
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

Work = Callable[[Path, Path], None]


def ours(*, digest: bool) -> Work:
    sys.path.insert(0, str(Path(__file__).parents[3]))
    from tests.bench.headers.walk import walk

    return walk(digest=digest)


def pydicom() -> Work:
    from pydicom import dcmread

    return lambda source, target: dcmread(source).save_as(target)


def dicom_anonymizer() -> Work:
    from dicomanonymizer.simpledicomanonymizer import anonymize_dicom_file

    return lambda source, target: anonymize_dicom_file(str(source), str(target))


def dicognito() -> Work:
    from dicognito.anonymizer import Anonymizer
    from pydicom import dcmread

    anonymizer = Anonymizer()

    def work(source: Path, target: Path) -> None:
        with dcmread(source) as dataset:
            anonymizer.anonymize(dataset)
            dataset.save_as(target)

    return work


def deid() -> Work:
    from deid.dicom import replace_identifiers

    def work(source: Path, target: Path) -> None:
        folder = str(target.parent)
        replace_identifiers([str(source)], save=True, overwrite=True, output_folder=folder)

    return work


def dcmanon() -> Work:
    from dcmanon import Anonymizer

    anonymizer = Anonymizer()

    def work(source: Path, target: Path) -> None:
        target.write_bytes(anonymizer.anonymize(str(source)))

    return work


def fw_file_rs() -> Work:
    """Its header call; the pixels are spliced behind by the kernel, as it would be used."""
    from fw_file_rs.dcm import Context

    profile = (Path(__file__).parent / "fw_file_rs.yaml").read_text()
    context = Context().deid_profile(profile)

    def work(source: Path, target: Path) -> None:
        header = context.read_until_pixels(str(source))
        with source.open("rb") as original, target.open("wb") as sink:
            sink.write(context.deid_header(header))
            sink.flush()
            left = os.fstat(original.fileno()).st_size - len(header)
            at = len(header)
            while left > 0:
                sent = os.sendfile(sink.fileno(), original.fileno(), at, left)
                at, left = at + sent, left - sent

    return work


TOOLS: dict[str, Callable[[], Work]] = {
    "ours": lambda: ours(digest=False),
    "ours_sha256": lambda: ours(digest=True),
    "pydicom": pydicom,
    "dicom_anonymizer": dicom_anonymizer,
    "dicognito": dicognito,
    "deid": deid,
    "dcmanon": dcmanon,
    "fw_file_rs": fw_file_rs,
}


def _timed(
    work: Work, files: list[Path], target: Path, *, pool: ProcessPoolExecutor | None = None
) -> tuple[float, float]:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    wall, cpu = time.perf_counter(), time.process_time()
    if pool is None:
        for file in files:
            work(file, target / file.name)
    else:
        targets = [target / file.name for file in files]
        deque(pool.map(_one, files, targets, chunksize=4), maxlen=0)
    return time.perf_counter() - wall, time.process_time() - cpu


_works: list[Work] = []


def _begin(tool: str, first: Path, target: Path) -> None:
    _works.append(TOOLS[tool]())
    _one(first, target / f"warm-{os.getpid()}")


def _one(source: Path, target: Path) -> None:
    _works[0](source, target)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _peak() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def main() -> None:
    tool, source, target, rounds, workers = sys.argv[1:]
    work, files, place = TOOLS[tool](), sorted(Path(source).iterdir()), Path(target)
    said, sys.stdout = sys.stdout, sys.stderr  # some tools print
    _timed(work, files[:1], place)
    pool = None
    if int(workers) > 1:
        begun = (tool, files[0], place.parent)
        pool = ProcessPoolExecutor(int(workers), initializer=_begin, initargs=begun)
    for _ in range(int(rounds)):
        floor_wall, floor_cpu = _timed(_copy, files, place)
        wall, cpu = _timed(work, files, place, pool=pool)
        written = sum(path.stat().st_size for path in place.iterdir())
        line = {"wall": wall, "cpu": cpu, "floor": floor_wall, "floor_cpu": floor_cpu}
        print(json.dumps({**line, "files": len(files), "bytes": written}), file=said, flush=True)
    print(json.dumps({"peak": _peak()}), file=said)


if __name__ == "__main__":
    main()
