"""Bytes from the stores to the wire: bounded memory, let go when the caller is.

Objects of a release are read on the event loop, as threads for each block cost more than the
bytes. What is made here, and what asks the catalogue, runs in threads of their own limit.
"""

import hashlib
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import anyio
from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import checkpoint_if_cancelled
from starlette.responses import StreamingResponse
from starlette.types import Message, Send

from access_api.errors import BrokenStreamError

BLOCK: Final = 1 << 20
READERS: Final = 16
WATCHERS: Final = 8
SMALL: Final = 1 << 16
FEW: Final = 8
PATIENCE_S: Final = 20.0
"""Seconds that asking again may take; not to know is to end it."""


Pieces = Iterator["bytes | AsyncGenerator[memoryview]"]
"""What is sent, one after the other: bytes, or blocks that the event loop reads."""


def in_blocks(chunks: Iterator[bytes], size: int = BLOCK) -> Iterator[bytes]:
    """Regroup chunks into blocks of at least `size` bytes; the last may be smaller."""
    held: list[bytes] = []
    count = 0
    for chunk in chunks:
        held.append(chunk)
        count += len(chunk)
        if count >= size:
            yield b"".join(held) if len(held) > 1 else chunk
            held, count = [], 0
    if count:
        yield b"".join(held)


def grouped(pieces: Pieces) -> Pieces:
    """Regroup bytes that follow one another into blocks; what is read later stays as it is."""
    held: list[bytes] = []
    count = 0
    for piece in pieces:
        if isinstance(piece, bytes):
            held.append(piece)
            count += len(piece)
            if count < BLOCK:
                continue
        if held:
            yield b"".join(held)
            held, count = [], 0
        if not isinstance(piece, bytes):
            yield piece
    if held:
        yield b"".join(held)


def exactly(chunks: Iterator[bytes], length: int) -> Iterator[bytes]:
    """Pass chunks on; raise BrokenStreamError unless they are `length` bytes together."""
    left = length
    for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            raise BrokenStreamError
        yield chunk
    if left:
        raise BrokenStreamError


def proven(blocks: Iterator[bytes], sha256: str) -> Iterator[bytes]:
    """Pass blocks on, but the last only when all of them have the digest that was recorded.

    A store that serves other bytes than those released never completes a download.
    """
    digest = hashlib.sha256()
    last: bytes | None = None
    for block in blocks:
        digest.update(block)
        if last is not None:
            yield last
        last = block
    if digest.hexdigest() != sha256:
        raise BrokenStreamError
    if last is not None:
        yield last


def _close(blocks: Pieces) -> None:
    close = getattr(blocks, "close", None)
    if close is not None:
        close()


async def _joined(
    blocks: AsyncGenerator[bytes | memoryview],
) -> AsyncGenerator[bytes | memoryview]:
    """Put a few small blocks before the next: so a small file is checked before it begins."""
    held: list[bytes] = []
    async with aclosing(blocks):
        async for block in blocks:
            if len(block) < SMALL and len(held) < FEW:
                held.append(bytes(block))
                continue
            yield b"".join((*held, block)) if held else block
            held = []
            del block
    if held:
        yield b"".join(held)


@dataclass(frozen=True, repr=False)
class Watch:
    """What is asked again while bytes are sent; whatever it raises ends the answer.

    Attributes:
        ask: Raises unless the caller may still have the bytes.
        every_s: Seconds between two questions.
        limiter: Of the threads in which all watches ask, and nobody else.
    """

    ask: Callable[[], object]
    every_s: float
    limiter: CapacityLimiter


async def _keep_asking(watch: Watch) -> None:
    """Ask by the clock, in threads that nothing else takes; raises what the answer is."""
    while True:
        await anyio.sleep(watch.every_s)
        with anyio.fail_after(PATIENCE_S):
            await to_thread.run_sync(watch.ask, abandon_on_cancel=True, limiter=watch.limiter)


class BlocksResponse(StreamingResponse):
    """A response that lets go of the source of its blocks, however it ends.

    Its first block is there before it begins, so that a store that is down is a 503, and it
    never completes with other than `length` bytes. With a `watch` it ends also under a caller who
    reads slowly or not at all: the question is asked by the clock, not by the blocks. One that is
    not answered in time ends it, too.
    """

    def __init__(
        self,
        blocks: Pieces | AsyncGenerator[memoryview],
        *,
        limiter: CapacityLimiter,
        length: int | None = None,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._blocks = blocks
        self._limiter = limiter
        self._length = length
        self._watch = watch
        super().__init__(iter(()), status_code, headers, media_type)

    async def stream_response(self, send: Send) -> None:
        """Send all blocks; the source is closed also when the caller has gone."""
        try:
            async with anyio.create_task_group() as together:
                if self._watch is not None:
                    together.start_soon(_keep_asking, self._watch)
                await self._send_all(send)
                together.cancel_scope.cancel()
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            if isinstance(self._blocks, Iterator):
                with anyio.CancelScope(shield=True):
                    await to_thread.run_sync(_close, self._blocks, limiter=self._limiter)

    async def _send_all(self, send: Send) -> None:
        begin: Message = {"type": "http.response.start", "status": self.status_code}
        begin["headers"] = self.raw_headers
        begun = False
        async with aclosing(_joined(self._each())) as blocks:
            async for block in blocks:
                # anyio cancels a task only while it waits for what has not come. uvloop looks at
                # sockets first, and a fast store's next block has always come by then.
                await checkpoint_if_cancelled()
                if not begun:
                    await send(begin)
                    begun = True
                self._count(len(block))
                await send({"type": "http.response.body", "body": block, "more_body": True})
                del block  # its memory is wanted for the next
        if not begun:
            await send(begin)
        self._count(0, at_the_end=True)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _count(self, more: int, *, at_the_end: bool = False) -> None:
        """Count what is sent; raises BrokenStreamError unless it is what was promised."""
        if self._length is None:
            return
        self._length -= more
        if self._length < 0 or (at_the_end and self._length):
            raise BrokenStreamError

    async def _each(self) -> AsyncGenerator[bytes | memoryview]:
        if isinstance(self._blocks, AsyncGenerator):
            async with aclosing(self._blocks) as blocks:
                async for block in blocks:
                    yield block
                    del block
            return
        while (piece := await self._next(self._blocks)) is not None:
            if isinstance(piece, bytes):
                yield piece
                continue
            async with aclosing(piece) as blocks:
                async for block in blocks:
                    yield block
                    del block

    async def _next(self, pieces: Pieces) -> "bytes | AsyncGenerator[memoryview] | None":
        return await to_thread.run_sync(next, pieces, None, limiter=self._limiter)
