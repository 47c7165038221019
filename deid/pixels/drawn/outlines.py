"""Outlines in reports: what writes with them is found (PS3.3 §C.18.6, §C.18.9, PS3.15 §E.3.4).

A report gives the coordinates of what it speaks of, in an image or in space, and a viewer draws
them over the image. What encloses an area is no letter, or part of one: a cluster of specks would
be read as many. All else is looked at as graphics of presentation states are. Nothing is dropped:
findings refer to each other by number, so a report that writes is for people to look at.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np
from pydicom.dataset import Dataset

from deid.attributes import first_item
from deid.findings import Finding
from deid.pixels.detection.gate import SECOND
from deid.pixels.detection.text_reader import TextReader
from deid.pixels.drawn.drawing import Spare, find_lines
from deid.pixels.drawn.strokes import GRAPHICS, Points, Stroke, lines_of
from deid.values import Path, items, raw, value_of, walk, where

_ANNOTATIONS, _DATA, _TYPE = 0x00700001, 0x00700022, 0x00700023
_VALUE_TYPE, _CONTENT, _REFERENCED, _INSTANCE = 0x0040A040, 0x0040A730, 0x00081199, 0x00081155
_FRAME_OF_REFERENCE = 0x30060024
_IN_SPACE = "SCOORD3D"
_FLAT = 1e-3  # of the extent
_MOST_POINTS = 200_000
_PLANE = 2  # axes
_OPEN = 0.02  # of the length: so far apart, the ends of a line do not meet
_ROUND = 0.25  # of what a circle is: a square is 0.79, a letter traced round some hundredths

Drawn = dict[int, tuple[Points, str]]


def has_outlines(header: Dataset) -> bool:
    """Tell whether anything but a graphic annotation has coordinates, at any depth."""
    return any(True for _ in _outlines(header))


def outlines_left(header: Dataset, text_reader: TextReader) -> tuple[Finding, ...]:
    """Look at the outlines of a finished object, those of each image together; report what writes.

    What cannot be told, or is more than anybody looks at, is reported as well.
    """
    groups: defaultdict[tuple[str, int], Drawn] = defaultdict(dict)
    paths: list[Path] = []
    bad = []
    points = 0
    for path, level in _outlines(header):
        read = _read(level)
        points += 0 if read is None else read.size
        if read is None or points > _MOST_POINTS:
            bad.append(Finding(where(path), "coordinates that cannot be read"))
            continue
        groups[_shown_on(level), read.shape[1]][len(paths)] = read, value_of(level, _TYPE).upper()
        paths.append(path)
    spare = Spare()
    found: set[int] = set()
    for (_, axes), drawn in groups.items():
        for flat in _views({place: them for place, (them, _) in drawn.items()}):
            every = {
                place: _strokes(seen, drawn[place][1], in_space=axes > _PLANE)
                for place, seen in flat.items()
            }
            strokes = {place: lines for place, lines in every.items() if lines}
            found |= find_lines(strokes, text_reader, (SECOND,), spare)
    return (*bad, *(Finding(where(paths[place]), "text") for place in sorted(found)))


def _outlines(header: Dataset) -> Iterator[tuple[Path, Dataset]]:
    """Give coordinates that do not belong to a graphic annotation, which `graphics` looks at."""
    for path, element, level in walk(header):
        if path[-1] != _DATA or (items(element) is None and not raw(element)):
            continue
        above = path[-5:-1:2]
        annotates = len(above) == 2 and above[0] == _ANNOTATIONS and above[1] in GRAPHICS  # noqa: PLR2004 -- levels
        if not annotates:
            yield path, level


def _read(level: Dataset) -> Points | None:
    """Give points of two or three coordinates; None if they are none."""
    element = level.get_item(_DATA)
    data = b"" if element is None or items(element) is not None else raw(element)
    axes = 3 if value_of(level, _VALUE_TYPE).upper() == _IN_SPACE else 2
    if not data or len(data) % (4 * axes):
        return None
    points = np.frombuffer(data, "<f4").reshape(-1, axes).astype(np.float64)
    return points if np.isfinite(points).all() else None


def _shown_on(level: Dataset) -> str:
    """Give the image, or the frame of reference, in which an outline is drawn."""
    image = first_item(first_item(level, _CONTENT) or Dataset(), _REFERENCED)
    return value_of(image or level, _INSTANCE if image else _FRAME_OF_REFERENCE)


def _strokes(points: Points, kind: str, *, in_space: bool) -> tuple[Stroke, ...]:
    """Give what of one outline may be part of a letter: all but what encloses an area.

    In space a unit is a millimetre, and letters may be of any size.
    """
    kind = "POINT" if kind == "MULTIPOINT" else kind
    closed = np.concatenate((points, points[:1])) if kind == "POLYGON" else points
    lines = lines_of(kind, closed)
    return tuple(Stroke(in_space, line) for line in lines if not _encloses(line))


def _encloses(line: Points) -> bool:
    """Tell a closed outline around an area from a line that goes to and fro."""
    length = float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())
    if not length or float(np.linalg.norm(line[0] - line[-1])) > _OPEN * length:
        return False
    x, y = line.T
    area = abs(float(x[:-1] @ y[1:] - x[1:] @ y[:-1])) / 2
    return 4 * np.pi * area / length**2 >= _ROUND


def _views(drawn: Mapping[int, Points]) -> Iterator[Mapping[int, Points]]:
    """Give outlines as they are seen: those in space along each axis, and on to their own plane."""
    every = np.concatenate(list(drawn.values()))
    if every.shape[1] == _PLANE:
        yield drawn
        return
    centre = every.mean(axis=0)
    _, extents, axes = np.linalg.svd(every - centre, full_matrices=False)
    planes = [np.eye(3)[[0, 1]], np.eye(3)[[0, 2]], np.eye(3)[[1, 2]]]
    if len(axes) > _PLANE:
        planes = [axes[:2]] if extents[2] <= _FLAT * extents[0] else [axes[:2], *planes]
    for plane in planes:
        yield {place: (points - centre) @ plane.T for place, points in drawn.items()}
