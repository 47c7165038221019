"""A sender and receivers of C-STORE as processes: DCMTK's, and ours with or without flushing."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

PDU = "131072"
TITLE = "REGION"
#: Debian's DCMTK waits for delayed acknowledgements without it.
ENVIRONMENT = {"TCP_NODELAY": "1"}
_PATIENCE_SECONDS = 20

RECEIVER = """
import signal, sys
from pathlib import Path
from flows.sources.landing import Landing
from flows.sources.limits import Bandwidth
from flows.sources.receiver.incoming import ObjectLimits
from flows.sources.receiver.quotas import Quotas
from flows.sources.receiver.server import Receiver
from flows.sources.receiver.terms import Terms
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
landing = Landing(Path(sys.argv[2]), durable=sys.argv[3] == "durable")
limits, quotas = ObjectLimits(4 << 30, 3600, 0), Quotas(landing, 16)
terms = Terms(sys.argv[4], lambda *_: True, landing, limits, quotas, Bandwidth(float(sys.argv[5])))
receiver = Receiver(terms, "127.0.0.1", int(sys.argv[1]), connections=48)
receiver.start()
signal.sigwait({signal.SIGTERM})
receiver.stop(5)
"""


def require(*programs: str) -> None:
    """Fail early where a peer is not installed."""
    for program in programs:
        if not shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin"):
            message = f"{program} is missing; Debian: apt-get install orthanc dcmtk gcc"
            raise RuntimeError(message)


def ours(
    port: int, folder: Path, *, durable: bool = True, title: str = TITLE, rate: float = 0
) -> list[str]:
    """The command of our receiver; `rate` is its bandwidth in bytes a second, 0 for any."""
    how = "durable" if durable else "not"
    return [sys.executable, "-c", RECEIVER, str(port), str(folder), how, title, str(rate)]


def dcmtk(port: int, folder: Path, *, title: str = TITLE) -> list[str]:
    """The command of DCMTK's receiver, which flushes nothing."""
    return ["storescp", "-pdu", PDU, "-aet", title, "-od", str(folder), str(port)]


@contextmanager
def started(command: Sequence[str], port: int) -> Iterator[psutil.Process]:
    """Run a receiver until the end of the block."""
    with subprocess.Popen(command, env=os.environ | ENVIRONMENT) as process:
        try:
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while not _listens(port):
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def send(folder: Path, port: int, title: str = TITLE) -> float:
    """Send all of a folder in one association with DCMTK's storescu; the seconds it took."""
    command = ["storescu", "-pdu", PDU, "--max-send-pdu", PDU, "-aec", title]
    begun = time.perf_counter()
    subprocess.run(
        [*command, "127.0.0.1", str(port), "+sd", folder],
        env=os.environ | ENVIRONMENT,
        check=True,
    )
    return time.perf_counter() - begun


def spent(*processes: psutil.Process) -> float:
    """The processor time that processes have taken so far, in seconds."""
    times = [process.cpu_times() for process in processes]
    return float(sum(one.user + one.system for one in times))


def _listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0
