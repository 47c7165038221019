"""Show what happened to an image: side by side as a PNG, and roughly in a terminal."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.encaps import get_frame
from pydicom.uid import HTJ2KLossless, JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless

from flows.demo.burn import Box

Grey = NDArray[np.uint8]
MAX_WIDTH, PANEL_HEIGHT = 1600, 1100
_GAP, _CAPTION = 16, 64
_AMBER = (255, 176, 0)
_DECODERS: dict[str, Callable[[bytes], Any]] = {
    JPEGLosslessSV1: imagecodecs.jpeg8_decode,
    JPEGLSLossless: imagecodecs.jpegls_decode,
    JPEG2000Lossless: imagecodecs.jpeg2k_decode,
    HTJ2KLossless: imagecodecs.jpeg2k_decode,
}


def before_after(
    original: Path,
    clean: Path | NDArray[Any],
    target: Path,
    boxes: Iterable[Box] = (),
    *,
    captions: tuple[str, str] = ("as exported", "de-identified"),
) -> Path:
    """Write a PNG with an image before and after, the blanked boxes outlined in both.

    Args:
        original: The exported object.
        clean: The de-identified object, or its pixels.
        target: The PNG to write, at most 1600 pixels wide.
        boxes: (x0, y0, x1, y1) in pixels of the image, the last row and column not included.
        captions: What stands over the two halves.
    """
    before = pixels(original)
    after = pixels(clean) if isinstance(clean, Path) else clean
    window = _window(before)
    panel = (MAX_WIDTH - 3 * _GAP) // 2
    scale = min(panel / before.shape[1], PANEL_HEIGHT / before.shape[0], 1.0)
    halves = [
        _panel(side, window, scale, tuple(boxes), caption)
        for side, caption in zip((before, after), captions, strict=True)
    ]
    height, width = halves[0].shape[:2]
    sheet = np.full((height + 2 * _GAP, 2 * width + 3 * _GAP, 3), 32, np.uint8)
    for place, half in enumerate(halves):
        left = _GAP + place * (width + _GAP)
        sheet[_GAP : _GAP + height, left : left + width] = half
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(cv2.imencode(".png", sheet[:, :, ::-1])[1].tobytes())
    return target


def terminal_picture(png: Path, width: int = 80) -> str:
    """Return a picture as lines of half blocks in 24-bit colour, for a terminal.

    Each character shows two pixels, one over the other; every line ends with a reset.
    """
    read: Any = cv2.imdecode(np.frombuffer(png.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    rows = max(2, round(read.shape[0] * width / read.shape[1]) // 2 * 2)
    small = cv2.resize(read, (width, rows), interpolation=cv2.INTER_AREA)[:, :, ::-1]
    return "\n".join(
        "".join(_cell(*above, *below) for above, below in zip(upper, lower, strict=True))
        + "\x1b[0m"
        for upper, lower in zip(small[::2].tolist(), small[1::2].tolist(), strict=True)
    )


def pixels(path: Path) -> NDArray[Any]:
    """Return the pixels of the first frame of an object, with the fastest decoder there is."""
    ds = dcmread(path)
    decode = _DECODERS.get(ds.file_meta.TransferSyntaxUID)
    if decode is None:
        array: NDArray[Any] = ds.pixel_array
        return array[0] if int(ds.get("NumberOfFrames") or 1) > 1 else array
    frames = int(ds.get("NumberOfFrames") or 1)
    frame: NDArray[Any] = decode(get_frame(ds.PixelData, 0, number_of_frames=frames))
    return frame


def _cell(*rgb: int) -> str:
    return "\x1b[38;2;{};{};{};48;2;{};{};{}m▀".format(*rgb)


def _window(frame: NDArray[Any]) -> tuple[float, float]:
    """Return black and white for display: all of the tissue, and text over it, stays visible."""
    seen = frame[::8, ::8]
    return float(np.percentile(seen, 2)), float(max(np.percentile(seen, 99.8), 1))


def _panel(
    frame: NDArray[Any],
    window: tuple[float, float],
    scale: float,
    boxes: tuple[Box, ...],
    caption: str,
) -> Grey:
    grey = frame if frame.ndim == 2 else frame.mean(axis=2)  # noqa: PLR2004 -- rows, columns
    size = (round(grey.shape[1] * scale), round(grey.shape[0] * scale))
    small = cv2.resize(grey.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    black, white = window
    shown = np.clip((small - black) / max(white - black, 1) * 255, 0, 255).astype(np.uint8)
    colour = np.repeat(shown[:, :, None], 3, axis=2)
    for x0, y0, x1, y1 in boxes:
        corners = [round(value * scale) for value in (x0, y0, x1, y1)]
        cv2.rectangle(colour, (corners[0] - 3, corners[1] - 3), (corners[2] + 2, corners[3] + 2),
                      _AMBER, 2)  # fmt: skip
    bar = np.full((_CAPTION, colour.shape[1], 3), 32, np.uint8)
    font = cv2.FontFace("sans")
    cv2.putText(bar, caption, (4, 44), (235, 235, 235), font, 34, 450)
    return np.vstack([bar, colour])
