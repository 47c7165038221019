"""Overlay planes: text in them cleared, or the plane dropped (PS3.3 §C.9.2, PS3.15 §E.3.3).

An overlay is a picture of bits beside the image, and a console writes on it as on the image. What
cannot be read as such a picture, nobody has looked at.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from pydicom.dataset import Dataset

from deid.findings import Finding
from deid.pixels.blanking import draw_boxes
from deid.pixels.gate import FIRST, SECOND, Grey, Sight
from deid.pixels.looking import SMALL, Eye
from deid.pixels.packed import clear, spans, unpack
from deid.pixels.text_reader import TextReader
from deid.pixels.writing import Kind, Writing
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
        no text comes back byte for byte.
    """
    cleaned = {}
    for group in _groups(header):
        overlay = _read(header, group)
        cleaned[group] = None if overlay is None else _clean(overlay, text_reader)
    return cleaned


def overlays_left(header: Dataset, text_reader: TextReader) -> tuple[Finding, ...]:
    """Look at the overlay planes of a finished object with another eye."""
    findings = []
    for group in _groups(header):
        place = where(((group << 16) | _DATA,))
        overlay = _read(header, group)
        if overlay is None:
            findings.append(Finding(place, "an overlay that cannot be read"))
        elif any(_texts(picture, text_reader, SECOND) for *_, picture in overlay.pictures()):
            findings.append(Finding(place, "text"))
    return tuple(findings)


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


def _clean(overlay: _Overlay, text_reader: TextReader) -> bytes:
    data = bytearray(overlay.data)
    for start, length, bit, picture in overlay.pictures():
        writings = _look(picture, text_reader, FIRST)
        blank, corners = draw_boxes(writings, picture.shape)
        if corners:
            data[start : start + length] = clear(bytes(data[start : start + length]), bit, blank)
    return bytes(data)


def _texts(picture: Grey, text_reader: TextReader, sight: Sight) -> bool:
    return any(writing.kind is Kind.TEXT for writing in _look(picture, text_reader, sight))


def _look(picture: Grey, text_reader: TextReader, sight: Sight) -> tuple[Writing, ...]:
    """Find writing but single letters: crosses, circles and triangles are what CAD marks with."""
    found = _look_everywhere(picture, text_reader, sight)
    return tuple(it for it in found if it.kind is not Kind.TEXT or it.letters >= _LETTERS)


def _look_everywhere(picture: Grey, text_reader: TextReader, sight: Sight) -> Iterator[Writing]:
    """Look at the whole, and closely at every part where there is anything.

    Graphics are drawn in lines of one pixel, and small: at the scale of a film they fade.
    """
    yield from Eye(text_reader, sight).look(picture)
    if picture.size <= SMALL:
        # Once more: what it saw large, and read no letters in, may hold a line of small ones.
        if picture.any():
            yield from Eye(text_reader, sight).look_closely(picture)
        return
    for top in range(0, picture.shape[0], _STEP):
        for left in range(0, picture.shape[1], _STEP):
            part = np.ascontiguousarray(picture[top : top + _TILE, left : left + _TILE])
            if part.any():
                for it in Eye(text_reader, sight).look_closely(part):
                    yield replace(it, line=it.line.moved(1.0, (left, top)))
