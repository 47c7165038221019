"""Explicit VR Big Endian turned into Little Endian, element by element (PS3.5 §7.3, §A.3).

Every byte keeps its place but within its number, so lengths, and group lengths, stay true. What
is of unknown VR is little endian in every transfer syntax (PS3.5 §6.2.2).
"""

from collections.abc import Iterator
from struct import pack, unpack
from typing import BinaryIO

import numpy as np

from deid.elements import (
    ITEM,
    ITEM_END,
    LONG_VRS,
    PIXEL_DATA,
    PIXELS,
    SEQUENCE_END,
    SHORT_VRS,
    UNDEFINED,
    malformed,
)
from deid.errors import Reason, UnreadableError

# Bytes of one number (PS3.5 §7.3); of all other VRs it is one
_WIDTHS = {"AT": 2, "OW": 2, "SS": 2, "US": 2, "FL": 4, "OF": 4, "OL": 4, "SL": 4, "UL": 4}
_WIDTHS |= {"FD": 8, "OD": 8, "OV": 8, "SV": 8, "UV": 8}
_BITS_ALLOCATED = 0x00280100
_BYTE = 8
_BLOCK = 1 << 17
_DEEPEST = 24
_MOST_HEADS = 1 << 18
_LONGEST_HEADER = 1 << 26


def turned(reader: BinaryIO, at: int, size: int) -> Iterator[bytes]:
    """Give the dataset that starts at an offset, in little endian and in bounded memory.

    What follows the pixel data is not of the object, and comes as it is.

    Raises:
        UnreadableError: It is cut short or malformed.
    """
    source = _Source(reader, at, size)
    yield from _Turner(source).dataset(size, depth=0)
    while source.at < size:
        yield source.take(min(_BLOCK, size - source.at))


class _Source:
    """A stretch of a file, taken from its start to its end."""

    def __init__(self, reader: BinaryIO, at: int, size: int) -> None:
        self.begin = self.at = at
        self.size = size
        self._reader = reader
        self._ahead = b""

    def take(self, length: int) -> bytes:
        """Take the next bytes.

        Raises:
            UnreadableError: There are not so many.
        """
        if self.at + length > self.size:
            raise UnreadableError(Reason.TRUNCATED)
        if len(self._ahead) < length:
            self._reader.seek(self.at + len(self._ahead))
            self._ahead += self._reader.read(_BLOCK)
        taken, self._ahead = self._ahead[:length], self._ahead[length:]
        if len(taken) < length:
            raise UnreadableError(Reason.TRUNCATED)
        self.at += length
        return taken


class _Turner:
    """Turns one object; knows how many heads it has read, and how wide its pixels are."""

    def __init__(self, source: _Source) -> None:
        self._source = source
        self._heads = 0
        self._allocated = 0

    def dataset(self, stop: int | None, *, depth: int) -> Iterator[bytes]:
        """Turn elements up to an offset, an item delimiter or, at the top, the pixel data."""
        if depth > _DEEPEST:
            raise malformed()
        source = self._source
        while stop is None or source.at < stop:
            tag = self._tag(">")
            if tag == ITEM_END and stop is None:
                yield _head(tag, self._length())
                return
            yield from self._element(tag, depth)
            if depth == 0 and tag in PIXELS:
                return
        if source.at != stop:
            raise malformed()

    def _element(self, tag: int, depth: int) -> Iterator[bytes]:
        vr = self._source.take(2).decode("latin-1")
        length = self._value_length(vr)
        code = vr.encode()
        group, number = tag >> 16, tag & 0xFFFF
        if vr in LONG_VRS:
            yield pack("<HH2sxxI", group, number, code, length)
        else:
            yield pack("<HH2sH", group, number, code, length)
        if vr == "SQ":
            yield from self._items(length, depth + 1)
        elif vr == "UN" and length == UNDEFINED:
            yield from self._unknown(depth + 1)
        elif length == UNDEFINED:
            raise malformed()
        else:
            yield from self._value(tag, vr, length, depth)

    def _value_length(self, vr: str) -> int:
        if vr in LONG_VRS:
            self._source.take(2)
            return self._length()
        if vr not in SHORT_VRS:
            raise malformed()
        return int(unpack(">H", self._source.take(2))[0])

    def _value(self, tag: int, vr: str, length: int, depth: int) -> Iterator[bytes]:
        width = _WIDTHS.get(vr, 1)
        if tag == PIXEL_DATA and depth == 0:
            width = self._pixel_width(vr)
        if length % width or self._source.at + length > self._source.size:
            raise malformed() if length % width else UnreadableError(Reason.TRUNCATED)
        left = length
        while left:
            block = self._source.take(min(_BLOCK, left))
            left -= len(block)
            if width > 1:
                block = np.frombuffer(block, f"u{width}").byteswap().tobytes()
            if tag == _BITS_ALLOCATED and depth == 0 and vr == "US" and length == width:
                self._allocated = int(unpack("<H", block)[0])
            yield block

    def _pixel_width(self, vr: str) -> int:
        """Give the bytes that one pixel, or the word it lies in, is turned round as."""
        if vr == "OW":
            return max(_WIDTHS["OW"], self._allocated // _BYTE)
        if vr != "OB" or self._allocated > _BYTE:
            raise malformed()
        return 1

    def _items(self, length: int, depth: int) -> Iterator[bytes]:
        source = self._source
        stop = None if length == UNDEFINED else source.at + length
        while stop is None or source.at < stop:
            tag, within = self._tag(">"), self._length()
            yield _head(tag, within)
            if tag == SEQUENCE_END and stop is None:
                return
            if tag != ITEM:
                raise malformed()
            end = None if within == UNDEFINED else source.at + within
            yield from self.dataset(end, depth=depth)
        if source.at != stop:
            raise malformed()

    def _unknown(self, depth: int) -> Iterator[bytes]:
        """Pass the items of what is of unknown VR, which are in implicit VR little endian."""
        if depth > _DEEPEST:
            raise malformed()
        while True:
            tag, length = self._tag("<"), self._length("<")
            yield _head(tag, length)
            if tag in {SEQUENCE_END, ITEM_END}:
                return
            if length == UNDEFINED:
                yield from self._unknown(depth + 1)
            else:
                yield from self._value(tag, "UN", length, depth)

    def _tag(self, order: str) -> int:
        self._heads += 1
        if self._heads > _MOST_HEADS or self._source.at > self._source.begin + _LONGEST_HEADER:
            raise malformed()
        group, number = unpack(f"{order}HH", self._source.take(4))
        return int(group << 16 | number)

    def _length(self, order: str = ">") -> int:
        return int(unpack(f"{order}I", self._source.take(4))[0])


def _head(tag: int, length: int) -> bytes:
    return pack("<HHI", tag >> 16, tag & 0xFFFF, length)
