"""Clear print followed past the ends that the network gave a line.

A network sees a line in windows, and may lose its first or last letters. Where print stands out
from all that is beside it, its columns say how far it goes; faint print is left to the margins of
a box, and what few letters would run into a marker.
"""

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from deid.pixels.coding.arrays import Plane
from deid.pixels.detection.text_reader import Line
from deid.pixels.detection.writing import Kind, Writing, share

_FARTHEST = 8.0  # heights past an end
_GAP = 1.1  # heights: a wider gap ends a line
_CLEAR = 4.0  # times the range of the columns beside it
_AS_MUCH = 0.5  # of the way from what is beside a line to what is in it
_LETTERS = 4  # fewer say too little of a line
_EDGE = 2  # columns: the last of a letter are half bright
_SAMPLE = 32  # rows that a line is brought to: more say no more

Columns = npt.NDArray[np.float32]


def follow(writings: tuple[Writing, ...], plane: Plane) -> tuple[Writing, ...]:
    """Lengthen lines of text to where their print ends, but into no marker; all else stays."""
    markers = [it.line for it in writings if it.kind is Kind.MARKER]
    return tuple(_followed(it, plane, markers) if _is_line(it) else it for it in writings)


def _is_line(it: Writing) -> bool:
    return it.kind is Kind.TEXT and it.letters >= _LETTERS


def _followed(it: Writing, plane: Plane, markers: list[Line]) -> Writing:
    longer = _lengthened(it.line, plane)
    met = any(share(marker, longer) > share(marker, it.line) for marker in markers)
    return it if met else replace(it, line=longer)


def _lengthened(line: Line, plane: Plane) -> Line:
    ranges = _ranges(line, plane)
    margin = round(_FARTHEST * _SAMPLE)
    inside = ranges[margin:-margin]
    outside = np.concatenate((ranges[:margin], ranges[-margin:]))
    outside = outside[outside >= 0]
    if not len(inside) or not len(outside):
        return line
    print_, ground = float(np.percentile(inside, 75)), float(np.percentile(outside, 25))
    if print_ < _CLEAR * max(ground, 1.0):
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


def _ranges(line: Line, plane: Plane) -> Columns:
    """Give the range of each column of a line and past its ends; -1 beyond the picture."""
    scale = _SAMPLE / line.height
    wide = round((line.length + 2 * _FARTHEST * line.height) * scale)
    longer = line.grown(_FARTHEST * line.height, 0.0)
    corners = longer.corners()
    rows, columns = plane.shape
    left, top = (max(int(it), 0) for it in corners.min(axis=0))
    right = min(int(corners[:, 0].max()) + 2, columns)
    bottom = min(int(corners[:, 1].max()) + 2, rows)
    part = plane[top:bottom, left:right].astype(np.float32)
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
