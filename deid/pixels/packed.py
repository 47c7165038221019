"""Pixels of one bit, eight to a byte from the lowest (PS3.5 §8.1.1, PS3.3 §C.9.2).

Frames follow one another without a gap, so a byte may hold the end of one and the start of the
next.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from deid.pixels.codecs import Pixel
from deid.pixels.gate import Grey

Run = tuple[int, bytes]
_BITS = 8


def spans(size: int, count: int) -> Iterator[tuple[int, int, int]]:
    """Give first byte, number of bytes, and first bit in its byte, of frames of so many bits."""
    for first, last in pairwise(range(0, size * count + 1, size)):
        start, bit = divmod(first, _BITS)
        yield start, -(-last // _BITS) - start, bit


def unpack(data: bytes, bit: int, shape: tuple[int, int]) -> Pixel:
    """Unpack a picture of 0 and 1 that starts at a bit of its first byte."""
    bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
    return bits[bit : bit + shape[0] * shape[1]].reshape(shape)


def clear(data: bytes, bit: int, blank: Grey) -> bytes:
    """Clear the pixels that are marked; all other bits stay, those of neighbours too."""
    marked = np.zeros(len(data) * _BITS, np.uint8)
    marked[bit : bit + blank.size] = blank.reshape(-1)
    kept = ~np.packbits(marked, bitorder="little")
    return (np.frombuffer(data, np.uint8) & kept).tobytes()


def append(runs: list[Run], offset: int, data: bytes) -> None:
    """Append a run of cleared bytes; one that it shares with the run before is clear of both."""
    if runs and runs[-1][0] + len(runs[-1][1]) == offset + 1:
        before, cleared = runs[-1]
        runs[-1] = (before, cleared[:-1] + bytes((cleared[-1] & data[0],)))
        offset, data = offset + 1, data[1:]
    runs.append((offset, data))
