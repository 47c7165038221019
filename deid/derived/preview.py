"""Small pictures of an image for search results, as a reader would see it.

They are shrunk first and windowed after, which takes a twentieth of the time. A PNG of them holds
nothing but the picture.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from deid.derived.breast import Breast, Where
from deid.derived.facts import PROCESSING
from deid.derived.shown import Shown
from deid.pixels.coding.arrays import Grey
from deid.pixels.coding.planes import COLOUR, blue_green_red
from deid.pixels.coding.voi import Level, modality_values, seen, voi
from deid.values import value_of

SIZES = (1024, 512, 256)
_INTENT, _SHAPE, _RELATION = 0x00080068, 0x20500020, 0x00281040
_DARK, _BRIGHT = 1.0, 99.5  # percentiles of tissue
_GREYS = (0.02, 0.98)
_SHOWN = 0.02  # of the tissue: with less between black and white a window is of no use


@dataclass(frozen=True, repr=False)
class Preview:
    """One picture.

    Attributes:
        size: What its longest side was asked to be; smaller images are not enlarged.
        width: Pixels in a row.
        height: Rows.
        data: PNG, 8 bits, grey or RGB.
    """

    size: int
    width: int
    height: int
    data: bytes


def make_previews(shown: Shown, breast: Breast) -> tuple[Preview, ...]:
    """Make the pictures of a frame, the largest first."""
    coloured = shown.base.ndim == COLOUR
    picture = blue_green_red(shown.base, shown.layout) if coloured else _greys(shown, breast)
    made = []
    for size in SIZES:
        picture = _fit(picture, size)
        ok, data = cv2.imencode(".png", picture)
        if not ok:  # pragma: no cover -- it encodes every array of 8 bits
            raise AssertionError
        made.append(Preview(size, picture.shape[1], picture.shape[0], data.tobytes()))
    return tuple(made)


def _fit(picture: Grey, size: int) -> Grey:
    height, width = picture.shape[:2]
    share = size / max(height, width)
    if share >= 1:
        return picture
    smaller = (max(1, round(width * share)), max(1, round(height * share)))
    return cv2.resize(picture, smaller, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _greys(shown: Shown, breast: Breast) -> Grey:
    """Window a base of one sample; black on padding."""
    header, layout = shown.parsed.header, shown.layout
    values = shown.base.astype(np.float32)
    processing = value_of(header, _INTENT).upper() == PROCESSING
    tissue = _tissue(shown, breast)
    if layout.palette is None:
        values = modality_values(values, header, shown.index, signed=layout.signed)
    grey = None
    how = voi(header, shown.index, signed=bool(values.min() < 0))
    if how is not None and not processing and layout.palette is None:
        grey = seen(values, how)
        within = grey[tissue]
        if ((within > _GREYS[0]) & (within < _GREYS[1])).mean() < _SHOWN:
            grey = None
    inverse = layout.photometric == "MONOCHROME1" or value_of(header, _SHAPE) == "INVERSE"
    if grey is None:
        inverse = not breast.bright if processing else inverse
        dose = processing and inverse and value_of(header, _RELATION).upper() != "LOG"
        grey = _stretched(_depth(values) if dose else values, tissue, inverse=inverse)
    elif inverse:
        grey = 1 - grey
    picture = np.rint(grey * 255).astype(np.uint8)
    picture[shown.base_padding > 0] = 0
    return picture


def _tissue(shown: Shown, breast: Breast) -> Where:
    """Mark the breast in the base; everything but padding if there is no breast."""
    size = (shown.base.shape[1], shown.base.shape[0])
    mask = cv2.resize(breast.mask, size, interpolation=cv2.INTER_NEAREST) > 0
    valid = shown.base_padding == 0
    if (mask & valid).any():
        return np.asarray(mask & valid)
    return np.asarray(valid if valid.any() else ~valid)


def _depth(values: Level) -> Level:
    """Take the logarithm of values proportional to the dose behind the breast.

    So are those of an image for processing whose air is bright, unless it says that they are
    logarithms already (Pixel Intensity Relationship, PS3.3 §C.8.11.3.1.2).
    """
    return np.asarray(np.log(np.maximum(values - min(float(values.min()), 0.0), 0) + 1))


def _stretched(values: Level, tissue: Where, *, inverse: bool) -> Level:
    """Stretch the tissue over all greys."""
    values = -values if inverse else values
    low, high = (float(it) for it in np.percentile(values[tissue], (_DARK, _BRIGHT)))
    return np.asarray(np.clip((values - low) / max(high - low, 1e-6), 0, 1), np.float32)
