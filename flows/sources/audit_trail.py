"""Audit messages on their way to the region's log: syslog over TLS, RFC 5424 and RFC 5425.

A message is on our disk before anything else happens, and leaves it only when the log has taken
it. A log that does not answer holds nothing up, and neither does a disk that takes no more: then a
message is lost, and counted. Syslog has no receipts: one may come twice after a broken connection.
"""

import fcntl
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC
from itertools import count
from pathlib import Path

from flows.errors import DiskFullError, FlowsError
from flows.log import get
from flows.sources.audit_message import SOURCE, AuditMessage, as_xml
from flows.sources.network.peer import Tls
from flows.sources.placing import write_whole

#: Facility 10 (security), severity 5 (notice), as PS3.15 §A.6.1 suggests; RFC 5424 §6.2.1.
PRIORITY = 10 * 8 + 5
MESSAGE_ID = "DICOM+RFC3881"
BOM = b"\xef\xbb\xbf"
SUFFIX, LOCK, LOST = ".msg", ".lock", "lost"
#: Messages that one connection carries before it is closed and they are let go.
BATCH = 100


@dataclass(frozen=True)
class Log:
    """The region's log: where it listens, and how it is known. Port 6514 is syslog over TLS."""

    host: str
    tls: Tls
    port: int = 6514
    seconds: float = 10


class AuditTrail:
    """Takes audit messages, and delivers them in their order.

    Args:
        folder: Where messages wait; shared by the processes of one machine.
        log: Where they go.
        retry_seconds: How long a log that did not answer is left alone.
        most: Messages that may wait.
    """

    def __init__(
        self, folder: Path, log: Log, *, retry_seconds: float = 30, most: int = 20_000
    ) -> None:
        self._folder, self._log, self._retry = folder, log, retry_seconds
        self._most, self._room = most, 0
        self._numbers = count()
        self._wake, self._over = threading.Event(), threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def send(self, message: AuditMessage) -> None:
        """Put a message on our disk; it is delivered in its time. What cannot be kept is lost."""
        try:
            if self._has_room():
                self._put(message)
            else:
                count_lost(self._folder)
        except (OSError, DiskFullError) as error:
            get().error("an audit message is lost", error=type(error).__name__)
            with suppress(OSError):
                count_lost(self._folder)
        self._start()
        self._wake.set()

    def _has_room(self) -> bool:
        """Tell whether one more may wait; others of this machine are counted now and then."""
        with self._starting:
            if self._room <= 0:
                self._room = self._most - self.waiting()
            self._room -= 1
            return self._room >= 0

    def _put(self, message: AuditMessage) -> None:
        name = f"{time.time_ns():020d}-{os.getpid()}-{next(self._numbers)}"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self._folder, f"{name}{SUFFIX}", framed(message))

    def waiting(self) -> int:
        """Count the messages that the log has not taken."""
        return waiting(self._folder)

    def deliver(self) -> bool:
        """Deliver what waits, now; tell whether nothing is left to us."""
        with self._alone() as alone:
            while alone and (batch := self._queued()[:BATCH]):
                if not self._delivered(batch):
                    return False
                for path in batch:
                    path.unlink(missing_ok=True)
            return alone

    def close(self) -> None:
        """End; what is left waits on the disk for the next process."""
        self._over.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._over.is_set():
                self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._over.is_set():
            self._wake.wait()
            self._wake.clear()
            while not self.deliver() and not self._over.wait(self._retry):
                pass

    def _queued(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{SUFFIX}"))

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Keep other processes from delivering the same; tell whether we may."""
        try:
            descriptor = os.open(self._folder / LOCK, os.O_WRONLY | os.O_CREAT, 0o600)
        except OSError:
            yield False
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield True
        except BlockingIOError:
            yield False
        finally:
            os.close(descriptor)

    def _delivered(self, batch: Sequence[Path]) -> bool:
        try:
            frames = [path.read_bytes() for path in batch]
            with _connected(self._log) as secure:
                for frame in frames:
                    secure.sendall(frame)
                _wait_for_end(secure)
        except (OSError, ValueError, FlowsError):  # ValueError: a host that can be no name
            return False
        return True


def waiting(folder: Path) -> int:
    """Count the messages that wait in a folder."""
    return sum(1 for _ in folder.glob(f"*{SUFFIX}"))


def lost(folder: Path) -> int:
    """Give how many messages of a folder were ever lost."""
    try:
        return int((folder / LOST).read_text("ascii") or 0)
    except (OSError, ValueError):
        return 0


def count_lost(folder: Path) -> None:
    """Count one more that is lost.

    Raises:
        OSError: Not even that can be written.
    """
    descriptor = os.open(folder / LOST, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        number = lost(folder) + 1
        os.pwrite(descriptor, str(number).encode("ascii"), 0)
    finally:
        os.close(descriptor)


def framed(message: AuditMessage) -> bytes:
    """Write a message as one frame: its length, a header, and the XML (RFC 5425 §4.3)."""
    at = message.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    head = f"<{PRIORITY}>1 {at} {_host()} {SOURCE} {os.getpid()} {MESSAGE_ID} - "
    line = head.encode("ascii") + BOM + as_xml(message)
    return f"{len(line)} ".encode("ascii") + line


def _host() -> str:
    """Give this machine's name, of the characters that a header may hold; or the nil value."""
    name = "".join(one for one in socket.gethostname() if "!" <= one <= "~")
    return name[:255] or "-"


@contextmanager
def _connected(log: Log) -> Iterator[ssl.SSLSocket]:
    context = log.tls.context()
    with socket.create_connection((log.host, log.port), log.seconds) as plain:
        name = log.tls.name or log.host
        with context.wrap_socket(plain, server_hostname=name) as secure:
            secure.settimeout(log.seconds)
            yield secure


def _wait_for_end(secure: ssl.SSLSocket) -> None:
    """Say that this was all, and wait for the log to say so too: then it has read everything.

    Raises:
        OSError: It did not, so what was sent may be lost.
    """
    with suppress(ssl.SSLEOFError, ssl.SSLZeroReturnError):
        # Some logs end without a goodbye of TLS, but orderly.
        secure.unwrap().close()
