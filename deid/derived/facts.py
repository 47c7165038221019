"""What the pixels tell: numbers and flags, to search by and to report."""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from pydicom.dataset import Dataset

from deid.attributes import first_item, group
from deid.derived.breast import Breast, find_breast
from deid.derived.shown import Shown, enlarge
from deid.derived.side import Side, find_side
from deid.derived.spacing import Spacing, find_spacing
from deid.facts import dates_disagree
from deid.pixels.coding.arrays import Grey, Pixel
from deid.values import value_of

_ORIENTATION, _INTENT = 0x00200020, 0x00080068
_IMAGE_LATERALITY, _LATERALITY, _FRAME_LATERALITY = 0x00200062, 0x00200060, 0x00209072
_FRAME_ANATOMY = 0x00209071
PROCESSING = "FOR PROCESSING"
_SATURATED = 0.005  # of the breast
_CLIPPED = 0.005  # of the breast without its rim
_LEAST = 0.03  # of the frame: the smallest breasts take some 5 %
_MOST = 0.97
_FLAT = 0.05  # of the values in use: from the darkest to the brightest tissue
_STRIDE = 4


class Flag(StrEnum):
    """What whoever uses an image should know about it; nothing else is ever flagged."""

    SATURATED = "saturated"
    CLIPPED = "clipped black"
    LOW_CONTRAST = "low contrast"
    CUT = "breast cut off"
    NO_AIR = "no air seen"
    NEARLY_EMPTY = "nearly empty"
    MASK_UNCERTAIN = "mask uncertain"
    LATERALITY = "laterality disagrees"
    ORIENTATION = "orientation disagrees"
    NO_SPACING = "no pixel spacing"
    DATES = "dates disagree"


@dataclass(frozen=True)
class PixelFacts:
    """What was measured in one frame.

    Attributes:
        breast_area_mm2: None without a breast or a pixel spacing.
        breast_share: Of the frame, 0 to 1.
        laterality: "L", "R", or empty where the pixels do not say.
        laterality_agrees: With the header; None if either does not say.
        saturated_share: Of the breast, 0 to 1: pixels at the last value towards dense tissue.
        flags: Values of `Flag`, in its order.
    """

    breast_area_mm2: float | None
    breast_share: float
    laterality: str
    laterality_agrees: bool | None
    saturated_share: float
    flags: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Measured:
    """The facts, and what else was found on the way.

    Attributes:
        facts: The numbers and flags.
        mask: 1 in the breast, at the size of the frame.
        breast: The same at the scale of the small picture.
        spacing: What the area was computed with.
    """

    facts: PixelFacts
    mask: Grey
    breast: Breast
    spacing: Spacing | None


def measure(shown: Shown) -> Measured:
    """Measure one frame."""
    header = shown.parsed.header
    usual = shown.layout.photometric != "MONOCHROME1"
    breast = find_breast(shown.small, shown.small_padding, bright=usual)
    presented = value_of(header, _INTENT).upper() != PROCESSING
    side = find_side(breast, value_of(header, _ORIENTATION), presented=presented)
    mask = enlarge(shown, breast.mask)
    pixels = int(np.count_nonzero(mask))
    spacing = find_spacing(header, shown.index)
    said = header_laterality(header, shown.index)
    agrees = side.laterality == said if side.laterality and said else None
    tones = _tones(shown.values, mask, bright=breast.bright)
    share = pixels / mask.size
    found = _of_the_mask(breast, side, share) | tones.flags
    found |= {Flag.LATERALITY} if agrees is False else set()
    found |= {Flag.NO_SPACING} if spacing is None else set()
    found |= {Flag.DATES} if dates_disagree(header) else set()
    facts = PixelFacts(
        breast_area_mm2=pixels * spacing.rows * spacing.columns if spacing and pixels else None,
        breast_share=share,
        laterality=side.laterality,
        laterality_agrees=agrees,
        saturated_share=tones.saturated,
        flags=tuple(flag.value for flag in Flag if flag in found),
    )
    return Measured(facts, mask, breast, spacing)


def header_laterality(header: Dataset, frame: int) -> str:
    """Give the side the header names, "L" or "R"; empty for both or none."""
    anatomy = group(header, _FRAME_ANATOMY, frame) or first_item(header, _FRAME_ANATOMY)
    words = [value_of(header, _IMAGE_LATERALITY), value_of(header, _LATERALITY)]
    words.insert(1, value_of(anatomy, _FRAME_LATERALITY) if anatomy is not None else "")
    word = next((word.upper() for word in words if word), "")
    return word if word in {"L", "R"} else ""


def _of_the_mask(breast: Breast, side: Side, share: float) -> set[Flag]:
    """Give the flags that the mask alone raises."""
    if share < _LEAST:
        return {Flag.NEARLY_EMPTY}
    said = {
        Flag.CUT: side.cut,
        Flag.NO_AIR: not breast.air,
        Flag.MASK_UNCERTAIN: breast.doubtful or share > _MOST,
        Flag.ORIENTATION: side.disoriented,
    }
    return {flag for flag, raised in said.items() if raised}


@dataclass(frozen=True)
class _Tones:
    saturated: float = 0.0
    flags: frozenset[Flag] = frozenset()


def _tones(values: Pixel, mask: Grey, *, bright: bool) -> _Tones:
    """Look at the values in the breast, of every fourth pixel of every fourth row."""
    stride = max(1, min(_STRIDE, min(values.shape) // 64))
    sample, within = values[::stride, ::stride], mask[::stride, ::stride]
    tissue = sample[within > 0]
    if not tissue.size:
        return _Tones()
    low, high = float(sample.min()), float(sample.max())
    black, white = (low, high) if bright else (high, low)
    saturated = float((tissue == white).mean())
    rim = np.ones((9, 9), np.uint8)
    inner = sample[cv2.erode(within, rim) > 0]
    clipped = float((inner == black).mean()) if inner.size else 0.0
    spread = float(np.subtract(*np.percentile(tissue, (95, 5))))
    said = {
        Flag.SATURATED: saturated > _SATURATED and high > low,
        Flag.CLIPPED: clipped > _CLIPPED and high > low,
        Flag.LOW_CONTRAST: spread <= _FLAT * (high - low),
    }
    return _Tones(saturated, frozenset(flag for flag, raised in said.items() if raised))
