"""Where a network should look: local normalisation, and the places with steep, dense edges.

Print is steep: a stroke goes from one level to another within two pixels, many times in a
small area. Breast tissue on film and detector is blurred. A fifth to a third of an image is left.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.int16]
Grey = npt.NDArray[np.uint8]
Window = tuple[int, int, int, int]

_CELL = 16
_TILE = 320
_STEP = 256
_MARGIN = 2  # cells of surroundings around what is steep
_SPREAD = 4.0  # standard deviations from grey to black or white
_FLOOR = 0.009  # of the range: weaker structure than this is noise
_CEILING = 0.4  # of the range: the white border of a film must not swallow the text on it


@dataclass(frozen=True)
class Sight:
    """An operating point: how an eye looks.

    Attributes:
        fine: Scale at which lines of text are looked for.
        coarse: Scale at which large lettering (lead markers) is looked for.
        window: Side of the local normalisation, in pixels of the scaled picture.
        steepness: Grey levels within 3 by 3 pixels that make an edge.
        crowd: Edge pixels in a 16 by 16 cell that make it worth a look.
        threshold: Text probability from which a pixel counts.
        score: Mean probability from which a line counts.
    """

    fine: float
    coarse: float
    window: int
    steepness: int
    crowd: int
    threshold: float
    score: float


FIRST = Sight(fine=1 / 2, coarse=1 / 8, window=48, steepness=70, crowd=16, threshold=0.2, score=0.4)
SECOND = Sight(
    fine=2 / 5, coarse=1 / 9, window=40, steepness=75, crowd=16, threshold=0.3, score=0.6
)


def normalise(plane: Plane, scale: float, window: int, *, ceiling: float = _CEILING) -> Grey:
    """Shrink a plane and bring every neighbourhood to the same brightness and contrast.

    Args:
        plane: Rows by columns.
        scale: Of the result, at most 1.
        window: Side of a neighbourhood in pixels of the result.
        ceiling: Share of the range that is always enough for black or white.
    """
    size = (max(1, round(plane.shape[1] * scale)), max(1, round(plane.shape[0] * scale)))
    small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    level = small.astype(np.float32)
    span = float(level.max() - level.min()) + 1e-3
    mean = cv2.blur(level, (window, window))
    variance = cv2.blur(level * level, (window, window)) - mean * mean
    reach = _SPREAD * np.sqrt(np.maximum(variance, 0)) + _FLOOR * span
    np.minimum(reach, ceiling * span, out=reach)
    return np.clip((level - mean) / reach * 127 + 128, 0, 255).astype(np.uint8)


def windows(picture: Grey, *, steepness: int, crowd: int) -> tuple[Window, ...]:
    """Give the windows (left, top, right, bottom) of a picture where text may stand."""
    edges = cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    height, width = picture.shape
    steep = (edges > steepness).astype(np.float32)
    pad = cv2.copyMakeBorder(steep, 0, -height % _CELL, 0, -width % _CELL, cv2.BORDER_CONSTANT)
    rows, columns = pad.shape[0] // _CELL, pad.shape[1] // _CELL
    count = pad.reshape(rows, _CELL, columns, _CELL).sum(axis=(1, 3))
    cells = (count >= crowd).astype(np.uint8)
    side = 2 * _MARGIN + 1
    near = cv2.dilate(cells, np.ones((side, side), np.uint8)).astype(np.uint8)
    found = []
    for top in range(0, rows, _STEP // _CELL):
        for left in range(0, columns, _STEP // _CELL):
            window = _tight(near, top, left)
            if window is not None:
                x0, y0, x1, y1 = window
                found.append((x0, y0, min(x1, width), min(y1, height)))
    return tuple(found)


def _tight(near: Grey, top: int, left: int) -> Window | None:
    """Shrink a tile to what is near an edge in it; None if nothing is."""
    size = _TILE // _CELL
    part = near[top : top + size, left : left + size]
    x, y, w, h = cv2.boundingRect(part)
    if not w or not h:
        return None
    return (
        (left + x) * _CELL,
        (top + y) * _CELL,
        (left + x + w) * _CELL,
        (top + y + h) * _CELL,
    )
