"""Audit messages on their way to the region's log: syslog over TLS, RFC 5424 and RFC 5425.

A message is on our disk before anything else happens, and leaves it only when the log has taken
it. A log that does not answer holds nothing up. Syslog has no receipts: a message may come twice
after a broken connection, but never not at all.
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

from flows.errors import FlowsError
from flows.files.private_file import write_private
from flows.files.spool import local_trouble
from flows.sources.audit_message import SOURCE, AuditMessage, as_xml
from flows.sources.network.peer import Tls

#: Facility 10 (security), severity 5 (notice), as PS3.15 §A.6.1 suggests; RFC 5424 §6.2.1.
PRIORITY = 10 * 8 + 5
MESSAGE_ID = "DICOM+RFC3881"
BOM = b"\xef\xbb\xbf"
SUFFIX, PARTIAL, LOCK = ".msg", ".partial", ".lock"
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
    """

    def __init__(self, folder: Path, log: Log, *, retry_seconds: float = 30) -> None:
        self._folder, self._log, self._retry = folder, log, retry_seconds
        self._numbers = count()
        self._wake, self._over = threading.Event(), threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def send(self, message: AuditMessage) -> None:
        """Put a message on our disk; it is delivered in its time.

        Raises:
            DiskFullError: Our disk is full.
            RetriableError: The folder cannot be written.
        """
        name = f"{time.time_ns():020d}-{os.getpid()}-{next(self._numbers)}"
        partial = self._folder / f"{name}{PARTIAL}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(partial, [framed(message)])
            _flush(partial)
            partial.rename(self._folder / f"{name}{SUFFIX}")
            _flush(self._folder)
        except OSError as error:
            raise local_trouble(error) from None
        self._start()
        self._wake.set()

    def waiting(self) -> int:
        """Count the messages that the log has not taken."""
        return len(self._queued())

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
        except (OSError, FlowsError):
            return False
        return True


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


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
