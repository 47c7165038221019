"""Cutting what is worth a look into windows that cost the network little.

A network pays for area, in multiples of 32 pixels a side, and a little for each call.
"""

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from deid.pixels.coding.arrays import Grey
from deid.pixels.detection.cells import CELL
from deid.pixels.detection.relief import Window
from deid.pixels.detection.text_reader import TILE, spans

PIXELS = 2 * CELL  # of the plane in a cell
MULTIPLE = 32  # the network's, so that a window costs what it shows
_FIELD = 1536  # pixels of the view: lines are followed within a field
_FIELDS_SHARE = 256
_TILES_SHARE = 96
_FINE = 1 / 2  # of the plane: views of this scale and more are cut closely
_FULL = 0.5  # of a window: emptier ones are cut in halves
_SHORT = 160  # pixels of the view: shorter windows are not
_CALL = 4000  # pixels that cost as much as asking at all
_SMALL = 110_000  # pixels of a window that stay in the processor's cache
_LARGE = 1.25  # times as dear is each pixel more
_SHARED = 2  # cells that both sides of a cut see
_WORTH = 0.95  # of the cost: for less a line is not cut in two

Sides = npt.NDArray[np.int64]


def fields(where: Grey, scale: float) -> Iterator[Window]:
    """Give the boxes of what hangs together, in cells; overlapping ones where it is large."""
    most = max(1, int(_FIELD / scale / PIXELS))
    least = int(_FIELDS_SHARE / scale / PIXELS)
    _, _, boxes, _ = cv2.connectedComponentsWithStats(where)
    for x, y, width, height, _ in boxes[1:]:
        for top, bottom in spans(int(height), most, least):
            for left, right in spans(int(width), most, least):
                yield int(x) + left, int(y) + top, int(x) + right, int(y) + bottom


def windows(where: Grey, cells: Window, scale: float) -> Iterator[Window]:
    """Split a field into windows that together cost little and fit the network, in cells."""
    left, top, right, bottom = cells
    part = where[top:bottom, left:right]
    x, y, width, height = cv2.boundingRect(part)
    if not width:
        return
    left, top = left + x, top + y
    part = part[y : y + height, x : x + width]
    cut = _best(part, scale) if scale >= _FINE else None
    cut = cut or _halves(part, scale)
    if cut is None:
        yield left, top, left + width, top + height
        return
    across, stop, start = cut
    right, bottom = left + width, top + height
    if across:
        yield from windows(where, (left, top, left + stop, bottom), scale)
        yield from windows(where, (left + start, top, right, bottom), scale)
    else:
        yield from windows(where, (left, top, right, top + stop), scale)
        yield from windows(where, (left, top + start, right, bottom), scale)


def _forced(width: int, height: int, scale: float) -> tuple[bool, int, int] | None:
    """Give where to cut what is too long for the network, with what both parts share."""
    side = max(width, height)
    if side * PIXELS * scale <= TILE:
        return None
    share = min(round(_TILES_SHARE / scale / PIXELS), side // 4)
    return width >= height, side // 2 + share, side // 2 - share


def _halves(part: Grey, scale: float) -> tuple[bool, int, int] | None:
    """Give where to cut what is mostly empty: from afar, letters need what is around them."""
    height, width = part.shape
    pixels = max(width, height) * PIXELS * scale
    if part.mean() >= _FULL or pixels <= _SHORT:
        return _forced(width, height, scale)
    middle = max(width, height) // 2
    return width >= height, middle + 1, middle - 1


def _best(part: Grey, scale: float) -> tuple[bool, int, int] | None:
    """Give the cut that saves most, if one is worth it: a cell and its neighbour are shared."""
    sides = np.array(part.shape[::-1])
    least = _WORTH * float(_cost(sides[:1], sides[1:], scale)[0])
    best = None
    for across, turned in ((True, part), (False, part.T)):
        if turned.shape[1] <= _SHARED:
            continue
        costs = _costs(turned, scale)
        at = int(costs.argmin())
        if costs[at] < least:
            least, best = float(costs[at]), (across, at + _SHARED, at)
    return best


def _costs(part: Grey, scale: float) -> npt.NDArray[np.float64]:
    """Give what both parts cost together, for each pair of columns that they share."""
    first = _cost(*_boxes(part), scale)
    second = _cost(*_boxes(part[:, ::-1]), scale)
    # The first ends with column i + 1, the second begins with column i.
    return first[1:-1] + second[::-1][:-2]


def _boxes(part: Grey) -> tuple[Sides, Sides]:
    """Give the width and height of what passes up to each column, and that one."""
    rows, columns = part.shape
    some = part.any(axis=0)
    top = np.minimum.accumulate(np.where(some, part.argmax(axis=0), rows))
    low = np.maximum.accumulate(np.where(some, rows - part[::-1].argmax(axis=0), 0))
    at = np.arange(columns)
    last = np.maximum.accumulate(np.where(some, at, -1))
    first = int(some.argmax())
    return np.maximum(last - first + 1, 0), np.maximum(low - top, 0)


def _cost(width: Sides, height: Sides, scale: float) -> npt.NDArray[np.float64]:
    """Give the cost of windows in pixels of small ones."""
    wide, high = (MULTIPLE * np.ceil(it * PIXELS * scale / MULTIPLE) for it in (width, height))
    area: npt.NDArray[np.float64] = wide * high
    dear: npt.NDArray[np.float64] = (
        area + (_LARGE - 1) * np.maximum(area - _SMALL, 0) + _CALL * (area > 0)
    )
    return dear
