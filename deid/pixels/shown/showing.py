"""One frame as people look at it: windowed as the header asks, small, with boxes drawn on it.

Nothing is blanked: whoever sees such a picture may see who it is of.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from deid.pixels.coding.arrays import Grey, Pixel
from deid.pixels.coding.codecs import Layout
from deid.pixels.coding.planes import COLOUR, as_meant, blue_green_red, luminance
from deid.pixels.coding.voi import Level, modality_values, seen, voi
from deid.ruling import Corners

Size = tuple[int, int]
LONGEST = 1600
"""Pixels of the longest side of a picture; a smaller frame is shown as it is."""

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
    values = _shrunk(as_meant(frame, layout), size)
    values = modality_values(values, header, index, signed=layout.signed)
    how = voi(header, index, signed=layout.signed)
    shown = _spread(values) if how is None else np.round(seen(values, how) * 255).astype(np.uint8)
    white_is_low = layout.photometric == "MONOCHROME1"
    return np.asarray(255 - shown, np.uint8) if white_is_low else shown


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
    small = cv2.resize(blue_green_red(frame, layout), size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


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
