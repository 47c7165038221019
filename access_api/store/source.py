"""Connections to the store, kept open for the next; bytes of one object, block by block."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from access_api.store.buffers import Buffers
from access_api.store.heads import TROUBLE, Head
from access_api.store.line import Line
from catalog.errors import StorageError

CONNECT_S: Final = 3.0
KEPT: Final = 16
"""Connections that wait for the next object."""
PAUSES_S: Final = (0.0, 0.2, 0.4, 0.8)
"""Before each attempt to be answered; once bytes came there is none."""


class Source:
    """One S3 server, read on the event loop by links that were signed here.

    Args:
        endpoint: host:port.
        secure: Speak TLS, to whom the system trusts.
    """

    def __init__(self, endpoint: str, *, secure: bool = True) -> None:
        address = urlsplit(f"//{endpoint}")
        self._host = address.hostname or ""
        self._port = address.port or (443 if secure else 80)
        self._trust = ssl.create_default_context() if secure else None
        self._idle: list[Line] = []
        self._buffers = Buffers()

    async def read(self, link: str, start: int, stop: int) -> AsyncGenerator[memoryview]:
        """Yield the bytes from `start` up to but not including `stop` of what a link names.

        Each view is good until the next is asked for; close the generator, or read it to its end.

        Raises:
            NotFoundError: There is no such object.
            StorageError: The store did not answer, stopped answering, or gives other bytes.
        """
        line, head = await self._asked(_request(link, start, stop), stop - start)
        try:
            head.require(start, stop)
            while (found := await line.block()) is not None:
                buffer, count = found
                yield memoryview(buffer)[:count]
                self._buffers.give(buffer)
            if head.again and line.idle and len(self._idle) < KEPT:
                self._idle.append(line)
                return
        except BaseException:
            line.close()
            raise
        line.close()

    def close(self) -> None:
        """Let go of the connections that wait."""
        while self._idle:
            self._idle.pop().close()

    async def _asked(self, request: bytes, length: int) -> tuple[Line, Head]:
        """Ask until it is answered, a few times; raises StorageError."""
        for pause in PAUSES_S:
            await asyncio.sleep(pause)
            with suppress(StorageError):
                line = await self._line()
                try:
                    head = await line.ask(request, length)
                except BaseException:
                    line.close()
                    raise
                if head.status not in TROUBLE:
                    return line, head
                line.close()
        raise StorageError

    async def _line(self) -> Line:
        """Give a connection that waits, or a new one; raises StorageError."""
        while self._idle:
            line = self._idle.pop()
            if line.idle:
                return line
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_S):
                _, line = await loop.create_connection(
                    lambda: Line(self._buffers), self._host, self._port, ssl=self._trust
                )
        except OSError:  # a time that is over and a certificate that does not hold are such, too
            raise StorageError from None
        return line


def _request(link: str, start: int, stop: int) -> bytes:
    told = urlsplit(link)
    return (
        f"GET {told.path}?{told.query} HTTP/1.1\r\n"
        f"Host: {told.netloc}\r\n"
        f"Range: bytes={start}-{stop - 1}\r\n"
        "Accept-Encoding: identity\r\n\r\n"
    ).encode("ascii")
