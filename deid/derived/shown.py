"""The one frame of a clean image that is measured and shown, at three sizes."""

from dataclasses import dataclass
from typing import BinaryIO

import cv2
import numpy as np

from deid.attributes import stored_number
from deid.pixels.coding.arrays import Grey, Pixel, Plane
from deid.pixels.coding.codecs import Layout
from deid.pixels.coding.frames import locate_frames
from deid.pixels.coding.planes import COLOUR, load_frame, luminance, stored_values, whole_colours
from deid.source import Parsed

_PADDING, _PADDING_LIMIT = 0x00280120, 0x00280121
_BASE = 1024  # pixels of the longest side that the base has at least, if the frame has them
_SMALL = 512


@dataclass(frozen=True, repr=False)
class Shown:
    """One frame, and the same shrunk by whole factors.

    Attributes:
        parsed: The object it is of.
        layout: How its pixels are stored.
        index: Which frame, from 0.
        values: Rows by columns of stored values; of colours, their luminance.
        base: The frame shrunk so that its longest side is 1024 to 2047, or as it is. Colours
            stay colours.
        small: Luminance or values, shrunk to a longest side of 512 to 1023, or as it is.
        base_padding: Where the base is Pixel Padding Value (PS3.3 §C.7.5.1.1.2), 1 or 0.
        base_factor: Pixels of the frame that one of the base stands for, along one side.
        small_factor: The same of the small picture.
    """

    parsed: Parsed
    layout: Layout
    index: int
    values: Plane
    base: Pixel
    small: Plane
    base_padding: Grey
    base_factor: int
    small_factor: int

    @property
    def small_padding(self) -> Grey:
        """Where the small picture is padding."""
        step = self.small_factor // self.base_factor
        rows, columns = self.small.shape
        return self.base_padding[::step, ::step][:rows, :columns]


def load_shown(reader: BinaryIO, parsed: Parsed) -> Shown:
    """Load the middle frame of an object; no other frame is read.

    Of a tomosynthesis the middle slice holds most breast and the fewest artefacts.

    Raises:
        UnreadableError: Its offset table is none.
        SuspectError: The frame cannot be decoded.
    """
    frames = locate_frames(reader, parsed)
    layout = frames.layout
    index = layout.frames // 2
    frame = load_frame(reader, frames.places[index], parsed, layout)
    mono = frame.ndim != COLOUR
    values = stored_values(frame, layout) if mono else luminance(frame, layout)
    if layout.palette is not None:
        values = luminance(frame, layout)
    longest = max(layout.rows, layout.columns)
    factor = max(1, longest // _BASE)
    base = _shrink(values if mono else whole_colours(frame, layout), factor)
    grey = base if mono else _shrink(values, factor)
    step = 2 if max(grey.shape) >= 2 * _SMALL else 1
    padding = _padding(parsed, layout, values[::factor, ::factor])
    return Shown(
        parsed=parsed,
        layout=layout,
        index=index,
        values=values,
        base=base,
        small=_shrink(grey, step),
        base_padding=padding[: grey.shape[0], : grey.shape[1]],
        base_factor=factor,
        small_factor=factor * step,
    )


def enlarge(shown: Shown, small: Grey) -> Grey:
    """Bring a mask (1 and 0) from the small picture to the size of the frame."""
    factor = shown.small_factor
    rows, columns = small.shape
    size = (columns * factor, rows * factor)
    if factor > 1:
        grey = cv2.resize(small * np.uint8(255), size, interpolation=cv2.INTER_LINEAR)
        small = (grey > 127).view(np.uint8)  # noqa: PLR2004 -- half
    below, right = shown.layout.rows - size[1], shown.layout.columns - size[0]
    if below or right:  # less than one small pixel
        small = cv2.copyMakeBorder(small, 0, below, 0, right, cv2.BORDER_REPLICATE).view(np.uint8)
    return small


def _shrink(picture: Pixel, factor: int) -> Pixel:
    """Average whole squares; what does not fill one at the end is left out, if one is left."""
    if factor == 1:
        return picture
    height, width = (max(1, side // factor) for side in picture.shape[:2])
    whole = picture[: height * factor, : width * factor]
    return cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)


def _padding(parsed: Parsed, layout: Layout, values: Plane) -> Grey:
    """Mark the pixels that are no image (PS3.3 §C.7.5.1.1.2)."""
    one = stored_number(parsed.header, _PADDING, signed=layout.signed)
    if one is None or layout.samples > 1 or layout.palette is not None:
        return np.zeros(values.shape, np.uint8)
    limit = stored_number(parsed.header, _PADDING_LIMIT, signed=layout.signed)
    low, high = sorted((one, one if limit is None else limit))
    return ((values >= low) & (values <= high)).view(np.uint8)
