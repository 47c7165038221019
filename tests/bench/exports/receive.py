"""C-STORE receive beside DCMTK's storescp: the same sender, PDU and objects, turn about.

The floor is what no receiver that keeps its word can do without: the same files written on the
same disk by a bare loop, each flushed, named, and its folder flushed.
"""

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import numpy as np
import psutil
from pydicom.uid import generate_uid

from tests.bench.exports.sending import dcmtk, ours, require, send, spent, started
from tests.bench.exports.table import load, ratio, table, verdict
from tests.objects import mammogram
from tests.receiving import data, dataset_head, raw, read_unit, store_command
from tests.servers import free_ports

ROUNDS = 5
#: Name, rows and columns of an object of 16 bits, and how many.
SETS = {"17 MB": (3328, 2560, 16), "8 KB": (64, 48, 600)}
#: Least share of DCMTK's rate.
GOALS = {"flushed": 0.6, "unflushed": 0.75}
PEERS, MEGABYTES = 4, 300
_NAMES = {
    "dcmtk": "DCMTK storescp, nothing flushed",
    "unflushed": "ours, nothing flushed",
    "flushed": "ours, as it is: file and folder flushed",
    "floor": "bare loop: write, flush, name, flush folder",
}


def run() -> Iterator[str]:
    """Time every receiver on every set; then the memory of ours with large objects."""
    require("storescp", "storescu")
    with tempfile.TemporaryDirectory(prefix="mammo-bench-") as name, ExitStack() as running:
        folder = Path(name)
        ports = dict(zip(("dcmtk", "flushed", "unflushed"), free_ports(3), strict=True))
        receivers = {}
        for who, port in ports.items():
            (folder / who).mkdir()
            receivers[who] = running.enter_context(started(_command(who, port, folder / who), port))
        for size, (rows, columns, count) in SETS.items():
            sent = _made(folder / "sent", rows, columns, count)
            yield f"{count} objects of {size} ({sent // count} bytes), {ROUNDS} rounds; {load()}"
            yield ""
            yield from _compared(folder, ports, receivers, sent)
            shutil.rmtree(folder / "sent")
        yield from _memory(folder)


def _command(who: str, port: int, folder: Path) -> list[str]:
    return dcmtk(port, folder) if who == "dcmtk" else ours(port, folder, durable=who == "flushed")


def _made(folder: Path, rows: int, columns: int, count: int) -> int:
    """Write objects that differ in their UIDs; return their size together."""
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 4096, (rows, columns)).astype(np.uint16)
    ds = mammogram(pixels=pixels)
    for number in range(count):
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.save_as(folder / f"{number:04}.dcm", enforce_file_format=True)
    return sum(path.stat().st_size for path in folder.iterdir())


def _compared(
    folder: Path, ports: dict[str, int], receivers: dict[str, psutil.Process], sent: int
) -> Iterator[str]:
    """Send to one after another, and write to the bare disk."""
    count = len(list((folder / "sent").iterdir()))
    seconds: dict[str, list[float]] = {who: [] for who in _NAMES}
    before = {who: spent(one) for who, one in receivers.items()}
    for number in range(ROUNDS + 1):
        turn = {"floor": _bare(folder, sent // count, count)}
        for who, port in ports.items():
            turn[who] = send(folder / "sent", port)
            assert len(list((folder / who).rglob("[!.]*.*"))) == count
            for path in (folder / who).iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for who in seconds if number else ():  # the first round warms up
            seconds[who].append(turn[who])
    times = {
        who: 1000 * (spent(one) - before[who]) / count / (ROUNDS + 1)
        for who, one in receivers.items()
    }
    yield from _told(seconds, times, count, sent)


def _told(
    seconds: dict[str, list[float]], times: dict[str, float], count: int, sent: int
) -> Iterator[str]:
    # What DCMTK would take if it flushed as the bare loop does, each round by itself.
    flushing = [one + two for one, two in zip(seconds["dcmtk"], seconds["floor"], strict=True)]
    rows = []
    for who, said in _NAMES.items():
        took = median(seconds[who])
        share = ratio(seconds["dcmtk"], seconds[who])
        rows.append(
            (
                *(said, f"{count / took:.0f}", f"{sent / 1e6 / took:.0f}"),
                f"{times[who]:.2f}" if who in times else "",
                "" if who == "floor" else f"{share:.2f}",
                f"{ratio(seconds['floor'], seconds[who]):.2f}",
                verdict(share, GOALS[who], at_least=True) if who in GOALS else "",
            )
        )
    columns = ("", "objects/s", "MB/s", "CPU ms each", "rate ÷ DCMTK", "rate ÷ bare loop", "goal")
    yield from table(columns, *rows)
    yield f"rate of ours ÷ DCMTK and bare loop together: {ratio(flushing, seconds['flushed']):.2f}"
    yield f"one object to the bare disk: {1000 * median(seconds['floor']) / count:.2f} ms"
    yield ""


def _bare(folder: Path, size: int, count: int) -> float:
    """Write so many files, each on the disk for good before the next begins."""
    place, content = folder / "floor", os.urandom(size)
    place.mkdir()
    directory = os.open(place, os.O_RDONLY)
    begun = time.perf_counter()
    for number in range(count):
        path = place / f".{number}.partial"
        with path.open("wb", buffering=0) as file:
            file.write(content)
            os.fsync(file.fileno())
        path.rename(place / f"{number}.dcm")
        os.fsync(directory)
    took = time.perf_counter() - begun
    os.close(directory)
    shutil.rmtree(place)
    return took


def _memory(folder: Path) -> Iterator[str]:
    """Send large objects in several associations at once; the receiver's high-water mark."""
    (port,) = free_ports(1)
    landing = folder / "memory"
    with started(ours(port, landing), port) as process:
        before = _high_water(process.pid)
        threads = [threading.Thread(target=_push(port, number)) for number in range(PEERS)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert len(list(landing.rglob("*.dcm"))) == PEERS
        peak = _high_water(process.pid)
        yield f"{PEERS} associations with an object of {MEGABYTES} MB each: {peak:.0f} MB at most"
        yield f"before the first: {before:.0f} MB"


def _push(port: int, number: int) -> Callable[[], None]:
    def push() -> None:
        uid, block = f"1.2.3.{number}", data(b"x" * 131_000, 0)
        with raw(("127.0.0.1", port)) as peer:
            peer.settimeout(600)
            peer.sendall(data(store_command(uid), 3) + data(dataset_head(uid, "1.2.3"), 0))
            for _ in range(MEGABYTES * 1_000_000 // 131_000):
                peer.sendall(block)
            peer.sendall(data(b"", 2))
            read_unit(peer)

    return push


def _high_water(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
