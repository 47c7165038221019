"""One connection to the store, on the event loop: the socket fills our buffers itself."""

import asyncio
from collections import deque
from typing import Final, cast

from access_api.store.buffers import BLOCK, Buffers
from access_api.store.heads import END, MOST, Head, read_head
from catalog.errors import StorageError

STALLED_S: Final = 60.0
"""Seconds without a byte after which a store is given up."""


class Line(asyncio.BufferedProtocol):
    """A connection that is asked for one object after the other.

    One block is read ahead while the one before is sent; no more is taken from the socket, so
    that a caller who reads slowly slows the store down, and memory stays flat.
    """

    def __init__(self, buffers: Buffers, *, stalled_s: float = STALLED_S) -> None:
        self._buffers = buffers
        self._stalled_s = stalled_s
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._written = bytearray(MOST)
        self._head: Head | None = None
        self._asked = False
        self._full: deque[tuple[bytearray, int]] = deque()
        self._filling: bytearray | None = None
        self._count = 0  # bytes in what is being filled: of the head, then of a block
        self._left = 0  # bytes of the body that have not come
        self._moved = 0  # bytes that ever came

    @property
    def idle(self) -> bool:
        """Whether it may be asked for something."""
        transport = self._transport
        return not self._asked and transport is not None and not transport.is_closing()

    @property
    def _in_body(self) -> bool:
        return self._head is not None and self._left > 0

    async def ask(self, request: bytes, length: int) -> Head:
        """Send a request whose answer is to have `length` bytes; give its head.

        Raises:
            StorageError: None came.
        """
        self._head, self._asked, self._count, self._left = None, True, 0, length
        if self._transport is not None:
            self._transport.write(request)
        while self._head is None:
            await self._more()
        return self._head

    async def block(self) -> tuple[bytearray, int] | None:
        """Give a buffer and how much of it is filled; None when all has come.

        Raises:
            StorageError: It ended early, or nothing came for a long time.
        """
        while not self._full:
            if not self._left:
                self._asked = False
                return None
            await self._more()
        found = self._full.popleft()
        if self._left and self._transport is not None:
            self._transport.resume_reading()
        return found

    def close(self) -> None:
        """Let go of the connection, whatever is still to come; what was not taken never comes."""
        if self._transport is not None:
            self._transport.abort()
        for buffer, count in self._full:
            self._left += count
            self._buffers.give(buffer)
        self._full.clear()

    async def _more(self) -> None:
        """Wait for what is waited for; raises StorageError."""
        while True:
            if self._transport is None or self._transport.is_closing():
                raise StorageError
            before = self._moved
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(self._stalled_s):
                    await self._waiting
            except TimeoutError:
                if self._moved == before:
                    raise StorageError from None
            else:
                return
            finally:
                self._waiting = None

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin (asyncio's)."""
        # uvloop's are such, too, but not by their class.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """End (asyncio's): whoever waits is told."""
        del exc
        self._transport = None
        self._wake()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Say where the next bytes go (asyncio's)."""
        del sizehint
        if not self._in_body:
            return memoryview(self._written)[self._count :]
        if self._filling is None:
            self._filling = self._buffers.take()
        return memoryview(self._filling)[self._count : min(BLOCK, self._count + self._left)]

    def buffer_updated(self, nbytes: int) -> None:
        """Take note of the bytes that came (asyncio's)."""
        self._moved += nbytes
        if self._in_body:
            self._take(nbytes)
        elif self._asked and self._head is None:
            self._read_head(nbytes)
        else:
            self.close()  # nobody asked for more

    def _read_head(self, nbytes: int) -> None:
        self._count += nbytes
        stop = self._written.find(END, 0, self._count)
        if stop < 0:
            if self._count == len(self._written):
                self.close()
            return
        rest = bytes(memoryview(self._written)[stop + len(END) : self._count])
        try:
            self._head = read_head(bytes(self._written[: stop + len(END)]))
        except StorageError:
            self.close()
            return
        self._count = 0
        if len(rest) > self._left:
            self.close()  # the text of an error, or more than was asked for
        elif rest:
            self._filling = self._buffers.take()
            self._filling[: len(rest)] = rest
            self._take(len(rest))
        self._wake()

    def _take(self, nbytes: int) -> None:
        self._count += nbytes
        self._left -= nbytes
        if self._filling is None or (self._left and self._count < BLOCK):
            return
        self._full.append((self._filling, self._count))
        self._filling, self._count = None, 0
        if self._left and self._transport is not None:
            self._transport.pause_reading()
        self._wake()
