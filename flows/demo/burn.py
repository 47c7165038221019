"""Draw text into an image the way workstations and digitisers burn it in."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from flows.demo.encode import Frame

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Text:
    """One line of burned-in text.

    Attributes:
        value: What is written.
        x: Left edge, as a part of the image's width.
        y: Top edge, as a part of the image's height.
        height: Font size in pixels.
        grey: Brightness, 1 is the brightest value the image can hold.
    """

    value: str
    x: float
    y: float
    height: int = 60
    grey: float = 1.0


def burn(frame: Frame, texts: Iterable[Text], peak: int) -> tuple[Box, ...]:
    """Draw lines of text into a grey frame in place; return their boxes (x0, y0, x1, y1).

    The font is the one OpenCV carries: it has å, ä and ö, and needs no file.
    """
    return tuple(_line(frame, text, peak) for text in texts)


def _line(frame: Frame, text: Text, peak: int) -> Box:
    rows, columns = frame.shape
    mask = np.zeros((text.height * 2, columns), np.uint8)
    baseline = int(text.height * 1.35)
    font = cv2.FontFace("sans")
    cv2.putText(mask, text.value, (0, baseline), (255,), font, text.height, 450)
    across = np.flatnonzero(mask.any(axis=0))
    down = np.flatnonzero(mask.any(axis=1))
    mask = mask[down[0] : down[-1] + 1, across[0] : across[-1] + 1]
    x = min(int(text.x * columns), columns - mask.shape[1])
    y = min(int(text.y * rows), rows - mask.shape[0])
    target = frame[y : y + mask.shape[0], x : x + mask.shape[1]]
    alpha = mask.astype(np.float32) / 255
    blended = target * (1 - alpha) + text.grey * peak * alpha
    target[...] = np.rint(blended).astype(frame.dtype)
    return x, y, x + mask.shape[1], y + mask.shape[0]
