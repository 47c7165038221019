"""What to blank in a frame, and with what."""

import cv2
import numpy as np
import numpy.typing as npt

from deid.pixels.codecs import Layout, Pixel
from deid.pixels.gate import Grey
from deid.pixels.planes import COLOUR, YBR, luminance
from deid.pixels.text_reader import Line
from deid.pixels.writing import Kind, Writing
from deid.ruling import Corners

# Margins in heights of the line: along it a letter may have been missed, across it a ring.
_ALONG = 1.0
_ACROSS = 0.15
_MARKER_MARGIN = 0.1
_GAP = 256  # samples: nearer stretches are written as one, rows of a box are not


def draw_boxes(writings: tuple[Writing, ...], shape: tuple[int, int]) -> tuple[Grey, list[Corners]]:
    """Draw what to blank, 1 on 0; margins spare markers, text itself spares nothing."""
    texts = [writing.line for writing in writings if writing.kind is Kind.TEXT]
    boxes = [line.grown(_ALONG * line.height, _ACROSS * line.height) for line in texts]
    mask = np.zeros(shape, np.uint8)
    if not boxes:
        return mask, []
    corners = [_corners(box) for box in boxes]
    _draw(mask, corners, 1)
    kept = [writing.line for writing in writings if writing.kind is Kind.MARKER]
    margins = [_MARKER_MARGIN * line.height for line in kept]
    spared = [line.grown(margin, margin) for line, margin in zip(kept, margins, strict=True)]
    _draw(mask, [_corners(line) for line in spared], 0)
    _draw(mask, [_corners(line) for line in texts], 1)
    return mask, [tuple((int(x), int(y)) for x, y in four) for four in corners]


def _draw(mask: Grey, polygons: list[npt.NDArray[np.int32]], value: int) -> None:
    """Fill polygons one by one: together, OpenCV leaves out where two overlap."""
    for polygon in polygons:
        cv2.fillConvexPoly(mask, polygon, value)


def _corners(line: Line) -> npt.NDArray[np.int32]:
    return np.round(line.corners()).astype(np.int32)


def fill(frame: Pixel, blank: Grey, layout: Layout) -> None:
    """Fill with the darkest value of the frame: air, or padding where there is some."""
    inside = blank.astype(bool)
    if frame.ndim == COLOUR:
        middle = 1 << (layout.stored - 1)
        ybr = layout.photometric in YBR
        frame[inside] = (0, middle, middle) if ybr else (0, 0, 0)
        return
    plane = luminance(frame, layout)
    frame[inside] = frame.flat[int(plane.argmin())]


def stretches(frame: Pixel, blank: Grey, layout: Layout) -> tuple[tuple[int, bytes], ...]:
    """Give the blanked stretches of a native frame as byte offset in it and bytes."""
    inside, stored = blank.astype(bool), frame
    if frame.ndim == COLOUR:
        inside = np.broadcast_to(inside[..., None], frame.shape)
        if layout.planar:
            inside, stored = np.moveaxis(inside, -1, 0), np.moveaxis(frame, -1, 0)
    at = np.flatnonzero(inside)
    breaks = np.flatnonzero(np.diff(at) > _GAP)
    firsts = at[np.concatenate(([0], breaks + 1))]
    lasts = at[np.concatenate((breaks, [len(at) - 1]))] + 1
    flat = np.ascontiguousarray(stored).reshape(-1)
    return tuple(
        (int(first) * frame.itemsize, flat[first:last].tobytes())
        for first, last in zip(firsts, lasts, strict=True)
    )
