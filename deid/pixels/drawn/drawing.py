"""Lines drawn as pictures at every scale at which they might write, and looked at."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from deid.pixels.coding.arrays import Grey
from deid.pixels.detection.gate import Sight
from deid.pixels.detection.looking import Eye
from deid.pixels.detection.single import LETTERS, glyphs, marks_like, words
from deid.pixels.detection.text_reader import TextReader
from deid.pixels.detection.writing import Kind, Writing
from deid.pixels.drawn.strokes import Points, Stroke

_SIDE = 768  # pixels of a picture
_SMALL_SIDE = 320  # of the picture that shows large letters small
_STEP = 576
_MARGIN = 32
_CLOSER = 3.0  # times as large as the scale before
_MOST_SCALES = 6
# Pixels of a picture to a pixel of the image, and to the width of a display: at the closest,
# letters of four pixels are legible.
_CLOSEST = {False: 4.0, True: 16384.0}
_STRAIGHT = 3.0  # pixels: what bends less is straight
# Radians by which lines turn in one picture, so that they may be letters: an outline drawn by hand
# turns round once, and a letter once or twice, its ends counted.
_BENT = 4 * np.pi
_END = np.pi / 2
_WIDE = 3
_PARTS = 4  # bits of a pixel's parts
_AROUND = 4  # pixels

Lines = Mapping[int, Sequence[Points]]


@dataclass(frozen=True)
class _Window:
    """A part of a drawing: pixels to the unit, and its left upper corner and size in pixels."""

    scale: float
    left: float
    top: float
    width: int = _SIDE
    height: int = _SIDE

    def draw(self, lines: Sequence[Points]) -> Grey:
        """Draw lines, white on black."""
        picture = np.zeros((self.height, self.width), np.uint8)
        for points in lines:
            at = (points * self.scale - (self.left, self.top)) * (1 << _PARTS)
            drawn = np.round(np.concatenate((at, at[-1:]))).astype(np.int32)  # a dot is a line, too
            cv2.polylines(picture, [drawn], False, 255, _WIDE, cv2.LINE_AA, _PARTS)  # noqa: FBT003 -- OpenCV
        return picture


@dataclass
class Spare:
    """What may still be looked at of one object's drawings: so many pictures take half a minute."""

    looks: int = 128


def find_lines(
    strokes: Mapping[int, Sequence[Stroke]],
    text_reader: TextReader,
    sights: Sequence[Sight],
    spare: Spare,
) -> frozenset[int]:
    """Find whose strokes write something, until nothing is read in what the others draw.

    Args:
        strokes: By whose they are; all of them write, if there are too many pictures to look at.
        text_reader: Looks at them.
        sights: How it looks.
        spare: How many pictures may be looked at, of those of all objects' drawings together.
    """
    found: frozenset[int] = frozenset()
    clean: set[tuple[frozenset[int], _Window]] = set()
    while True:
        left = {place: drawn for place, drawn in strokes.items() if place not in found}
        pictures = list(islice(_pictures(left), spare.looks + 1))
        if len(pictures) > spare.looks:
            return frozenset(strokes)
        before = found
        for some, window in pictures:
            whose = frozenset(some)
            if (whose, window) in clean or whose & found:  # what is left of these comes again
                continue
            spare.looks -= 1
            if spare.looks < 0:
                return frozenset(strokes)
            writing = _writing(some, window, text_reader, sights)
            found |= writing
            if not writing:
                clean.add((whose, window))
        if found == before:
            return found


def _pictures(strokes: Mapping[int, Sequence[Stroke]]) -> Iterator[tuple[Lines, _Window]]:
    for display in (False, True):
        lines = {
            place: [stroke.points for stroke in drawn if stroke.display is display]
            for place, drawn in strokes.items()
        }
        for some in _together_and_alone({place: them for place, them in lines.items() if them}):
            yield from ((some, window) for window in _windows(some, _CLOSEST[display]))


def _together_and_alone(lines: Lines) -> Iterator[Lines]:
    """Give all lines, and those of each: one may be drawn over another, and be shown without."""
    if lines:
        yield lines
    if len(lines) > 1:
        yield from ({place: them} for place, them in lines.items())


def _windows(lines: Lines, closest: float) -> Iterator[_Window]:
    """Give the whole at two scales, and closer looks at where it is not straight."""
    strokes = [points for them in lines.values() for points in them]
    points = np.concatenate(strokes)
    least, extent = points.min(axis=0), np.ptp(points, axis=0)
    longest = float(extent.max())
    if not longest:
        return
    for side in (_SMALL_SIDE, _SIDE):
        scale = (side - 2 * _MARGIN) / longest
        left, top = least * scale - _MARGIN
        width, height = (int(np.ceil(size * scale)) + 2 * _MARGIN for size in extent)
        if sum(bend for _, _, bend in _bends(strokes, least, scale)) >= _BENT:
            yield _Window(scale, left, top, width, height)
    for _ in range(_MOST_SCALES):
        if scale * 1.2 > closest:
            return
        scale = min(scale * _CLOSER, closest)
        yield from _closer(strokes, least, scale)


def _closer(strokes: Sequence[Points], least: Points, scale: float) -> Iterator[_Window]:
    """Give the parts, each of one picture's size, in which lines bend and end often."""
    bent: defaultdict[tuple[int, int], float] = defaultdict(float)
    for x, y, bend in _bends(strokes, least, scale):
        for row in _tiles(y + _MARGIN):
            for column in _tiles(x + _MARGIN):
                bent[row, column] += bend
    origin = least * scale - _MARGIN
    for (row, column), bend in bent.items():
        if bend >= _BENT:
            yield _Window(scale, origin[0] + column * _STEP, origin[1] + row * _STEP)


def _bends(
    strokes: Sequence[Points], least: Points, scale: float
) -> Iterator[tuple[float, float, float]]:
    """Give every place where a line bends or ends, as x and y, and by how much in radians."""
    for points in strokes:
        moved = ((points - least) * scale).astype(np.float32)
        corners = cv2.approxPolyDP(moved, _STRAIGHT, closed=False).reshape(-1, 2)
        step = np.diff(corners, axis=0)
        turned = np.diff(np.arctan2(step[:, 1], step[:, 0]), prepend=np.nan, append=np.nan)
        bend = np.abs((turned + np.pi) % (2 * np.pi) - np.pi)
        bend = np.where(np.isnan(bend), _END, bend) if len(step) else np.array([2 * _END])
        yield from zip(*corners.T.tolist(), bend.tolist(), strict=True)


def _tiles(at: float) -> set[int]:
    """Give the tiles, which overlap, that a place lies in."""
    last = int(at // _STEP)
    return {last, last - 1} if last and at - last * _STEP < _SIDE - _STEP else {last}


def _writing(
    lines: Lines, window: _Window, text_reader: TextReader, sights: Sequence[Sight]
) -> frozenset[int]:
    """Give whose lines write something in one part of a drawing."""
    picture = window.draw([points for them in lines.values() for points in them])
    mask = np.zeros_like(picture)
    seen: tuple[Writing, ...] = ()
    for writings in _looks(picture, text_reader, sights):
        seen += writings
        for writing in writings:
            if writing.kind is Kind.TEXT and writing.letters >= LETTERS:
                cv2.fillPoly(mask, [_around(writing)], 255)
        if mask.any():
            break
    else:
        word = words(glyphs(picture, seen, text_reader))
        for writing in marks_like(picture, word):
            cv2.fillPoly(mask, [_around(writing)], 255)
        if not word:
            return frozenset()
    hers = (place for place, them in lines.items() if (window.draw(them) & mask).any())
    return frozenset(hers) or frozenset(lines)


def _looks(
    picture: Grey, text_reader: TextReader, sights: Sequence[Sight]
) -> Iterator[tuple[Writing, ...]]:
    """Look in every way; what was seen large may hold small letters, so closely by itself."""
    for sight in sights:
        yield Eye(text_reader, sight).look(picture)
        yield Eye(text_reader, sight).look_closely(picture)


def _around(writing: Writing) -> Points:
    return np.round(writing.line.grown(_AROUND, _AROUND).corners()).astype(np.int32)
