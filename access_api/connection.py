"""How a connection is read and written: `uvicorn --http access_api.connection:Connection`.

uvicorn bounds neither the size of a request's head nor how long it takes to come, and what we check
(`access_api.doorstep`) sees a head only when it is whole. A stranger could fill the memory with one
that never ends, or hold all connections with ones that were only begun. Nor does it end an answer
that nobody takes.
"""

import asyncio
import sys
from asyncio.events import TimerHandle
from contextlib import suppress
from fcntl import ioctl
from termios import TIOCOUTQ
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST: Final = 64 << 10
"""Bytes of a head, of what is between the parts of a body, and of what comes after it."""


class Connection(HttpToolsProtocol):
    """A connection that is closed when a head is too large or too slow, or an answer not taken."""

    head_s = 10.0
    """Seconds that a head may take; also the first, of whoever connects and says nothing."""

    still_s = 60.0
    """Seconds in which no byte of an answer goes, after which it is given up."""

    _unread = 0
    _slow: TimerHandle | None = None
    _full: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._came()
        self._went()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Note that more of an answer waits than the socket takes."""
        super().pause_writing()
        self._look()

    def resume_writing(self) -> None:
        """Note that it went."""
        self._went()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Read; what nobody took of it is counted."""
        self._unread += len(data)
        super().data_received(data)
        if self._unread > MOST:
            self.transport.abort()
        elif self._slow is None and (self.cycle is None or self.cycle.response_complete):
            self._wait()

    def on_headers_complete(self) -> None:
        """Note that a head is there."""
        self._unread = 0
        self._came()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Note that a part of a body is taken."""
        self._unread = 0
        super().on_body(body)

    def _wait(self) -> None:
        self._slow = self.loop.call_later(self.head_s, self.transport.abort)

    def _look(self, before: tuple[int, int] | None = None) -> None:
        """Look again and again whether anything went."""
        left = self.transport.get_write_buffer_size(), self._unsent()
        if left == before:
            self.transport.abort()
            return
        self._full = self.loop.call_later(self.still_s, self._look, left)

    def _unsent(self) -> int:
        """Give the bytes that the system holds for the caller: it asks for more in large steps."""
        count = bytearray(4)
        with suppress(OSError):  # a socket that is none any more
            ioctl(self.transport.get_extra_info("socket").fileno(), TIOCOUTQ, count)
        return int.from_bytes(count, sys.byteorder)

    def _went(self) -> None:
        if self._full is not None:
            self._full.cancel()
            self._full = None

    def _came(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None
