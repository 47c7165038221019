"""How many bits a picture takes in lossless JPEG: then nothing else is in its code (T.81 Annex H).

Every difference of a sample from its prediction has one code, so that the bits of a whole picture
can be counted from the picture and the tables, without decoding it again. A stream with as many
bits, but for what fills its last byte, holds the picture and nothing besides.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from struct import unpack_from

import cv2
import numpy as np
import numpy.typing as npt

from deid.pixels.coding.arrays import Pixel

_FRAME, _HUFFMAN, _RESTART, _SCAN = 0xC3, 0xC4, 0xDD, 0xDA
_LONGEST_CODE = 16
_DIFFERENCES = 1 << 16
_HALF = _DIFFERENCES >> 1
_PREDICTORS = range(1, 8)
_ALONE, _ABOVE, _BEFORE = 1, 2, 3  # predictors of one neighbour: left, above, and above of left
_ROWS = 256  # at a time, so that they stay in the cache
_EQUAL = 0x11  # sampling
_COLOUR = 3  # axes

Lengths = dict[int, int]


@dataclass(frozen=True)
class Scan:
    """The only scan of a lossless stream.

    `lengths` has for every component the bits of the code of each size of difference; `start` is
    where code begins.
    """

    bits: int
    predictor: int
    lengths: tuple[Lengths, ...]
    start: int


def read_scan(data: bytes) -> Scan | None:
    """Read a stream that has been walked up to its code; None if its bits are not counted here.

    Those are streams of several scans or with restarts, subsampled or shifted.
    """
    tables: dict[int, Lengths] = {}
    frame = b""
    for marker, body, end in _segments(data):
        if marker == _HUFFMAN:
            tables.update(_tables(body))
        elif marker == _FRAME:
            frame = body
        elif marker == _RESTART and any(body):
            return None
        elif marker == _SCAN:
            return _scan(frame, body, tables, end)
    return None


def bits_of(frame: Pixel, scan: Scan) -> int | None:
    """Count the bits of a picture; None if the tables have no code for some of it."""
    planes = np.moveaxis(frame, -1, 0) if frame.ndim == _COLOUR else frame[None]
    total = 0
    for plane, lengths in zip(planes, scan.lengths, strict=True):
        cost = _costs(lengths)
        seen = _histogram(np.asarray(plane, np.uint16), scan)
        if (cost[seen > 0] < 0).any():
            return None
        total += int(seen @ cost)
    return total


def bits_in(data: bytes, start: int, end: int) -> int:
    """Count the bits of entropy-coded data, without what is stuffed into it (T.81 F.1.2.3)."""
    code = data[start:end].rstrip(b"\xff")  # which may fill the space before a marker
    return 8 * (len(code) - code.count(b"\xff\0"))


def _segments(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    at = 2
    while at < len(data):
        while data[at] == 0xFF:  # noqa: PLR2004 -- every marker starts so, and may be filled so
            at += 1
        end = at + 1 + unpack_from(">H", data, at + 1)[0]
        yield data[at], data[at + 3 : end], end
        at = end


def _tables(body: bytes) -> Iterator[tuple[int, Lengths]]:
    at = 0
    while at < len(body):
        counts = body[at + 1 : at + 1 + _LONGEST_CODE]
        values = body[at + 1 + _LONGEST_CODE :][: sum(counts)]
        sizes = (bits for bits, count in enumerate(counts, 1) for _ in range(count))
        yield body[at], dict(zip(values, sizes, strict=True))
        at += 1 + _LONGEST_CODE + len(values)


def _scan(frame: bytes, body: bytes, tables: Mapping[int, Lengths], start: int) -> Scan | None:
    components = {frame[at]: frame[at + 1] for at in range(6, len(frame), 3)}
    chosen = {body[at]: body[at + 1] >> 4 for at in range(1, 1 + 2 * body[0], 2)}
    predictor, shift = body[-3], body[-1]
    # One component alone is not interleaved, whatever its sampling says.
    even = len(components) == 1 or set(components.values()) == {_EQUAL}
    if list(chosen) != list(components) or not even or predictor not in _PREDICTORS or shift:
        return None
    if not set(chosen.values()) <= set(tables):
        return None
    return Scan(frame[0], predictor, tuple(tables[table] for table in chosen.values()), start)


def _costs(lengths: Lengths) -> npt.NDArray[np.int64]:
    """Give the bits of every difference, modulo 2 to the 16th (T.81 H.1.2.2); below 0 is none."""
    signed = np.arange(_DIFFERENCES)
    size = np.frexp(np.where(signed < _HALF, signed, _DIFFERENCES - signed))[1]
    codes = np.array([lengths.get(it, -_DIFFERENCES) for it in range(_LONGEST_CODE + 1)])
    return np.asarray(codes[size] + np.where(size < _LONGEST_CODE, size, 0), np.int64)


def _histogram(plane: npt.NDArray[np.uint16], scan: Scan) -> npt.NDArray[np.int64]:
    """Count every difference of a plane from its prediction."""
    seen = np.zeros(_DIFFERENCES, np.int64)
    seen[int(plane[0, 0]) - (1 << scan.bits - 1) & _DIFFERENCES - 1] += 1
    _count(seen, plane[:1, 1:] - plane[:1, :-1])
    _count(seen, plane[1:, :1] - plane[:-1, :1])
    for top in range(1, len(plane), _ROWS):
        _count(seen, _differences(plane[top - 1 : top + _ROWS], scan.predictor))
    return seen


def _count(seen: npt.NDArray[np.int64], differences: npt.NDArray[np.uint16]) -> None:
    if differences.size:
        some = np.ascontiguousarray(differences)
        found = cv2.calcHist([some], [0], None, [_DIFFERENCES], [0, _DIFFERENCES])
        seen += found.reshape(-1).astype(np.int64)


def _differences(rows: npt.NDArray[np.uint16], predictor: int) -> npt.NDArray[np.uint16]:
    """Give what rows differ by from their prediction, but for the first row and column."""
    near = {_ALONE: rows[1:, :-1], _ABOVE: rows[:-1, 1:], _BEFORE: rows[:-1, :-1]}
    if predictor in near:
        return rows[1:, 1:] - near[predictor]
    left, above, before = (near[it].astype(np.int32) for it in (_ALONE, _ABOVE, _BEFORE))
    predicted = (
        left + above - before,
        left + (above - before >> 1),
        above + (left - before >> 1),
        left + above >> 1,
    )[predictor - _BEFORE - 1]
    return rows[1:, 1:] - predicted.astype(np.uint16)
