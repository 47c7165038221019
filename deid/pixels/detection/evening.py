"""A frame as if nothing had been cut out of it: the borders of blanked boxes look like letters.

What was blanked is filled with what is around it, before another eye looks. Only pixels that are
as the rest of their box are filled, so that whatever is left of a text stays as it is.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from deid.pixels.coding.arrays import Grey, Pixel
from deid.ruling import Corners

_SHRINK = 8
_BAND = 64 * _SHRINK  # rows that are worked on at a time
_FIRST = 3  # side of the first neighbourhood, in shrunk pixels; each next is twice as wide
_LEAST = 1e-6  # of a neighbourhood: what is seen of it
_GREY = ("uint8", "uint16", "int16")
_ROWS_AND_COLUMNS = 2

Map = npt.NDArray[np.float32]


def evened(frame: Pixel, boxes: Sequence[Corners]) -> Pixel:
    """Give a grey frame with its blanked boxes filled; any other frame as it is."""
    if frame.ndim != _ROWS_AND_COLUMNS or frame.dtype.name not in _GREY:
        return frame
    areas = [found for box in boxes if (found := _blanked(frame, box)) is not None]
    if not areas:
        return frame
    mask = np.zeros(frame.shape, np.uint8)
    for part, area in areas:
        mask[part] |= area
    around = _around(frame, mask)
    made = frame.copy()
    for part, area in areas:
        np.copyto(made[part], _shown(around, part), where=area > 0, casting="unsafe")
    return made


def _blanked(frame: Pixel, box: Corners) -> tuple[tuple[slice, slice], Grey] | None:
    """Give where a box is, and the pixels in it that have its value, 1 on 0."""
    corners = np.array(box, np.int32)
    left, top = np.maximum(corners.min(0), 0)
    right, bottom = np.minimum(corners.max(0) + 1, frame.shape[::-1])
    part = slice(int(top), int(bottom)), slice(int(left), int(right))
    inside = frame[part]
    if not inside.size:
        return None
    area = np.zeros(inside.shape, np.uint8)
    cv2.fillConvexPoly(area, corners - np.array((left, top), np.int32), 1)
    values, counts = np.unique(inside[area > 0], return_counts=True)
    if not len(values):
        return None
    return part, np.asarray(area & (inside == values[counts.argmax()]), np.uint8)


def _around(frame: Pixel, mask: Grey) -> Map:
    """Give the mean of what is not blanked, shrunk; where all is, of the nearest that is not."""
    size = tuple(-(-side // _SHRINK) for side in frame.shape)
    total, share = np.zeros(size, np.float32), np.zeros(size, np.float32)
    for top in range(0, frame.shape[0], _BAND):  # a frame as floats would be twice a frame
        part, row = slice(top, top + _BAND), slice(top // _SHRINK, (top + _BAND) // _SHRINK)
        known = (mask[part] == 0).astype(np.float32)
        total[row], share[row] = _shrunk(frame[part] * known), _shrunk(known)
    mean = np.where(share > 0, total / np.maximum(share, _LEAST), 0).astype(np.float32)
    missing, side = share == 0, _FIRST
    while missing.any() and side <= 4 * max(size):
        weight = cv2.blur(share, (side, side))
        wide = cv2.blur(total, (side, side)) / np.maximum(weight, _LEAST)
        found = missing & (weight > _LEAST)
        mean[found] = wide[found]
        missing &= ~found
        side = 2 * side + 1
    return mean


def _shrunk(band: Map) -> Map:
    """Shrink whole pixels; what lacks of the last ones is as what is there."""
    rows, columns = (-(-side // _SHRINK) for side in band.shape)
    below, right = rows * _SHRINK - band.shape[0], columns * _SHRINK - band.shape[1]
    full = cv2.copyMakeBorder(band, 0, below, 0, right, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(full, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)


def _shown(around: Map, part: tuple[slice, slice]) -> Map:
    """Give a part of the frame as it is around it."""
    (top, bottom), (left, right) = ((it.start, it.stop) for it in part)
    scale = 1 / _SHRINK
    middle = scale / 2 - 1 / 2
    turn = np.array(((scale, 0, left * scale + middle), (0, scale, top * scale + middle)))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = right - left, bottom - top
    shown = cv2.warpAffine(around, turn, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(shown, np.float32)
