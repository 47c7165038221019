"""One frame as people look at it: windowed as the header asks, small, with boxes drawn on it.

Nothing is blanked: whoever sees such a picture may see who it is of.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from deid.derived.grey import Level, modality_values, seen, voi
from deid.pixels.codecs import Layout, Pixel
from deid.pixels.gate import Grey
from deid.pixels.planes import COLOUR, YBR, luminance
from deid.ruling import Corners

Size = tuple[int, int]
LONGEST = 1600
"""Pixels of the longest side of a picture; a smaller frame is shown as it is."""

_BYTE = 8
_HIGHEST = 99.9  # percent: a bright clip must not darken all of an image without a window
_SIGHTLY = 3  # pixels between a box and what it is drawn around
_FONT, _SMALL = cv2.FONT_HERSHEY_SIMPLEX, 0.6


def picture(
    frame: Pixel,
    layout: Layout,
    header: Dataset,
    index: int,
    boxes: Sequence[tuple[str, Corners, tuple[int, int, int]]] = (),
) -> tuple[bytes, int, int]:
    """Draw a frame as a PNG.

    Args:
        frame: Rows by columns, or by samples where there are several.
        layout: How its pixels are stored.
        header: Where its window is.
        index: Which frame it is, from 0.
        boxes: What to draw: a word, four corners in pixels of the frame, and blue, green, red.

    Returns:
        The PNG, its width and its height in pixels.
    """
    scale = min(1.0, LONGEST / max(layout.rows, layout.columns))
    size = (max(1, round(layout.columns * scale)), max(1, round(layout.rows * scale)))
    canvas = _coloured(frame, layout, size)
    if canvas is None:
        grey = _grey(frame, layout, header, index, size)
        canvas = np.ascontiguousarray(np.repeat(grey[..., None], COLOUR, axis=2))
    for word, corners, colour in boxes:
        _draw(canvas, word, np.array(corners, np.float32) * scale, colour)
    done, data = cv2.imencode(".png", canvas, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not done:
        raise ValueError
    return data.tobytes(), size[0], size[1]


def _grey(frame: Pixel, layout: Layout, header: Dataset, index: int, size: Size) -> Grey:
    if layout.palette is not None:
        return _spread(_shrunk(luminance(frame, layout), size))
    values = _shrunk(_values(frame, layout), size)
    values = modality_values(values, header, index, signed=layout.signed)
    how = voi(header, index, signed=layout.signed)
    shown = _spread(values) if how is None else np.round(seen(values, how) * 255).astype(np.uint8)
    white_is_low = layout.photometric == "MONOCHROME1"
    return np.asarray(255 - shown, np.uint8) if white_is_low else shown


def _values(frame: Pixel, layout: Layout) -> npt.NDArray[np.int32]:
    """Read stored values as numbers, whatever lies in bits beyond Bits Stored."""
    values = frame.astype(np.int32) & ((1 << layout.stored) - 1)
    if layout.signed:
        values -= (values >> (layout.stored - 1)) << layout.stored
    return values


def _shrunk(values: npt.NDArray[Any], size: Size) -> Level:
    small = cv2.resize(values.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _spread(values: Level) -> Grey:
    low, high = float(values.min()), float(np.percentile(values, _HIGHEST))
    high = max(high, low + 1)
    return np.asarray(np.round(np.clip((values - low) / (high - low), 0, 1) * 255), np.uint8)


def _coloured(frame: Pixel, layout: Layout, size: Size) -> Grey | None:
    if frame.ndim != COLOUR:
        return None
    eight = (frame >> max(layout.stored - _BYTE, 0)).astype(np.uint8)
    small = cv2.resize(np.ascontiguousarray(eight), size, interpolation=cv2.INTER_AREA)
    if layout.photometric in YBR:
        crossed = np.ascontiguousarray(small[..., (0, 2, 1)])  # OpenCV has Cr before Cb
        return np.asarray(cv2.cvtColor(crossed, cv2.COLOR_YCrCb2BGR), np.uint8)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2BGR), np.uint8)


def _draw(canvas: Grey, word: str, corners: Level, colour: tuple[int, int, int]) -> None:
    middle = corners.mean(axis=0)
    outward = corners + np.sign(corners - middle) * _SIGHTLY
    cv2.polylines(canvas, [np.round(outward).astype(np.int32)], True, colour, 2, cv2.LINE_AA)  # noqa: FBT003 -- closed
    (wide, high), _ = cv2.getTextSize(word, _FONT, _SMALL, 2)
    x, y = outward[:, 0].max() + _SIGHTLY, outward[:, 1].min() + high
    at = (
        int(np.clip(x, 0, max(canvas.shape[1] - wide, 0))),
        int(np.clip(y, high, max(canvas.shape[0] - 1, high))),
    )
    cv2.putText(canvas, word, at, _FONT, _SMALL, colour, 2, cv2.LINE_AA)
