"""Clear print followed past the ends that the network gave a line.

A network sees a line in windows, and may lose its first or last letters. Where print stands out
from all that is beside it, its columns say how far it goes. Large print is followed by its
outlines, which tissue has none of; other faint print is left to the margins of a box.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from deid.pixels.coding.arrays import Plane
from deid.pixels.detection.reading import is_short
from deid.pixels.detection.relief import Relief, Window
from deid.pixels.detection.text_reader import Line
from deid.pixels.detection.writing import Kind, Writing, share

_FARTHEST = 8.0  # heights past an end
_NEXT = 3.0  # heights past a letter: what goes on for longer is something else
_GAP = 1.1  # heights: a wider gap ends a line
_CLEAR = 4.0  # times the range of the columns beside it
_OUTLINED = 3.0  # the same of outlines
_AS_MUCH = 0.5  # of the way from what is beside a line to what is in it
_LETTERS = 4  # fewer say too little of a line
_LARGE = 90.0  # pixels high with margins: so large, a letter alone shows where the next one is
_HALF = 1 / 2  # outlines are those of the half picture
_SOME = 12.0  # of 255: how much of outlines noise shows
_PLAIN = 1.0
_MORE = 1.05  # times as long
_SAME = 0.9  # of the area: two ways to follow it came to one end
# Faint small print: the network sees it in part, and a few letters more cost little.
_SMALL = 48.0  # pixels high with margins
_UNSURE = 0.85
_SEVERAL = 2
_FARTHER = 1.5  # heights
_EDGE = 2  # columns: the last of a letter are half bright
_SAMPLE = 32  # rows that a line is brought to: more say no more

Columns = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Shown:
    """A picture in which print is followed.

    Attributes:
        part: Gives a window of it.
        shape: Its rows and columns.
        least: What is beside print has at least this range.
        clear: So many times the range of the columns beside it is print.
        farthest: Heights past an end.
    """

    part: Callable[[Window], Plane]
    shape: tuple[int, ...]
    least: float
    clear: float
    farthest: float


def follow(writings: tuple[Writing, ...], relief: Relief) -> tuple[Writing, ...]:
    """Lengthen lines of text to where their print ends, but into no marker; all else stays."""
    markers = [it.line for it in writings if it.kind is Kind.MARKER]
    return tuple(longer for it in writings for longer in _followed(it, relief, markers))


def _followed(it: Writing, relief: Relief, markers: list[Line]) -> Iterator[Writing]:
    """Give a line of text as long as it is; what is as long as high may run either way."""
    found = [
        line
        for line in (_longer(it, relief) if it.kind is Kind.TEXT else ())
        if line.length > _MORE * max(it.line.length, line.height)
        and not any(share(marker, line) > share(marker, it.line) for marker in markers)
    ]
    longest: list[Line] = []
    for line in sorted(found, key=lambda one: -one.length):
        if not any(share(line, other) > _SAME for other in longest):
            longest.append(line)
    yield from (replace(it, line=line) for line in longest or [it.line])


def _longer(it: Writing, relief: Relief) -> Iterator[Line]:
    if it.line.height < _SMALL and it.line.score < _UNSURE and it.letters >= _SEVERAL:
        yield it.line.grown(_FARTHER * it.line.height, 0)
    if it.letters >= _LETTERS:
        plain = _Shown(partial(_plain, relief), relief.plane.shape, _PLAIN, _CLEAR, _FARTHEST)
        yield _lengthened(it.line, plain)
    if it.line.height >= _LARGE:
        shape = relief.half.shape
        outlined = _Shown(partial(_outlined, relief), shape, _SOME, _OUTLINED, _NEXT)
        for way in (it.line, _turned(it.line)) if is_short(it.line) else (it.line,):
            longer = _lengthened(way.moved(_HALF), outlined).moved(1 / _HALF)
            if it.letters >= _LETTERS or longer.length < way.length + _NEXT * way.height:
                yield longer


def _turned(line: Line) -> Line:
    angle = line.angle + 90 if line.angle < 0 else line.angle - 90
    return replace(line, length=line.height, height=line.length, angle=angle)


def _plain(relief: Relief, window: Window) -> Plane:
    left, top, right, bottom = window
    return relief.plane[top:bottom, left:right]


def _outlined(relief: Relief, window: Window) -> Plane:
    left, top, right, bottom = (2 * it for it in window)
    return relief.outlined((left, top, right, bottom), _HALF)


def _lengthened(line: Line, picture: _Shown) -> Line:
    ranges = _ranges(line, picture)
    margin = round(picture.farthest * _SAMPLE)
    inside = ranges[margin:-margin]
    outside = np.concatenate((ranges[:margin], ranges[-margin:]))
    outside = outside[outside >= 0]
    if not len(inside) or not len(outside):
        return line
    print_, ground = float(np.percentile(inside, 75)), float(np.percentile(outside, 25))
    if print_ < picture.clear * max(ground, picture.least):
        return line
    active = ranges > ground + _AS_MUCH * (print_ - ground)
    unit = line.height / _SAMPLE
    before = _steps(active[:margin][::-1]) * unit
    after = _steps(active[-margin:]) * unit
    if not before and not after:
        return line
    angle = np.deg2rad(line.angle)
    moved = (after - before) / 2
    x = line.centre[0] + moved * float(np.cos(angle))
    y = line.centre[1] + moved * float(np.sin(angle))
    return Line((x, y), line.length + before + after, line.height, line.angle, line.score)


def _steps(active: npt.NDArray[np.bool_]) -> int:
    """Count columns from an end to the last of print, before a gap."""
    last = 0
    for at in np.flatnonzero(active):
        if at + 1 - last > _GAP * _SAMPLE:
            break
        last = int(at) + 1
    return last + _EDGE if last else 0


def _ranges(line: Line, picture: _Shown) -> Columns:
    """Give the range of each column of a line and past its ends; -1 beyond the picture."""
    scale = _SAMPLE / line.height
    wide = round((line.length + 2 * picture.farthest * line.height) * scale)
    longer = line.grown(picture.farthest * line.height, 0.0)
    corners = longer.corners()
    rows, columns = picture.shape
    left, top = (max(int(it), 0) for it in corners.min(axis=0))
    right = min(int(corners[:, 0].max()) + 2, columns)
    bottom = min(int(corners[:, 1].max()) + 2, rows)
    part = picture.part((left, top, right, bottom)).astype(np.float32)
    if not part.size:
        return np.full(wide, -1, np.float32)
    if scale < 1:
        part = cv2.blur(part, (round(1 / scale),) * 2).astype(np.float32)
    turn = cv2.getRotationMatrix2D((line.centre[0] - left, line.centre[1] - top), line.angle, scale)
    turn[:, 2] += np.array(
        (wide / 2 - (line.centre[0] - left), _SAMPLE / 2 - (line.centre[1] - top))
    )
    shown = cv2.warpAffine(part, turn, (wide, _SAMPLE), borderMode=cv2.BORDER_REPLICATE)
    there = cv2.warpAffine(np.ones(part.shape, np.uint8), turn, (wide, _SAMPLE))
    ranges: Columns = (shown.max(axis=0) - shown.min(axis=0)).astype(np.float32)
    ranges[there.mean(axis=0) < _AS_MUCH] = -1
    return ranges
