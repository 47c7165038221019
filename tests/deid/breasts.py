"""Breasts whose outline is known, as different devices would have stored them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
ROWS, COLUMNS = 1024, 832


@dataclass(frozen=True)
class Phantom:
    """Stored values, the true mask, and what the header has to say of them."""

    values: Array
    mask: Array
    header: dict[str, Any]


def outline(*, oblique: bool = False, height: float = 0.37, depth: float = 0.6) -> Array:
    """A left breast: its chest wall is on the left; oblique ones have a muscle and an armpit."""
    y, x = np.mgrid[0:ROWS, 0:COLUMNS].astype(np.float32)
    mask = ((y / ROWS - 0.52) / height) ** 2 + (x / COLUMNS / depth) ** 2 < 1
    if oblique:
        mask |= x / COLUMNS < 0.42 - 0.30 * y / ROWS
    nipple = (y / ROWS - 0.52) ** 2 + (0.8 * (x / COLUMNS - depth)) ** 2 < 0.025**2
    return np.asarray(mask | nipple)


def tissue(mask: Array, *, seed: int = 0) -> Array:
    """How much there is in the way of the X-rays, 0 to 1: rises within a thin skin zone."""
    generator = np.random.default_rng(seed)
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 200, 1, cv2.BORDER_REPLICATE)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 200:-1]
    rim = np.clip(distance / 60, 0, 1) ** 0.5
    coarse = generator.normal(0, 1, (ROWS // 64, COLUMNS // 64)).astype(np.float32)
    glands = cv2.resize(coarse, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.where(mask, rim * (0.45 + 0.12 * glands.clip(-2, 2)), 0).clip(0, 1))


def presented(
    mask: Array, *, air: float = 0, noise: float = 6, bits: int = 12, seed: int = 0
) -> Array:
    """For presentation: bright where there is much."""
    top = (1 << bits) - 1
    values = air + (0.08 * mask + tissue(mask, seed=seed)) * 0.8 * top
    values += np.random.default_rng(seed + 1).normal(0, noise, mask.shape)
    return np.asarray(values.clip(0, top).astype(np.uint16))


def raw(mask: Array, *, heel: float = 0.07, seed: int = 0) -> Array:
    """For processing: proportional to the dose, shaded by the heel of the tube, and noisy."""
    y, x = np.mgrid[-1 : 1 : ROWS * 1j, -1 : 1 : COLUMNS * 1j]
    dose = 11000 * (1 - heel * y**2 - heel * (x + 1) ** 2 / 4)
    values = dose * np.exp(-(0.15 * mask + 3.2 * tissue(mask, seed=seed)))
    values += np.random.default_rng(seed + 1).normal(0, 1, mask.shape) * np.sqrt(values)
    return np.asarray(values.clip(0, 16383).astype(np.uint16))


def with_marker(values: Array, level: int) -> Array:
    """Lead letters and a label in the air."""
    drawn = np.zeros(values.shape, np.uint8)
    cv2.putText(drawn, "L CC", (600, 120), cv2.FONT_HERSHEY_SIMPLEX, 2.0, 255, 14)
    drawn[900:990, 620:800] = 255
    return np.where(drawn > 127, np.uint16(level), values)


def _oblique() -> Phantom:
    mask = outline(oblique=True)
    return Phantom(with_marker(presented(mask), 4000), mask, {})


def _inverse() -> Phantom:
    mask = outline()
    values = with_marker(presented(mask), 4000)
    return Phantom(4095 - values, mask, {"PhotometricInterpretation": "MONOCHROME1"})


def _raw() -> Phantom:
    mask = outline(oblique=True)
    values = with_marker(raw(mask), 300)
    header = {"PresentationIntentType": "FOR PROCESSING", "PixelIntensityRelationship": "LIN"}
    return Phantom(values, mask, {"BitsStored": 14, **header})


def _surrounded() -> Phantom:
    """Collimated to a rectangle, white around it."""
    mask = outline()
    values = presented(mask)
    field = np.zeros(mask.shape, bool)
    field[90:-110, 40:-150] = True
    values[~field] = 4095
    return Phantom(values, mask & field, {})


def _padded() -> Phantom:
    """The air is cut away and declared to be no image; inverse, so padding is white."""
    mask = outline()
    values = 4095 - presented(mask)
    values[~mask] = 0
    header = {"PhotometricInterpretation": "MONOCHROME1", "PixelPaddingValue": 0}
    return Phantom(values, mask, header)


def _scanned() -> Phantom:
    """A film: fog, a light border on top and at the sides, black corners."""
    mask = outline()
    values = with_marker(presented(mask, air=60, noise=10), 4000)
    values[:14], values[-9:] = 3900, 3600
    values[:, :10], values[:, -12:] = 2500, 3000
    glow = np.linspace(900, 0, 40).astype(np.uint16)
    values[:, 12:52] = np.maximum(values[:, 12:52], glow)
    return Phantom(values, mask, {})


def _saturated() -> Phantom:
    """The muscle is white to the last bit, and touches two borders."""
    mask = outline(oblique=True)
    values = presented(mask)
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    values[x / COLUMNS < 0.33 - 0.35 * y / ROWS] = 4095
    return Phantom(values, mask, {})


def _implant() -> Phantom:
    mask = outline(height=0.42, depth=0.7)
    values = presented(mask)
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    values[((y / ROWS - 0.52) / 0.3) ** 2 + (x / COLUMNS / 0.45) ** 2 < 1] = 3800
    return Phantom(values, mask, {})


PHANTOMS: dict[str, Callable[[], Phantom]] = {
    "cranio-caudal": lambda: Phantom(presented(outline()), outline(), {}),
    "oblique, with marker and label": _oblique,
    "small": lambda: Phantom(presented(mask := outline(height=0.16, depth=0.2)), mask, {}),
    "large": lambda: Phantom(presented(mask := outline(height=0.5, depth=0.93)), mask, {}),
    "inverse": _inverse,
    "for processing": _raw,
    "surrounded by white": _surrounded,
    "padded, inverse": _padded,
    "scanned film": _scanned,
    "saturated muscle": _saturated,
    "implant": _implant,
    "very noisy": lambda: Phantom(presented(outline(), air=600, noise=200), outline(), {}),
    "noisy": lambda: Phantom(presented(outline(), air=120, noise=45), outline(), {}),
}


def dice(found: Array, true: Array) -> float:
    """Share of agreement of two masks."""
    return float(2 * np.count_nonzero((found > 0) & true) / (np.count_nonzero(found) + true.sum()))
