"""What the graphics of a presentation state draw, as lines of points (PS3.3 §C.10.5).

Only the lines count: how thick they are, filled or dashed, changes nothing of what they write.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from deid.values import elements, items, number, raw, value_of

Points = npt.NDArray[np.float64]

GRAPHIC_OBJECTS, COMPOUND_GRAPHICS = 0x00700009, 0x00700209
#: Points of all graphics of one annotation: outlines by hand have some hundreds.
MOST_POINTS = 20_000
_UNITS = {GRAPHIC_OBJECTS: 0x00700005, COMPOUND_GRAPHICS: 0x00700282}
#: What holds the graphics of an annotation.
GRAPHICS = frozenset(_UNITS)
_TYPES = {GRAPHIC_OBJECTS: 0x00700023, COMPOUND_GRAPHICS: 0x00700294}
_DIMENSIONS, _COUNT, _DATA = 0x00700020, 0x00700021, 0x00700022
_PAIR = 8  # bytes of x and y
_ROUND = np.linspace(0, 2 * np.pi, 49)
_BETWEEN = np.linspace(0, 1, 9)[1:, None]


@dataclass(frozen=True, repr=False)
class Stroke:
    """One line: its points as x and y, and whether in units of the display or of the image.

    A line of one point is a dot.
    """

    display: bool
    points: Points


def read_strokes(annotation: Dataset) -> tuple[Stroke, ...] | None:
    """Give all lines that one annotation draws; None if they cannot be told, or are too many."""
    strokes: list[Stroke] = []
    points = 0
    for tag, graphic in _graphics(annotation):
        data = None if graphic is None else _points(graphic)
        if graphic is None or data is None:
            return None
        points += len(data)
        if points > MOST_POINTS:
            return None
        display = value_of(graphic, _UNITS[tag]).upper() == "DISPLAY"
        kind = value_of(graphic, _TYPES[tag]).upper()
        strokes += (Stroke(display, line) for line in lines_of(kind, data, tag=tag))
    return tuple(strokes)


def draws(annotation: Dataset) -> bool:
    """Tell whether an annotation has graphics."""
    return any(tag in annotation for tag in _UNITS)


def _graphics(annotation: Dataset) -> Iterator[tuple[int, Dataset | None]]:
    for tag, element in elements(annotation):
        if tag in _UNITS:
            within = items(element)
            yield from ((tag, graphic) for graphic in ((None,) if within is None else within))


def _points(graphic: Dataset) -> Points | None:
    element = graphic.get_item(_DATA) if _DATA in graphic else None
    data = raw(element) if element is not None else b""
    if len(data) % _PAIR or number(graphic, _DIMENSIONS) not in {0, 2}:
        return None
    points = np.frombuffer(data, "<f4").reshape(-1, 2).astype(np.float64)
    said = number(graphic, _COUNT)
    if not len(points) or said not in {0, len(points)} or not np.isfinite(points).all():
        return None
    return points


def lines_of(kind: str, points: Points, *, tag: int = GRAPHIC_OBJECTS) -> Iterator[Points]:
    """Give the lines of one graphic; what is of no known kind is drawn from point to point."""
    if kind == "POINT":
        yield from points[:, None]
    elif kind == "MULTILINE" and not len(points) % 2:
        yield from points.reshape(-1, 2, 2)
    else:
        drawn = _KINDS.get((kind, len(points)), _interpolated if kind == "INTERPOLATED" else None)
        if tag == COMPOUND_GRAPHICS and len(points) == 2:  # noqa: PLR2004 -- corners
            drawn = _CORNERS.get(kind)
        yield points if drawn is None else drawn(points)


def _circle(points: Points) -> Points:
    """Draw a circle around the first point through the second."""
    centre, edge = points
    return _ellipse_at(centre, edge - centre, (edge - centre)[::-1] * (-1, 1))


def _ellipse(points: Points) -> Points:
    """Draw an ellipse by the ends of its major and its minor axis."""
    start, end, left, right = points
    return _ellipse_at((start + end) / 2, (end - start) / 2, (right - left) / 2)


def _ellipse_within(points: Points) -> Points:
    first, last = points
    across, down = (last - first) / 2
    return _ellipse_at((first + last) / 2, np.array((across, 0.0)), np.array((0.0, down)))


def _rectangle(points: Points) -> Points:
    (left, top), (right, bottom) = points
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    return np.array(corners)


def _ellipse_at(centre: Points, one: Points, other: Points) -> Points:
    turned = np.cos(_ROUND)[:, None] * one + np.sin(_ROUND)[:, None] * other
    return np.asarray(centre + turned, np.float64)


def _interpolated(points: Points) -> Points:
    """Draw a curve through points, as Catmull and Rom do: viewers choose their own."""
    padded = np.concatenate((points[:1], points, points[-1:]))
    parts = [points[:1]]
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        t = _BETWEEN
        curve = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
        parts.append((curve + (3 * b - a - 3 * c + d) * t**3) / 2)
    return np.concatenate(parts)


_KINDS: dict[tuple[str, int], Callable[[Points], Points]] = {
    ("CIRCLE", 2): _circle,
    ("ELLIPSE", 4): _ellipse,
}
_CORNERS: dict[str, Callable[[Points], Points]] = {
    "RECTANGLE": _rectangle,
    "ELLIPSE": _ellipse_within,
}
