"""A region's log that listens for syslog over TLS, for tests."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from xml.etree import ElementTree as ET

from flows.sources.audit_trail import AuditTrail
from tests.flows.sources.certificates import Certificates
from tests.flows.sources.peers import HOST


class Server:
    """A log that listens for syslog over TLS, and keeps what it reads."""

    def __init__(self, made: Certificates, port: int, *, hang_up: bool = False) -> None:
        self.frames: list[bytes] = []
        self._made, self._port, self._hang_up = made, port, hang_up

    @contextmanager
    def running(self) -> Iterator["Server"]:
        context = self._made.server()
        with socket.create_server((HOST, self._port)) as server:
            thread = threading.Thread(target=self._serve, args=(server, context))
            thread.start()
            try:
                yield self
            finally:
                with suppress(OSError):
                    server.shutdown(socket.SHUT_RDWR)
                thread.join()

    def _serve(self, server: socket.socket, context: ssl.SSLContext) -> None:
        while True:
            try:
                plain, _ = server.accept()
            except OSError:
                return
            with suppress(OSError), plain, context.wrap_socket(plain, server_side=True) as secure:
                self._take(secure)

    def _take(self, secure: ssl.SSLSocket) -> None:
        if self._hang_up:
            secure.recv(10)
            secure.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return
        got = b""
        while block := secure.recv(65536):
            got += block
        while got:
            length, _, rest = got.partition(b" ")
            self.frames.append(rest[: int(length)])
            got = rest[int(length) :]
        with suppress(OSError):
            secure.unwrap()

    def events(self) -> list[str]:
        """The names of the events that came, in their order."""
        return [str(one[0][0].get("originalText")) for one in self.messages()]

    def messages(self) -> list[ET.Element]:
        return [ET.fromstring(frame.partition(b"\xef\xbb\xbf")[2]) for frame in self.frames]


def eventually(trail: AuditTrail, left: int = 0) -> None:
    until = time.monotonic() + 20
    while trail.waiting() > left and time.monotonic() < until:
        time.sleep(0.05)
    assert trail.waiting() == left
