"""Single letters that are a word together, however they stand: in stairs, in arcs, one to a frame.

In what is drawn, and in masks, one letter alone is rather a mark or a blob. Three of like size are
no chance, unless they all look the same, as the marks of CAD do; and a blob is solid, as no letter
is but I.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import cv2
import numpy as np
import numpy.typing as npt

from deid.pixels.coding.arrays import Grey, Plane
from deid.pixels.detection.reading import is_short
from deid.pixels.detection.text_reader import Line, TextReader
from deid.pixels.detection.writing import Kind, Writing, share

LETTERS = 2  # so many read in one line are a word by themselves
_WORD = 3
_READ = 2  # of them; the rest may be an I, or anything else as large
_SURE = 0.9
_LETTER = re.compile("[0-9A-Za-z\u00c0-\u00ff]")
_ALIKE = 0.6  # of the size
_SOLID = 0.84  # of the area that a string around it encloses: bold print 0.81, a blob 0.86
_SAME = 0.7  # of the pixels
_SLIM = 4.0  # times as high as wide: an I
_INSIDE = 0.5  # of its area
_SIDE = 32
_SOME = 64  # of 255
_LEAST = 8.0  # pixels
_MOST_PARTS, _MOST = 4096, 24  # of a picture: to measure, and to read
_JOINED = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, repr=False)
class Glyph:
    """A single letter or sign: on which picture, where, and its form at a size of its own."""

    page: int
    line: Line
    form: npt.NDArray[np.bool_]
    read: bool = True

    @property
    def size(self) -> float:
        """The longer of its sides in pixels."""
        return _size(self.line)


def is_single(writing: Writing) -> bool:
    """Tell whether a line is one letter: also one that reads as a side, or lies in a breast."""
    marker = writing.marker
    if marker is not None:
        return bool(marker.laterality) and not marker.view
    return writing.kind in (Kind.TEXT, Kind.LONE) and writing.letters < LETTERS


def glyphs(
    picture: Plane, found: Sequence[Writing], reader: TextReader, *, page: int = 0
) -> tuple[Glyph, ...]:
    """Give the single letters of a picture, and what else in it is drawn and no blob.

    The eye misses half of the letters that stand alone, so each part is read by itself too.
    """
    lines = [_cleared(it.line) for it in found if _is_line(it)]
    alone = [it.line for it in found if is_single(it) and not _is_in(it.line, lines)]
    made = [_glyph(picture, line, page) for line in alone if is_short(line)]
    apart = (line for line in islice(_parts(picture), _MOST_PARTS) if not _is_in(line, lines))
    largest = sorted((line for line in apart if _size(line) >= _LEAST), key=_size)[-_MOST:]
    for line in largest:
        glyph = _glyph(picture, line, page, slim=True)
        made.append(glyph and replace(glyph, read=_is_read(picture, line, reader)))
    return tuple(glyph for glyph in made if glyph is not None)


def _size(line: Line) -> float:
    return max(line.height, line.length)


def _is_read(picture: Plane, line: Line, reader: TextReader) -> bool:
    """Tell whether a part alone is read as a letter or a digit, surely."""
    drawn = np.pad(_drawn(picture, line), round(line.height / 4))
    reading = reader.read(drawn * np.uint8(255))
    return reading.confidence >= _SURE and _LETTER.fullmatch(reading.text.strip()) is not None


def _is_line(writing: Writing) -> bool:
    return writing.kind in (Kind.TEXT, Kind.MARKER) and not is_single(writing)


def _cleared(line: Line) -> Line:
    """Give what is cleared with a line of text: letters in it are of that line."""
    return line.grown(line.height, line.height / 4)


def _is_in(line: Line, lines: Sequence[Line]) -> bool:
    return any(share(line, other) > _INSIDE for other in lines)


def words(every: Sequence[Glyph]) -> tuple[Glyph, ...]:
    """Give the glyphs that are a word with others of like size, on any page."""
    return tuple(glyph for glyph in every if _is_of_word(glyph, every))


def is_same(one: Glyph, other: Glyph) -> bool:
    """Tell whether two glyphs have the same form."""
    both = np.count_nonzero(one.form & other.form)
    return bool(both >= _SAME * np.count_nonzero(one.form | other.form))


def marks_like(picture: Plane, word: Sequence[Glyph]) -> tuple[Writing, ...]:
    """Give whatever in a picture is as large as a letter of a word, to be cleared with it."""
    like = (
        line
        for line in (_parts(picture) if word else ())
        if any(_ALIKE < _size(line) / glyph.size < 1 / _ALIKE for glyph in word)
    )
    lines = (*(glyph.line for glyph in word), *like)
    return tuple(Writing(line, Kind.TEXT, letters=1) for line in lines)


def _parts(picture: Plane) -> Iterator[Line]:
    """Give the parts of a picture that hang together."""
    ground = np.bincount(picture.reshape(-1)).argmax()
    joined = cv2.dilate((picture != ground).astype(np.uint8), _JOINED)
    _, _, parts, _ = cv2.connectedComponentsWithStats(joined)
    for left, top, width, height, _ in parts[1:].tolist():
        yield Line((left + width / 2, top + height / 2), width, height, 0.0, 1.0)


def _glyph(picture: Plane, line: Line, page: int, *, slim: bool = False) -> Glyph | None:
    drawn = _drawn(picture, line)
    points = cv2.findNonZero(drawn) if drawn.size else None
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


def _drawn(picture: Plane, line: Line) -> Grey:
    """Cut out where a line stands: 1 for what is not as at its border."""
    corners = line.corners()
    left, top = (int(it) for it in np.maximum(np.floor(corners.min(axis=0)), 0))
    right, bottom = (int(it) + 1 for it in np.ceil(corners.max(axis=0)))
    part = picture[top:bottom, left:right]
    if not part.size:
        return np.zeros((0, 0), np.uint8)
    edge = np.concatenate((part[0], part[-1], part[:, 0], part[:, -1]))
    return np.asarray(part != np.bincount(edge).argmax(), np.uint8)


def _is_of_word(glyph: Glyph, every: Sequence[Glyph]) -> bool:
    alike = [it for it in every if _ALIKE < it.size / glyph.size < 1 / _ALIKE]
    apart: list[Glyph] = []
    for it in sorted(alike, key=lambda it: not it.read):
        if not any(_is_at(it, other) for other in apart):
            apart.append(it)
    read = sum(it.read for it in apart)
    return len(apart) >= _WORD and read >= _READ and any(not is_same(apart[0], it) for it in apart)


def _is_at(one: Glyph, other: Glyph) -> bool:
    """Tell whether two looks saw one glyph."""
    away = float(np.hypot(*np.subtract(one.line.centre, other.line.centre)))
    return one.page == other.page and away < max(one.size, other.size) / 2


def once(every: Sequence[Glyph], before: Sequence[Glyph]) -> Iterator[Glyph]:
    """Give the glyphs that did not stand there on the page before."""
    for glyph in every:
        if not any(is_same(glyph, it) for it in before):
            yield glyph
