"""Linear bar codes: dense parallel bars, all as dark and as light as one another.

A network for text does not see them, and any telephone reads them. An edge is one bar wide, the
lines of a grid and the ticks of a scale come at one distance, and those of tissue differ in depth.
"""

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from deid.pixels.detection.cells import CELL, Cells, Survey
from deid.pixels.detection.relief import Map, Relief
from deid.pixels.detection.text_reader import Line
from deid.pixels.detection.writing import Kind, Writing

_COHERENT = 0.8  # of the gradients run one way
_DENSE = 0.6  # of nine cells: an edge fills three
_WAYS = 6  # directions that are told apart
_ALONG = 0.75  # cosine of twice the angle: cells of one direction
_ACROSS_LEAST = 6  # cells over the bars
_HIGH_LEAST = 2  # cells along the bars
_FILLED = 0.5  # of the rectangle
_LINK = np.ones((5, 5), np.uint8)
_FEW = 0.01  # of the cells at an end: what touches a bar code
_RIM = 0.15  # of the height: where bars end
_BARS = 20  # dark and light ones
_AROUND = 8  # of the length: bars are lighter or darker than so much of it
_FLAT = 0.6  # times as deep as most at least
_MOST = 0.7  # of the bars are
_ALIKE = 0.8  # correlation of the upper part with the lower one
_VARIED = 0.3  # standard deviation of widths over their mean: of a grid they are one
_CLEAR = 1.5  # times the gradients of the noise
_HALF = 2.0  # pixels of the plane in one of the half picture
_LETTERS = 9  # it says as much as a line

Profile = npt.NDArray[np.float32]
Index = npt.NDArray[np.intp]


def find_barcodes(relief: Relief, measured: Survey) -> tuple[Writing, ...]:
    """Find bar codes at any angle, each as a line of text across its bars."""
    xx, yy, xy = measured.tensor
    total = xx + yy
    one, two = (xx - yy), 2 * xy
    length = np.hypot(one, two)
    coherent = (measured.count > 0) & (length > _COHERENT * total)
    dense = cv2.blur(coherent.astype(np.float32), (3, 3)) > _DENSE
    if np.count_nonzero(dense) < _ACROSS_LEAST:
        return ()
    found: list[Line] = []
    for way in range(_WAYS):
        turn = 2 * np.pi * way / _WAYS
        facing = one * np.float32(np.cos(turn)) + two * np.float32(np.sin(turn))
        for line in _fields(coherent & (facing > _ALONG * length), np.rad2deg(turn) / 2):
            apart = all(np.hypot(*np.subtract(line.centre, it.centre)) > it.height for it in found)
            if apart and _is_barcode(relief, line):
                found.append(line)
    return tuple(Writing(line, Kind.TEXT, letters=_LETTERS) for line in found)


def _fields(cells: Cells, across: float) -> Iterator[Line]:
    """Give stretches full of edges of one direction, in pixels of the plane."""
    mask = cv2.morphologyEx(cells.astype(np.uint8), cv2.MORPH_CLOSE, _LINK)
    count, parts, boxes, _ = cv2.connectedComponentsWithStats(mask)
    for number in range(1, count):
        left, top, width, height, area = (int(it) for it in boxes[number])
        if area < _ACROSS_LEAST * _HIGH_LEAST:
            continue
        inside = np.nonzero(parts[top : top + height, left : left + width] == number)
        rows, columns = inside[0] + top, inside[1] + left
        pair = _fitted(columns, rows, across), _fitted(columns, rows, _leaning(columns, rows))
        line = min(pair, key=lambda it: it.length * it.height)
        full = len(rows) >= _FILLED * line.length * line.height
        if full and line.length >= _ACROSS_LEAST and line.height >= _HIGH_LEAST:
            yield line.moved(CELL * _HALF)


def _leaning(columns: Index, rows: Index) -> float:
    """Give the direction of the longer side of what cells cover, in degrees."""
    points = np.stack((columns, rows), axis=1).astype(np.int32)
    _, (width, height), angle = cv2.minAreaRect(points)
    return float(angle if width >= height else angle + 90)


def _fitted(columns: Index, rows: Index, across: float) -> Line:
    """Fit a line of one direction to cells, in cells."""
    angle = np.deg2rad(across)
    along = columns * np.cos(angle) + rows * np.sin(angle)
    aside = rows * np.cos(angle) - columns * np.sin(angle)
    (start, stop), (upper, lower) = _span(along), _span(aside)
    middle = (start + stop) / 2, (upper + lower) / 2
    x = middle[0] * np.cos(angle) - middle[1] * np.sin(angle) + 1 / 2
    y = middle[0] * np.sin(angle) + middle[1] * np.cos(angle) + 1 / 2
    turned = float((across + 90) % 180 - 90)
    return Line(
        (float(x), float(y)), float(stop - start) + 1, float(lower - upper) + 1, turned, 1.0
    )


def _span(places: npt.NDArray[np.float64]) -> tuple[float, float]:
    ordered = np.sort(places)
    few = int(_FEW * len(ordered))
    return float(ordered[few]), float(ordered[-1 - few])


def _is_barcode(relief: Relief, line: Line) -> bool:
    """Tell whether bars fill a stretch, alike from end to end of each, and of several widths."""
    crop = _straightened(relief, line)
    rim = max(1, round(_RIM * len(crop)))
    inner = crop[rim : len(crop) - rim]
    if len(inner) < _HIGH_LEAST:
        return False
    upper, lower = (it.mean(axis=0) for it in np.array_split(inner, 2))
    profile = inner.mean(axis=0)
    if not (upper.std() and lower.std()) or np.corrcoef(upper, lower)[0, 1] < _ALIKE:
        return False
    x, y = (int(it / _HALF) for it in line.centre)
    noise = float(relief.noise((max(0, x - 1), max(0, y - 1), x + 1, y + 1)).mean())
    return _is_coded(profile.astype(np.float32), _CLEAR * noise)


def _is_coded(profile: Profile, least: float) -> bool:
    """Tell whether a profile is made of bars of several widths, each as deep as the next."""
    around = cv2.blur(profile[None], (max(3, len(profile) // _AROUND), 1))[0]
    light = profile > around
    runs = np.split(profile, np.flatnonzero(np.diff(light.astype(np.int8))) + 1)[1:-1]
    if len(runs) < _BARS:
        return False
    second = 1 + int(light[0])  # odd ones are light
    tops = np.array([run.min() if i % 2 == 0 else run.max() for i, run in enumerate(runs, second)])
    steps = np.abs(np.diff(tops))
    middle = float(np.median(steps))
    flat = (steps > _FLAT * middle) & (steps < middle / _FLAT)
    widths = np.array([len(run) for run in runs], np.float32)
    return bool(middle > least and flat.mean() > _MOST and widths.std() > _VARIED * widths.mean())


def _straightened(relief: Relief, line: Line) -> Map:
    """Cut a line out so that its bars stand upright, as fine as the plane."""
    corners = line.corners()
    rows, columns = relief.plane.shape
    left, top = (max(0, int(it)) for it in corners.min(axis=0))
    right, bottom = (
        min(columns, int(corners[:, 0].max()) + 1),
        min(rows, int(corners[:, 1].max()) + 1),
    )
    part = relief.plane[top:bottom, left:right].astype(np.float32)
    wide, high = round(line.length), round(line.height)
    centre = line.centre[0] - left, line.centre[1] - top
    turn = cv2.getRotationMatrix2D(centre, line.angle, 1)
    turn[:, 2] += np.array((wide / 2 - centre[0], high / 2 - centre[1]))
    shown = cv2.warpAffine(part, turn, (wide, high), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(shown, np.float32)
