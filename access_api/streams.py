"""Bytes from the stores to the wire: bounded memory, off the event loop, let go when the caller is.

Blocks are read in threads of their own limit, so that slow stores cannot starve the catalogue.
Reading ahead was measured and gave nothing on two cores.
"""

import hashlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import anyio
from anyio import CapacityLimiter, to_thread
from starlette.responses import StreamingResponse
from starlette.types import Send

from access_api.errors import BrokenStreamError

BLOCK: Final = 1 << 20
READERS: Final = 16
PATIENCE_S: Final = 20.0
"""Seconds that asking again may take; not to know is to end it."""


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


def opened(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Read the first block now, so that a store that is down is a 503 and no broken 200."""
    first = next(blocks, None)
    return blocks if first is None else _rejoined(first, blocks)


def _rejoined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from itertools.chain((first,), rest)
    finally:
        _close(rest)


def _close(blocks: Iterator[bytes]) -> None:
    close = getattr(blocks, "close", None)
    if close is not None:
        close()


@dataclass(frozen=True, repr=False)
class Watch:
    """What is asked again while bytes are sent; whatever it raises ends the answer.

    Attributes:
        ask: Raises unless the caller may still have the bytes.
        every_s: Seconds between two questions.
    """

    ask: Callable[[], object]
    every_s: float


class BlocksResponse(StreamingResponse):
    """A response that reads its blocks in threads and closes their source, however it ends.

    With a `watch` it ends also under a caller who reads slowly or not at all: the question is
    asked by the clock, not by the blocks. One that is not answered in time ends it, too.
    """

    def __init__(
        self,
        blocks: Iterator[bytes],
        *,
        limiter: CapacityLimiter,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._blocks = blocks
        self._limiter = limiter
        self._watch = watch
        self._ended: Exception | None = None
        super().__init__(self._ahead(), status_code, headers, media_type)

    async def stream_response(self, send: Send) -> None:
        """Send all blocks; the source is closed also when the caller has gone."""
        try:
            async with anyio.create_task_group() as together:
                if self._watch is not None:
                    together.start_soon(self._keep_asking, self._watch, together.cancel_scope)
                await self._send_all(send)
                together.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(_close, self._blocks, limiter=self._limiter)
        if self._ended is not None:
            raise self._ended

    async def _send_all(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        except Exception as error:  # noqa: BLE001 - raised when the group has ended, unwrapped
            self._ended = error

    async def _keep_asking(self, watch: Watch, sending: anyio.CancelScope) -> None:
        while True:
            await anyio.sleep(watch.every_s)
            try:
                with anyio.fail_after(PATIENCE_S):
                    await to_thread.run_sync(watch.ask, abandon_on_cancel=True)
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing more is sent
                self._ended = error
                sending.cancel()
                return

    async def _next(self) -> bytes | None:
        return await to_thread.run_sync(next, self._blocks, None, limiter=self._limiter)

    async def _ahead(self) -> AsyncIterator[bytes]:
        block = await self._next()
        while block is not None:
            yield block
            block = await self._next()
