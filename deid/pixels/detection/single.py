"""Single letters that are a word together, however they stand: in stairs, in arcs, one to a frame.

In what is drawn, and in masks, one letter alone is rather a mark or a blob. Three of like size are
no chance, unless they all look the same, as the marks of CAD do; and a blob is solid, as no letter
is but I.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
import numpy.typing as npt

from deid.pixels.coding.arrays import Plane
from deid.pixels.detection.text_reader import Line
from deid.pixels.detection.writing import Kind, Writing

LETTERS = 2  # so many read in one line are a word by themselves
_WORD = 3
_ALIKE = 0.6  # of the size
_SOLID = 0.84  # of the area that a string around it encloses: bold print 0.81, a blob 0.86
_SAME = 0.7  # of the pixels
_SLIM = 4.0  # times as high as wide: an I
_SIDE = 32
_SOME = 64  # of 255
_MOST = 64  # parts of a picture
_JOINED = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, repr=False)
class Glyph:
    """A single letter or sign: on which picture, where, and its form at a size of its own."""

    page: int
    line: Line
    form: npt.NDArray[np.bool_]

    @property
    def size(self) -> float:
        """The longer of its sides in pixels."""
        return max(self.line.height, self.line.length)


def is_single(writing: Writing) -> bool:
    """Tell whether a line is one letter: also one that reads as a side, or lies in a breast."""
    marker = writing.marker
    if marker is not None:
        return bool(marker.laterality) and not marker.view
    return writing.kind in (Kind.TEXT, Kind.LONE) and writing.letters < LETTERS


def glyphs(picture: Plane, found: Sequence[Writing], *, page: int = 0) -> tuple[Glyph, ...]:
    """Give the single letters of a picture, and whatever else of their size is no blob.

    The eye misses half of the letters that stand alone: where it sees one, forms are looked for.
    """
    made = [_glyph(picture, it.line, page) for it in found if is_single(it)]
    read = [glyph for glyph in made if glyph is not None]
    besides = islice(_parts(picture, read), _MOST)
    others = (_glyph(picture, line, page, slim=True) for line in besides)
    return (*read, *(glyph for glyph in others if glyph is not None))


def words(every: Sequence[Glyph]) -> tuple[Glyph, ...]:
    """Give the glyphs that are a word with others of like size, on any page."""
    return tuple(glyph for glyph in every if _is_of_word(glyph, every))


def is_same(one: Glyph, other: Glyph) -> bool:
    """Tell whether two glyphs have the same form."""
    both = np.count_nonzero(one.form & other.form)
    return bool(both >= _SAME * np.count_nonzero(one.form | other.form))


def marks_like(picture: Plane, word: Sequence[Glyph]) -> tuple[Writing, ...]:
    """Give whatever in a picture is as large as a letter of a word, to be cleared with it."""
    lines = (*(glyph.line for glyph in word), *_parts(picture, word))
    return tuple(Writing(line, Kind.TEXT, letters=1) for line in lines)


def _parts(picture: Plane, like: Sequence[Glyph]) -> Iterator[Line]:
    """Give the parts of a picture that hang together and are about as large as some glyph."""
    if not like:
        return
    ground = np.bincount(picture.reshape(-1)).argmax()
    joined = cv2.dilate((picture != ground).astype(np.uint8), _JOINED)
    _, _, parts, _ = cv2.connectedComponentsWithStats(joined)
    for left, top, width, height, _ in parts[1:].tolist():
        if any(_ALIKE < max(width, height) / glyph.size < 1 / _ALIKE for glyph in like):
            yield Line((left + width / 2, top + height / 2), width, height, 0.0, 1.0)


def _glyph(picture: Plane, line: Line, page: int, *, slim: bool = False) -> Glyph | None:
    corners = line.corners()
    left, top = (int(it) for it in np.maximum(np.floor(corners.min(axis=0)), 0))
    right, bottom = (int(it) + 1 for it in np.ceil(corners.max(axis=0)))
    part = picture[top:bottom, left:right]
    if not part.size:
        return None
    edge = np.concatenate((part[0], part[-1], part[:, 0], part[:, -1]))
    drawn = (part != np.bincount(edge).argmax()).astype(np.uint8)
    points = cv2.findNonZero(drawn)
    if points is None:
        return None
    around = np.zeros_like(drawn)
    cv2.fillConvexPoly(around, cv2.convexHull(points), 1)
    x, y, width, height = cv2.boundingRect(points)
    solid = np.count_nonzero(drawn) >= _SOLID * np.count_nonzero(around)
    if solid and not (slim and max(width, height) >= _SLIM * min(width, height)):
        return None
    whole = drawn[y : y + height, x : x + width] * np.uint8(255)
    form = cv2.dilate(cv2.resize(whole, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), _JOINED)
    return Glyph(page, line, np.asarray(form > _SOME))


def _is_of_word(glyph: Glyph, every: Sequence[Glyph]) -> bool:
    alike = [it for it in every if _ALIKE < it.size / glyph.size < 1 / _ALIKE]
    apart: list[Glyph] = []
    for it in alike:
        if not any(_is_at(it, other) for other in apart):
            apart.append(it)
    return len(apart) >= _WORD and any(not is_same(apart[0], it) for it in apart)


def _is_at(one: Glyph, other: Glyph) -> bool:
    """Tell whether two looks saw one glyph."""
    away = float(np.hypot(*np.subtract(one.line.centre, other.line.centre)))
    return one.page == other.page and away < max(one.size, other.size) / 2


def once(every: Sequence[Glyph], before: Sequence[Glyph]) -> Iterator[Glyph]:
    """Give the glyphs that did not stand there on the page before."""
    for glyph in every:
        if not any(is_same(glyph, it) for it in before):
            yield glyph
