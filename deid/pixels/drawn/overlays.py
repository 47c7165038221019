"""Overlay planes: text in them cleared, or the plane dropped (PS3.3 §C.9.2, PS3.15 §E.3.3).

An overlay is a picture of bits beside the image, and a console writes on it as on the image. What
cannot be read as such a picture, nobody has looked at. Planes and frames are shown over one
another, so that they are looked at alone and together.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from pydicom.dataset import Dataset

from deid.findings import Finding
from deid.pixels.coding.arrays import Grey
from deid.pixels.coding.packed import clear
from deid.pixels.detection.gate import FIRST, SECOND, Sight
from deid.pixels.detection.looking import SMALL, Eye
from deid.pixels.detection.single import LETTERS, Glyph, glyphs, is_single, marks_like, once, words
from deid.pixels.detection.text_reader import TextReader
from deid.pixels.detection.writing import Kind, Writing
from deid.pixels.drawn.bit_planes import (
    DATA,
    Overlay,
    has_overlays,
    overlay_groups,
    read_overlay,
    united,
)
from deid.pixels.rewriting.blanking import draw_boxes
from deid.values import where

_TILE = 1024
_STEP = 896
_MOST_LOOKS = 96  # at all planes of an object: so many take half a minute
_MOST_GLYPHS = 256

__all__ = ["clean_overlays", "has_overlays", "overlays_left"]


def clean_overlays(header: Dataset, text_reader: TextReader) -> Mapping[int, bytes | None]:
    """Clear the text from every overlay plane at the top of a header; markers may stay.

    Returns:
        By group, Overlay Data as it may leave; None for a plane that must be dropped. What holds
        no text comes back byte for byte. A plane that is more to look at than is left of what is
        looked at in one object is dropped, as one that cannot be read: none stays unseen.
    """
    read = {group: read_overlay(header, group) for group in overlay_groups(header)}
    eye = _Together(text_reader, FIRST)
    left = _MOST_LOOKS
    for group, overlay in read.items():
        looks = 0 if overlay is None else _looks_at(overlay, left)
        left -= looks
        if overlay is not None:
            read[group] = eye.clean(overlay) if left >= 0 else None
    whole = {group: overlay for group, overlay in read.items() if overlay is not None}
    cleaned = eye.clean_together(whole)
    return {group: cleaned[group].data if group in cleaned else None for group in read}


def overlays_left(header: Dataset, text_reader: TextReader) -> tuple[Finding, ...]:
    """Look at the overlay planes of a finished object with another eye, alone and together."""
    read = {group: read_overlay(header, group) for group in overlay_groups(header)}
    whole = {group: overlay for group, overlay in read.items() if overlay is not None}
    eye = _Together(text_reader, SECOND)
    cleaned = {group: eye.clean(overlay) for group, overlay in whole.items()}
    cleaned = dict(eye.clean_together(cleaned))
    findings = []
    for group, overlay in read.items():
        place = where(((group << 16) | DATA,))
        if overlay is None:
            findings.append(Finding(place, "an overlay that cannot be read"))
        elif group not in cleaned or cleaned[group].data != overlay.data:
            findings.append(Finding(place, "text"))
    return tuple(findings)


def _looks_at(overlay: Overlay, most: int) -> int:
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


class _Together:
    """Clears the planes of one object, and remembers single letters that may be a word."""

    def __init__(self, text_reader: TextReader, sight: Sight) -> None:
        self._open = partial(_OverlayEye, text_reader, sight)
        self._alone: list[Glyph] = []
        self._page = 0

    def clean(self, overlay: Overlay) -> Overlay:
        """Clear what is written in each frame."""
        data = bytearray(overlay.data)
        eye = self._open()
        before: tuple[Glyph, ...] = ()
        for start, length, bit, picture in overlay.pictures():
            found, alone = eye.look(picture)
            blank, corners = draw_boxes(found, picture.shape)
            if corners:
                data[start : start + length] = clear(
                    bytes(data[start : start + length]), bit, blank
                )
            self._page += 1
            fresh = [replace(glyph, page=self._page) for glyph in once(alone, before)]
            self._alone += fresh[: _MOST_GLYPHS - len(self._alone)]
            before = alone or before
        return replace(overlay, data=bytes(data))

    def clean_together(self, overlays: Mapping[int, Overlay]) -> Mapping[int, Overlay]:
        """Clear what all planes and frames write together; without any that nobody can look at."""
        if sum(overlay.frames for overlay in overlays.values()) < 2:  # noqa: PLR2004 -- several
            return overlays
        seen = united(overlays)
        if seen is None:
            return {}
        whole, (top, left) = seen
        found, _ = self._open().look(whole)
        blank, _ = draw_boxes(found, whole.shape)
        word = words(self._alone)
        cleared = {}
        for group, overlay in overlays.items():
            row, column = overlay.origin[0] - top, overlay.origin[1] - left
            part = blank[row : row + overlay.rows, column : column + overlay.columns]
            cleared[group] = _without(overlay, part, word)
        return cleared


def _without(overlay: Overlay, blank: Grey, word: tuple[Glyph, ...]) -> Overlay:
    """Clear a part of every frame, and whatever is as large as letters of a word."""
    if not blank.any() and not word:
        return overlay
    data = bytearray(overlay.data)
    for start, length, bit, picture in overlay.pictures():
        found = marks_like(picture, word)[len(word) :]  # which stand on other frames
        marks, _ = draw_boxes(found, picture.shape)
        bits = bytes(data[start : start + length])
        data[start : start + length] = clear(bits, bit, blank | marks)
    return replace(overlay, data=bytes(data))


class _OverlayEye:
    """Looks at the frames of one plane in order, and not twice at what stays the same."""

    def __init__(self, text_reader: TextReader, sight: Sight) -> None:
        self._open = partial(Eye, text_reader, sight)
        self._whole = self._open()
        self._parts: dict[tuple[int, int], Eye] = {}
        self._reader = text_reader
        self._other = Eye(text_reader, SECOND if sight == FIRST else FIRST)
        self._before: Grey | None = None
        self._found: tuple[tuple[Writing, ...], tuple[Glyph, ...]] = (), ()

    def look(self, picture: Grey) -> tuple[tuple[Writing, ...], tuple[Glyph, ...]]:
        """Find writing; give single letters that are no word besides.

        Crosses, circles and triangles are CAD's marks: one or two of them, or all alike, stay.
        """
        if not picture.any():
            return (), ()
        if not _is_same(picture, self._before):
            self._before, self._found = picture, self._sorted(picture)
        return self._found

    def _sorted(self, picture: Grey) -> tuple[tuple[Writing, ...], tuple[Glyph, ...]]:
        found = tuple(self._look(picture))
        lines = tuple(it for it in found if it.kind is not Kind.TEXT or it.letters >= LETTERS)
        if any(map(is_single, found)):
            found += self._other.look(picture)
        alone = glyphs(picture, found, self._reader)
        word = words(alone)
        return ((*lines, *marks_like(picture, word)), ()) if word else (lines, alone)

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
