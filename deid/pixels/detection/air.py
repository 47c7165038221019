"""Where a picture shows nothing: the air around the breast."""

import cv2
import numpy as np
import numpy.typing as npt

from deid.pixels.detection.relief import Relief

_SHRINK = 8  # of the half picture
_LEVELS = 256
_END = 0.12  # of the range: air is the darkest of it, or the lightest
_SOME = 0.04  # of the pixels: less is no air
_APART = 0.02  # of the range: what differs more from air is none
_OPEN = np.ones((5, 5), np.uint8)

Inside = npt.NDArray[np.bool_]


def find_breast(relief: Relief) -> Inside:
    """Give where the breast is, at a sixteenth of the plane; everywhere if there is no air.

    Air is a level that many pixels have, at the dark end of the range, or else at the light one.
    Otsu's threshold would count the thin zone under the skin as air.
    """
    height, width = (max(1, side // _SHRINK) for side in relief.half.shape)
    level = cv2.resize(relief.half, (width, height), interpolation=cv2.INTER_AREA)
    low, high = int(level.min()), int(level.max())
    span = max(1, high - low)
    counts, edges = np.histogram(level, _LEVELS, (low, low + span))
    end = int(_END * _LEVELS)
    peaks = int(counts[:end].argmax()), _LEVELS - end + int(counts[-end:].argmax())
    ends = [at for at in peaks if counts[max(0, at - 1) : at + 2].sum() >= _SOME * level.size]
    if not ends:
        return np.ones(level.shape, bool)
    most = ends[0]
    air = (edges[most] + edges[most + 1]) / 2
    other = (np.abs(level - air) > _APART * span).astype(np.uint8)
    # Letters and rims are thin, or small beside a breast.
    opened = cv2.morphologyEx(other, cv2.MORPH_OPEN, _OPEN)
    count, parts, boxes, _ = cv2.connectedComponentsWithStats(opened)
    if count == 1:
        return np.zeros(level.shape, bool)
    return np.asarray(parts == 1 + int(boxes[1:, cv2.CC_STAT_AREA].argmax()), bool)


def lies_inside(inside: Inside, centre: tuple[float, float]) -> bool:
    """Tell whether a place in pixels of the plane lies in the breast."""
    row = min(int(centre[1] / (2 * _SHRINK)), inside.shape[0] - 1)
    column = min(int(centre[0] / (2 * _SHRINK)), inside.shape[1] - 1)
    return bool(inside[max(0, row), max(0, column)])
