"""Overlay planes: text in them cleared, or the plane dropped (PS3.3 §C.9.2, PS3.15 §E.3.3).

An overlay is a picture of bits beside the image, and a console writes on it as on the image. What
cannot be read as such a picture, nobody has looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
from pydicom.dataset import Dataset

from deid.findings import Finding
from deid.pixels.coding.arrays import Grey
from deid.pixels.coding.packed import clear, spans, unpack
from deid.pixels.detection.gate import FIRST, SECOND, Sight
from deid.pixels.detection.looking import SMALL, Eye
from deid.pixels.detection.text_reader import TextReader
from deid.pixels.detection.writing import Kind, Writing
from deid.pixels.rewriting.blanking import draw_boxes
from deid.values import elements, items, number, raw, where

_OVERLAY = 0x60
_DATA = 0x3000
_ROWS, _COLUMNS, _FRAMES, _ALLOCATED, _POSITION = 0x0010, 0x0011, 0x0015, 0x0100, 0x0102
_MOST_PIXELS = 1 << 26
_MOST_FRAMES = 1 << 16
_BYTE = 8
_TILE = 1024
_STEP = 896
_LETTERS = 2  # so few may be somebody's initials
_ROW = 3  # single letters on one line, however far apart, are a word
_ALIKE = 0.6  # of the height
_MOST_LOOKS = 96  # at all planes of an object: so many take half a minute


@dataclass(frozen=True, repr=False)
class _Overlay:
    """The bits of one group: frames of rows by columns."""

    data: bytes
    rows: int
    columns: int
    frames: int

    def pictures(self) -> Iterator[tuple[int, int, int, Grey]]:
        """Give each frame: where its bytes and its first bit are, and it as white on black."""
        shape = (self.rows, self.columns)
        for start, length, bit in spans(self.rows * self.columns, self.frames):
            bits = unpack(self.data[start : start + length], bit, shape)
            yield start, length, bit, bits * np.uint8(255)


def clean_overlays(header: Dataset, text_reader: TextReader) -> Mapping[int, bytes | None]:
    """Clear the text from every overlay plane at the top of a header; markers may stay.

    Returns:
        By group, Overlay Data as it may leave; None for a plane that must be dropped. What holds
        no text comes back byte for byte. A plane that is more to look at than is left of what is
        looked at in one object is dropped, as one that cannot be read: none stays unseen.
    """
    cleaned: dict[int, bytes | None] = {}
    left = _MOST_LOOKS
    for group in _groups(header):
        overlay = _read(header, group)
        looks = 0 if overlay is None else _looks_at(overlay, left)
        left -= looks
        cleaned[group] = _clean(overlay, text_reader) if overlay and left >= 0 else None
    return cleaned


def overlays_left(header: Dataset, text_reader: TextReader) -> tuple[Finding, ...]:
    """Look at the overlay planes of a finished object with another eye."""
    findings = []
    for group in _groups(header):
        place = where(((group << 16) | _DATA,))
        overlay = _read(header, group)
        if overlay is None:
            findings.append(Finding(place, "an overlay that cannot be read"))
        elif _has_text(overlay, _OverlayEye(text_reader, SECOND)):
            findings.append(Finding(place, "text"))
    return tuple(findings)


def has_overlays(header: Dataset) -> bool:
    """Tell whether a header has anything of an overlay plane."""
    return any(tag >> 24 == _OVERLAY and not tag >> 16 & 1 for tag in header.keys())  # noqa: SIM118 -- pydicom


def _groups(header: Dataset) -> Iterator[int]:
    for tag, _ in elements(header):
        group = tag >> 16
        if group >> _BYTE == _OVERLAY and not group & 1 and tag & 0xFFFF == _DATA:
            yield group


def _read(header: Dataset, group: int) -> _Overlay | None:
    """Read a plane with its size; None if they do not agree, or it is no plane of bits."""
    base = group << 16
    element = header.get_item(base | _DATA)
    if element is None or items(element) is not None:
        return None
    data = raw(element)
    rows, columns = number(header, base | _ROWS), number(header, base | _COLUMNS)
    frames = number(header, base | _FRAMES) if base | _FRAMES in header else 1
    if number(header, base | _ALLOCATED) != 1 or number(header, base | _POSITION):
        return None
    if not 0 < rows * columns <= _MOST_PIXELS or not 0 < frames <= _MOST_FRAMES:
        return None
    length = -(-rows * columns * frames // _BYTE)
    return _Overlay(data, rows, columns, frames) if 0 <= len(data) - length <= 1 else None


def _looks_at(overlay: _Overlay, most: int) -> int:
    """Count the looks that a plane takes; of more than enough, no more than tell that they are."""
    looks = 0
    before = None
    for *_, picture in overlay.pictures():
        if picture.any() and not _is_same(picture, before):
            looks += 1 + sum(1 for _ in _parts(picture))
        if looks > most:
            break
        before = picture
    return looks


def _is_same(picture: Grey, before: Grey | None) -> bool:
    return before is not None and np.array_equal(picture, before)


def _clean(overlay: _Overlay, text_reader: TextReader) -> bytes:
    data = bytearray(overlay.data)
    eye = _OverlayEye(text_reader, FIRST)
    for start, length, bit, picture in overlay.pictures():
        blank, corners = draw_boxes(eye.look(picture), picture.shape)
        if corners:
            data[start : start + length] = clear(bytes(data[start : start + length]), bit, blank)
    return bytes(data)


def _has_text(overlay: _Overlay, eye: "_OverlayEye") -> bool:
    return any(
        writing.kind is Kind.TEXT
        for *_, picture in overlay.pictures()
        for writing in eye.look(picture)
    )


class _OverlayEye:
    """Looks at the frames of one plane in order, and not twice at what stays the same."""

    def __init__(self, text_reader: TextReader, sight: Sight) -> None:
        self._open = partial(Eye, text_reader, sight)
        self._whole = self._open()
        self._parts: dict[tuple[int, int], Eye] = {}
        self._before: Grey | None = None
        self._found: tuple[Writing, ...] = ()

    def look(self, picture: Grey) -> tuple[Writing, ...]:
        """Find writing but single letters: crosses, circles and triangles are CAD's marks."""
        if not picture.any():
            return ()
        if not _is_same(picture, self._before):
            self._before, self._found = picture, tuple(_but_marks(tuple(self._look(picture))))
        return self._found

    def _look(self, picture: Grey) -> Iterator[Writing]:
        """Look at the whole, and closely at every part where there is anything.

        Graphics are drawn in lines of one pixel, and small: at the scale of a film they fade.
        """
        yield from self._whole.look(picture)
        if picture.size <= SMALL:
            # What it saw large, and read no letters in, may hold a line of small ones.
            yield from self._whole.look_closely(picture)
            return
        for top, left in _parts(picture):
            part = np.ascontiguousarray(picture[top : top + _TILE, left : left + _TILE])
            eye = self._parts.setdefault((top, left), self._open())
            for it in eye.look_closely(part):
                yield replace(it, line=it.line.moved(1.0, (left, top)))


def _parts(picture: Grey) -> Iterator[tuple[int, int]]:
    """Give top and left of every part of a large picture that holds anything."""
    if picture.size <= SMALL:
        return
    for top in range(0, picture.shape[0], _STEP):
        for left in range(0, picture.shape[1], _STEP):
            if picture[top : top + _TILE, left : left + _TILE].any():
                yield top, left


def _but_marks(found: Sequence[Writing]) -> Iterator[Writing]:
    single = [it for it in found if it.kind is Kind.TEXT and it.letters < _LETTERS]
    alone = {id(it) for it in single if not _is_of_a_row(it, single)}
    yield from (it for it in found if id(it) not in alone)


def _is_of_a_row(one: Writing, single: Sequence[Writing]) -> bool:
    """Tell whether a letter stands in a row or a column of several as high as it is."""
    size = _size(one)
    alike = [it for it in single if _ALIKE < _size(it) / size < 1 / _ALIKE]
    for axis in range(2):
        at = one.line.centre[1 - axis]
        along = [it.line.centre for it in alike if abs(it.line.centre[1 - axis] - at) < size / 2]
        places = sorted(centre[axis] for centre in along)
        apart = [places[0], *(b for a, b in pairwise(places) if b - a > size / 2)]
        if len(apart) >= _ROW:
            return True
    return False


def _size(writing: Writing) -> float:
    return max(writing.line.height, writing.line.length)
