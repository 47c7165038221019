"""Pixels of one bit, eight to a byte from the lowest (PS3.5 §8.1.1, PS3.3 §C.9.2).

Frames follow one another without a gap, so a byte may hold the end of one and the start of the
next.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from deid.pixels.coding.arrays import Grey, Pixel

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


def put(data: bytes, bit: int, blank: Grey, value: int) -> bytes:
    """Set the pixels that are marked to 0 or 1; all other bits stay, those of neighbours too."""
    if not value:
        return clear(data, bit, blank)
    turned = (~np.frombuffer(data, np.uint8)).tobytes()
    return (~np.frombuffer(clear(turned, bit, blank), np.uint8)).tobytes()


def is_kept_outside(before: bytes, after: bytes, bit: int, blank: Grey) -> bool:
    """Tell whether no bit differs but of pixels that are marked."""
    differs = np.frombuffer(before, np.uint8) ^ np.frombuffer(after, np.uint8)
    return not any(clear(differs.tobytes(), bit, blank))
