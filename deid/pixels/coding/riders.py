"""Bytes that ride in the entropy-coded data of a code stream behind all that its picture needs.

A walk by segments steps over that data, and a decoder leaves what it does not need. So it is
searched for runs of letters and for the beginnings of other files, and asked whether its end says
anything of the picture. Few bytes, or many that look like noise, are not told from code: what was
hidden by skill stays hidden, as it would in the noise of the picture itself.
"""

import re
from collections.abc import Iterator

import numpy as np
from pydicom.uid import UID

from deid.errors import Reason, SuspectError
from deid.pixels.coding.arrays import Pixel
from deid.pixels.coding.codecs import LOSSLESS_JPEG, LOSSY_JPEG, Layout, decode
from deid.pixels.coding.jpeg2000_segments import JPEG_2000_FAMILY
from deid.pixels.coding.jpeg_segments import JPEG_FAMILY

_SCAN, _PACKETS, _END = b"\xff\xda", b"\xff\x93", b"\xff\xd9"
_LETTERS = re.compile(rb"[\x20-\x7e]{24,}")
_BLOCK = 12  # bytes: any run of 24 letters fills one that begins at a multiple of this
_FIRST, _PRINTED = 0x20, 95  # the first of the printed characters of ASCII, and how many there are
_BEGINNINGS = re.compile(
    rb"\xff\x4f\xff\x51|\xff\xd8\xff|\x89PNG\r\n|%PDF-|PK\x03\x04\x14|DICM\x02\0"
)
_VARIED = 6  # letters of a run that are not alike, and times that it goes down: no table does
_LONGEST = 1.1  # times as long as the bits that are stored
_OVERHEAD = 1 << 12
_TAIL = 8  # bytes: an encoder may write a few more than it needs
_MORE = b"\x55" * 64


def has_rider(data: bytes, frame: Pixel, layout: Layout, syntax: UID) -> bool:
    """Tell whether something rides in the code stream of a frame, which has been walked.

    Raises:
        SuspectError: The stream ends before its picture does.
    """
    start = _begins(data, syntax)
    if start is None:
        return False
    bits = layout.rows * layout.columns * layout.samples * layout.stored
    if len(data) - start > _LONGEST * bits / 8 + _OVERHEAD:
        return True
    if _BEGINNINGS.search(data, start) or any(map(_is_written, _runs(data, start))):
        return True
    if syntax not in LOSSLESS_JPEG | LOSSY_JPEG:
        return False
    end = data.rindex(_END)
    if syntax in LOSSY_JPEG and not _is_same(data[:end] + _MORE + _END, frame, layout, syntax):
        raise SuspectError(Reason.UNDECODABLE)  # it was read for picture
    return _is_same(_with_another_tail(data, end), frame, layout, syntax)


def _begins(data: bytes, syntax: UID) -> int | None:
    """Give where entropy-coded data begins; None for what is unpacked to its last byte (RLE)."""
    if syntax in JPEG_FAMILY:
        return data.index(_SCAN)
    return data.index(_PACKETS) if syntax in JPEG_2000_FAMILY else None


def _runs(data: bytes, start: int) -> Iterator[re.Match[bytes]]:
    """Give runs of letters; blocks of nothing else are found first, five times as fast."""
    codes = np.frombuffer(data, np.uint8, offset=start)
    whole = codes[: len(codes) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    for block in np.flatnonzero((whole - _FIRST < _PRINTED).all(axis=1)):
        at = start + int(block) * _BLOCK
        found = _LETTERS.search(data, max(start, at - 2 * _BLOCK), at + 4 * _BLOCK)
        if found is not None:
            yield found


def _is_written(found: re.Match[bytes]) -> bool:
    """Tell a text from repeated code and from the tables of JPEG, which go up all along."""
    letters = np.frombuffer(found.group(), np.uint8)
    down = int(np.count_nonzero(letters[1:] < letters[:-1]))
    return down >= _VARIED and len(np.unique(letters)) >= _VARIED


def _with_another_tail(data: bytes, end: int) -> bytes:
    """Turn bits of the last bytes before a place round, but make and break no marker."""
    tail = bytearray(data[end - _TAIL : end])
    for at, byte in enumerate(tail):
        before = data[end - _TAIL + at - 1]
        if byte != 0xFF and before != 0xFF and byte ^ 0x55 != 0xFF:  # noqa: PLR2004 -- markers
            tail[at] = byte ^ 0x55
    return data[: end - _TAIL] + bytes(tail) + data[end:]


def _is_same(data: bytes, frame: Pixel, layout: Layout, syntax: UID) -> bool:
    """Tell whether a stream shows the same picture; one that cannot be decoded shows none."""
    try:
        return np.array_equal(decode(data, layout, syntax), frame)
    except SuspectError:
        return False
