"""C-STORE receive beside DCMTK's storescp: the same sender, PDU and objects, alternated."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import numpy as np
import psutil
from pydicom.uid import generate_uid

from tests.objects import mammogram
from tests.receiving import data, dataset_head, raw, read_unit, store_command
from tests.servers import free_ports

ROUNDS = 7
PDU = "131072"
TITLE = "REGION"
#: Name, rows and columns of an object of 16 bits, and how many.
SETS = {"17mb": (3328, 2560, 16), "8kb": (64, 48, 600)}
PEERS, MEGABYTES = 4, 300
PATIENCE_SECONDS = 20

RECEIVER = """
import signal, sys
from pathlib import Path
from threading import BoundedSemaphore
from flows.sources.landing import Landing
from flows.sources.limits import Bandwidth
from flows.sources.receiver.incoming import ObjectLimits
from flows.sources.receiver.server import Receiver
from flows.sources.receiver.terms import Terms
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
landing = Landing(Path(sys.argv[2]), durable=sys.argv[3] == "durable")
limits, slots = ObjectLimits(4 << 30, 3600, 0), BoundedSemaphore(16)
terms = Terms("REGION", lambda *_: True, landing, limits, slots, Bandwidth(0))
receiver = Receiver(terms, "127.0.0.1", int(sys.argv[1]), connections=48)
receiver.start()
signal.sigwait({signal.SIGTERM})
receiver.stop(5)
"""


def run() -> Iterator[str]:
    """Time every receiver on every set; then the memory of ours with large objects."""
    for program in ("storescp", "storescu"):
        if not shutil.which(program):
            message = f"{program} is missing; install DCMTK (Debian: apt-get install dcmtk)"
            raise RuntimeError(message)
    with tempfile.TemporaryDirectory(prefix="mammo-bench-") as name, ExitStack() as running:
        folder = Path(name)
        ports = dict(zip(("dcmtk", "flushed", "unflushed"), free_ports(3), strict=True))
        receivers = {}
        for who, port in ports.items():
            (folder / who).mkdir()
            started = _started(_command(who, port, folder / who), port)
            receivers[who] = psutil.Process(running.enter_context(started).pid)
        for size, (rows, columns, count) in SETS.items():
            sent = _made(folder / size, rows, columns, count)
            yield f"bench.receive.{size}.object_bytes={sent // count}"
            before = {who: _spent(one) for who, one in receivers.items()}
            yield from _compared(folder, size, ports, count, sent)
            for who, one in receivers.items():
                cpu = 1000 * (_spent(one) - before[who]) / count / (ROUNDS + 1)
                yield f"bench.receive.{size}.{who}.cpu_ms_per_object={cpu:.2f}"
            shutil.rmtree(folder / size)
        yield from _memory(folder)


def _command(who: str, port: int, folder: Path) -> list[str | Path]:
    if who == "dcmtk":
        return ["storescp", "-pdu", PDU, "-aet", TITLE, "-od", folder, str(port)]
    durable = "durable" if who == "flushed" else "not"
    return [sys.executable, "-c", RECEIVER, str(port), folder, durable]


@contextmanager
def _started(command: list[str | Path], port: int) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, env=os.environ | {"TCP_NODELAY": "1"}) as process:
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not _listens(port):
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield process
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


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
    folder: Path, size: str, ports: dict[str, int], count: int, sent: int
) -> Iterator[str]:
    """Send to one after another; ratios are medians of the same round's."""
    seconds: dict[str, list[float]] = {who: [] for who in ports}
    flushes = []
    for number in range(ROUNDS + 1):
        flushes.append(_flush_seconds(folder))
        for who, port in ports.items():
            spent = _sent(folder / size, port)
            if number:  # the first round warms up
                seconds[who].append(spent)
            assert len(list((folder / who).rglob("*.*"))) == count
            for path in (folder / who).iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    for who, spent in seconds.items():
        yield f"bench.receive.{size}.{who}.objects_per_second={count / median(spent):.0f}"
        yield f"bench.receive.{size}.{who}.megabytes_per_second={sent / 1e6 / median(spent):.0f}"
    for who in ("flushed", "unflushed"):
        pairs = zip(seconds["dcmtk"], seconds[who], strict=True)
        ratio = median(theirs / ours for theirs, ours in pairs)
        yield f"bench.receive.{size}.{who}.ratio={ratio:.2f}"
    # What DCMTK would need if it flushed a small file, and its folder, for each object.
    yield f"bench.receive.{size}.disk_flush_ms={1000 * median(flushes):.2f}"
    pairs = zip(seconds["dcmtk"], seconds["flushed"], flushes[1:], strict=True)
    ratio = median((theirs + count * flush) / ours for theirs, ours, flush in pairs)
    yield f"bench.receive.{size}.flushed.ratio_with_the_disks_flushes={ratio:.2f}"


def _sent(folder: Path, port: int) -> float:
    command = ["storescu", "-pdu", PDU, "--max-send-pdu", PDU, "-aec", TITLE]
    begun = time.perf_counter()
    subprocess.run(
        [*command, "127.0.0.1", str(port), "+sd", folder],
        env=os.environ | {"TCP_NODELAY": "1"},
        check=True,
    )
    return time.perf_counter() - begun


def _spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _flush_seconds(folder: Path) -> float:
    """Time what no receiver can do without: one small file, and its folder, flushed to the disk."""
    directory = os.open(folder, os.O_RDONLY)
    spent = []
    for number in range(50):
        path = folder / f"flush-{number}"
        begun = time.perf_counter()
        with path.open("wb") as file:
            file.write(bytes(8192))
            file.flush()
            os.fsync(file.fileno())
        os.fsync(directory)
        spent.append(time.perf_counter() - begun)
        path.unlink()
    os.close(directory)
    return median(spent)


def _memory(folder: Path) -> Iterator[str]:
    """Send large objects in several associations at once; the receiver's high-water mark."""
    (port,) = free_ports(1)
    landing = folder / "memory"
    with _started(_command("flushed", port, landing), port) as process:
        yield f"bench.receive.memory.before_megabytes={_high_water(process.pid):.0f}"
        threads = [threading.Thread(target=_push(port, number)) for number in range(PEERS)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert len(list(landing.rglob("*.dcm"))) == PEERS
        yield f"bench.receive.memory.associations={PEERS}"
        yield f"bench.receive.memory.object_megabytes={MEGABYTES}"
        yield f"bench.receive.memory.peak_megabytes={_high_water(process.pid):.0f}"


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
