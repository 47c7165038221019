"""Bytes that ride in the entropy-coded data of a code stream, beside all that its picture needs.

A walk by segments steps over that data, and a decoder leaves what it does not need. JPEG-LS is
refused by its decoder unless code and picture end together; the bits of lossless JPEG are counted;
a tile of JPEG 2000 must need its last byte, and a scan of lossy JPEG its last bytes. What is not
counted is searched for runs of letters and for the beginnings of other files besides. Few bytes
within the code of JPEG 2000, or many that look like noise, are not told from code: what was hidden
by skill stays hidden, as it would in the noise of the picture itself.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from struct import unpack_from

import numpy as np
from pydicom.uid import UID

from deid.errors import Reason, SuspectError
from deid.pixels.coding.arrays import Pixel
from deid.pixels.coding.codecs import JPEG_LS, LOSSLESS_JPEG, LOSSY_JPEG, Layout, decode
from deid.pixels.coding.jpeg2000_segments import JPEG_2000_FAMILY
from deid.pixels.coding.jpeg2000_tails import has_tail
from deid.pixels.coding.jpeg_bits import bits_in, bits_of, read_scan

_SCAN, _PACKETS, _END = b"\xff\xda", b"\xff\x93", b"\xff\xd9"
_SCAN_MARKER, _END_MARKER = 0xDA, 0xD9
_INTERVAL = re.compile(rb"\xff\xdd\0\x04(?!\0\0)")  # such bytes are never in code
_BEHIND_SCAN = re.compile(rb"\xff+[\x01-\xfe]")
_LETTERS = re.compile(rb"[\x20-\x7e]{24,}")
_BLOCK = 12  # bytes: any run of 24 letters fills one that begins at a multiple of this
_FIRST, _PRINTED = 0x20, 95  # the first of the printed characters of ASCII, and how many there are
_BEGINNINGS = (
    b"\xff\x4f\xff\x51",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n",
    b"%PDF-",
    b"PK\x03\x04\x14",
    b"DICM\x02\0",
)
_VARIED = 6  # letters of a run that are not alike, and times that it goes down: no table does
_LONGEST = 1.1  # times as long as the bits that are stored
_OVERHEAD = 1 << 12
_BYTE = 8
_TAIL = 8  # bytes: an encoder may write a few more than it needs
_MORE = b"\x55" * 64


def has_rider(data: bytes, frame: Pixel, layout: Layout, syntax: UID) -> bool:
    """Tell whether something rides in the code stream of a frame, which has been walked.

    Raises:
        SuspectError: The stream ends before its picture does.
    """
    if syntax in LOSSLESS_JPEG:
        return _is_longer_than(data, frame)
    if syntax in LOSSY_JPEG:
        more = _has_more(data, frame, layout, syntax)
        return more or _is_searched(data, layout, data.index(_SCAN))
    if syntax in JPEG_LS:
        # Without restarts, its decoder has refused what goes on behind the picture.
        return _restarts(data) and _is_searched(data, layout, data.index(_SCAN))
    if syntax in JPEG_2000_FAMILY:
        return has_tail(data) or _is_searched(data, layout, data.index(_PACKETS))
    return False  # what is unpacked to its last byte (RLE), or native


def _is_longer_than(data: bytes, frame: Pixel) -> bool:
    """Tell whether lossless JPEG has more bits than its picture, or they cannot be counted."""
    scan = read_scan(data)
    needed = None if scan is None else bits_of(frame, scan)
    if scan is None or needed is None:
        return True
    spare = bits_in(data, scan.start, data.rindex(_END)) - needed
    if spare < 0:
        raise SuspectError(Reason.UNDECODABLE)  # it was read for picture
    return spare >= _BYTE


def _has_more(data: bytes, frame: Pixel, layout: Layout, syntax: UID) -> bool:
    """Tell whether a scan of lossy JPEG goes on behind its picture, or nobody can tell."""
    if _restarts(data):
        return True
    ends = list(_scan_ends(data))
    longer = (
        b"".join(data[start:end] + _MORE for start, end in pairwise((0, *ends))) + data[ends[-1] :]
    )
    if not _is_same(longer, frame, layout, syntax):
        raise SuspectError(Reason.UNDECODABLE)  # it was read for picture
    return any(_is_same(_with_another_tail(data, end), frame, layout, syntax) for end in ends)


def _restarts(data: bytes) -> bool:
    """Tell whether code of JPEG is interrupted, so that each of its parts has an end."""
    return _INTERVAL.search(data) is not None


def _scan_ends(data: bytes) -> Iterator[int]:
    """Give where the code of every scan of lossy JPEG ends."""
    at = 2
    while True:
        while data[at] == 0xFF:  # noqa: PLR2004 -- every marker starts so, and may be filled so
            at += 1
        marker = data[at]
        if marker == _END_MARKER:
            return
        at += 1 + unpack_from(">H", data, at + 1)[0]
        if marker == _SCAN_MARKER:
            found = _BEHIND_SCAN.search(data, at)
            if found is None:
                return
            at = found.start()
            yield at


def _is_searched(data: bytes, layout: Layout, start: int) -> bool:
    """Tell whether code is too long, or holds letters or the beginning of a file."""
    bits = layout.rows * layout.columns * layout.samples * layout.stored
    if len(data) - start > _LONGEST * bits / 8 + _OVERHEAD:
        return True
    begins = any(data.find(beginning, start) >= 0 for beginning in _BEGINNINGS)
    return begins or any(map(_is_written, _runs(data, start)))


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
