"""Colours of a palette: what a stored value looks like (PS3.3 §C.7.6.3.1.5, §C.7.9)."""

from collections.abc import Iterator
from struct import pack, unpack

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from deid.errors import Reason, SuspectError
from deid.values import raw

_DESCRIPTORS = (0x00281101, 0x00281102, 0x00281103)
_DATA = (0x00281201, 0x00281202, 0x00281203)
_SEGMENTED = (0x00281221, 0x00281222, 0x00281223)
_DISCRETE, _LINEAR, _INDIRECT = range(3)
_SHARES = (0.299, 0.587, 0.114)  # of red, green and blue in what the eye sees
_ALL = 1 << 16
_BYTE = 8
_WORD = 16


def luminance_of(colours: tuple[npt.NDArray[np.uint16], ...]) -> npt.NDArray[np.uint16]:
    """Give the luminance of red, green and blue of every value."""
    seen = sum(share * colour for share, colour in zip(_SHARES, colours, strict=True))
    return np.asarray(np.round(seen), np.uint16)


def read_colours(header: Dataset, *, bits: int, signed: bool) -> tuple[npt.NDArray[np.uint16], ...]:
    """Give red, green and blue of every value that so many bits can store.

    Raises:
        SuspectError: A colour is missing, or not as long as it says.
    """
    values = np.arange(1 << bits)
    if signed:
        values = np.where(values < 1 << (bits - 1), values, values - (1 << bits))
    colours = []
    for tags in zip(_DESCRIPTORS, _DATA, _SEGMENTED, strict=True):
        descriptor, data, segments = (_bytes(header, tag) for tag in tags)
        if segments and not data:
            data = _expand(segments, descriptor)
        first, table = _colour(descriptor, data, signed=signed)
        colours.append(table[np.clip(values - first, 0, len(table) - 1)].astype(np.uint16))
    return tuple(colours)


def _colour(
    descriptor: bytes, data: bytes, *, signed: bool
) -> tuple[int, npt.NDArray[np.unsignedinteger]]:
    """Read one colour: the stored value that its table starts at, and the table."""
    if len(descriptor) != 3 * 2:
        raise SuspectError(Reason.UNDECODABLE)
    count, first, bits = unpack("<HhH" if signed else "<HHH", descriptor)
    count = count or _ALL
    if bits in {_BYTE, _WORD} and len(data) == 2 * count:
        return first, np.frombuffer(data, "<u2")
    if bits == _BYTE and len(data) == count + count % 2:
        return first, np.frombuffer(data, np.uint8)[:count]
    raise SuspectError(Reason.UNDECODABLE)


def _expand(segments: bytes, descriptor: bytes) -> bytes:
    """Write a segmented table out (PS3.3 §C.7.9.2).

    Raises:
        SuspectError: It is none, or longer than the descriptor says.
    """
    wide = descriptor[-2:] == pack("<H", _WORD)
    words = np.frombuffer(segments[: len(segments) // 2 * 2], "<u2") if wide else segments
    most = unpack("<H", descriptor[:2])[0] or _ALL
    table: list[int] = []
    try:
        _write_out([int(word) for word in words], 2 if wide else 1, table, most)
    except (IndexError, ZeroDivisionError):
        raise SuspectError(Reason.UNDECODABLE) from None
    if len(table) != most:
        raise SuspectError(Reason.UNDECODABLE)
    return pack(f"<{most}{'H' if wide else 'B'}", *table) + b"\0" * (most % 2 * (not wide))


def _write_out(words: list[int], size: int, table: list[int], most: int) -> None:
    """Write segments one after the other; an indirect one repeats some at an offset in bytes."""
    at = 0
    while at + 2 < len(words) and len(table) < most:
        code, count = words[at], words[at + 1]
        if code == _INDIRECT:
            parts = words[at + 2 : at + 2 + 4 // size]
            offset = sum(part << _BYTE * size * place for place, part in enumerate(parts))
            for start in _segments(words, offset // size, count):
                _segment(words, start, table)
            at += 2 + 4 // size
        else:
            at = _segment(words, at, table)


def _segments(words: list[int], at: int, count: int) -> Iterator[int]:
    for _ in range(count):
        yield at
        at += 2 + (words[at + 1] if words[at] == _DISCRETE else 1)


def _segment(words: list[int], at: int, table: list[int]) -> int:
    """Write one discrete or linear segment; give where the next one starts."""
    code, count = words[at], words[at + 1]
    if code == _DISCRETE and at + 2 + count <= len(words):
        table += words[at + 2 : at + 2 + count]
        return at + 2 + count
    if code != _LINEAR or not table:
        raise SuspectError(Reason.UNDECODABLE)
    start, end = table[-1], words[at + 2]
    table += [start + round((end - start) * step / count) for step in range(1, count + 1)]
    return at + 3


def _bytes(header: Dataset, tag: int) -> bytes:
    element = header.get_item(tag) if tag in header else None
    return raw(element) if element is not None else b""
