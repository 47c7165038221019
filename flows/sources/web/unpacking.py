"""The body of an answer, block by block: at a pace that somebody still cares for, and unpacked."""

import time
import zlib
from collections.abc import Callable, Iterator

import httpx

from flows.sources.source import Ended
from flows.sources.web.telling import broken_told

BLOCK = 1 << 20
#: What must come within the seconds that we wait for an answer, or it is as good as silent.
LEAST = 1 << 10
#: Nothing that we ask for shrinks more than this when it is packed, but for what is small.
LARGEST_RATIO, SMALL = 200, 64 << 20

SLOW = "the service is too slow: hardly anything came for minutes"
BOMB = "an answer of the service swells beyond all measure when it is unpacked"
PACKING = "the service packs its answers in a way that we did not ask for"
BROKEN_PACKING = "an answer of the service cannot be unpacked"


class BrokenOffError(Exception):
    """An answer that has no end, or not the end it should have.

    Attributes:
        ended: How it ended; `told` says so in words.
    """

    def __init__(self, ended: Ended, told: str) -> None:
        super().__init__(told)
        self.ended, self.told = ended, told


def body(
    response: httpx.Response, patience: float, *, clock: Callable[[], float] = time.monotonic
) -> Iterator[bytes]:
    """Give the bytes of an answer's body, none of them kept.

    Raises:
        BrokenOffError: It broke off, came too slowly, or is no honest packing.
    """
    packing = response.headers.get("content-encoding", "identity").strip().lower()
    blocks = _paced(response, patience, clock)
    if packing in {"", "identity"}:
        return blocks
    if packing in {"gzip", "x-gzip"}:
        return _unpacked(blocks)
    raise BrokenOffError(Ended.ABORTED, PACKING)


def _paced(
    response: httpx.Response, patience: float, clock: Callable[[], float]
) -> Iterator[bytes]:
    """Give what comes; only the time counts in which we wait, not what is done with a block."""
    blocks, waited, came = response.iter_raw(), 0.0, 0
    while True:
        began = clock()
        try:
            block = next(blocks, None)
        except httpx.TimeoutException as error:
            raise BrokenOffError(Ended.TIMED_OUT, broken_told(error)) from None
        except (httpx.HTTPError, httpx.StreamError):
            told = "the service broke the connection off in the middle of an answer"
            raise BrokenOffError(Ended.ABORTED, told) from None
        if block is None:
            return
        waited, came = waited + clock() - began, came + len(block)
        if waited > patience:
            if came < LEAST:
                raise BrokenOffError(Ended.TIMED_OUT, SLOW)
            waited, came = 0.0, 0
        yield block


def _unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip (RFC 1952), never more at a time than a block, nor more in all than is sound."""
    unpacker, read, given = zlib.decompressobj(16 + zlib.MAX_WBITS), 0, 0
    for block in blocks:
        read += len(block)
        packed = block
        while packed and not unpacker.eof:
            try:
                plain = unpacker.decompress(packed, BLOCK)
            except zlib.error:
                raise BrokenOffError(Ended.ABORTED, BROKEN_PACKING) from None
            given += len(plain)
            if given > max(SMALL, read * LARGEST_RATIO):
                raise BrokenOffError(Ended.ABORTED, BOMB)
            if plain:
                yield plain
            packed = unpacker.unconsumed_tail
    if not unpacker.eof:
        raise BrokenOffError(Ended.ABORTED, BROKEN_PACKING)
