"""Where the breast is: everything that is not air, of one piece, and touches the chest wall.

Air is what owns most of the border of the picture. That holds whether the breast is bright or
dark (FOR PROCESSING, MONOCHROME1), and whatever markers and labels are in the air. The threshold
lies just beyond the air's own noise, not in the middle between air and tissue as Otsu's does,
which takes the thin skin for air.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from deid.derived.field import Field, find_field
from deid.pixels.coding.arrays import Grey, Plane

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813 -- as all who use it

Level = npt.NDArray[np.float32]
Where = npt.NDArray[np.bool_]

_INSET, _RING = 0.015, 0.045  # of the shorter side: the ring that is asked what air is
_BINS = 128
_NEAR = 0.03  # of the span: as the air, noise and shading included
_LEAST_AIR = 0.2  # of the ring: less is no air but the most frequent tissue
_STEP = 0.015  # of the span: what differs from air by less is air
_NOISES = 5.0
_STRIP = 0.04  # of the shorter side: half the width of film borders, letters and scratches
_THRESHOLDS = (1.0, 2.0, 4.0)  # steps
_STABLE = 0.08  # of the area: what the next threshold may take off
_SOLID = 0.75  # of its convex hull; breasts with a fold below are at 0.85 and more
_SAMPLES = 4000


@dataclass(frozen=True, repr=False)
class Breast:
    """What was found at the scale of the small picture.

    Attributes:
        mask: 1 in the breast.
        field: The part of the picture that was exposed and is no frame around it.
        bright: The breast has higher stored values than air.
        air: There was air beside the breast.
        doubtful: A little more or less contrast would have given another mask.
    """

    mask: Grey
    field: Field
    bright: bool
    air: bool
    doubtful: bool


@dataclass(frozen=True)
class _Air:
    """Level and noise of air, the span of the picture, and whether tissue has higher values."""

    level: float
    noise: float
    span: float
    bright: bool


def find_breast(small: Plane, padding: Grey, *, bright: bool) -> Breast:
    """Find the breast in a small picture.

    Args:
        small: Rows by columns of stored values.
        padding: 1 where the picture is declared to be none.
        bright: Whether tissue has high values, for pictures whose air is all padding.
    """
    field = find_field(small, padding)
    view = small[field.slices].astype(np.float32)
    valid = padding[field.slices] == 0
    mask = np.zeros(small.shape, np.uint8)
    if not valid.any() or np.ptp(view[valid]) == 0:
        return Breast(mask, field, bright, air=False, doubtful=True)
    ring = _ring(view.shape)
    air = _air(view, valid, ring)
    if air is None:
        cut_away = valid[ring].mean() <= 1 - _LEAST_AIR  # by whoever made it
        part = _piece(valid.view(np.uint8)) if cut_away else valid.view(np.uint8)
        mask[field.slices] = part
        doubtful = not cut_away or _is_odd(part)
        return Breast(mask, field, bright, air=cut_away, doubtful=doubtful)
    part, stable = _settle(_contrast(view, valid, air), valid)
    mask[field.slices] = part
    return Breast(mask, field, air.bright, air=True, doubtful=not stable or _is_odd(part))


def _settle(steps: Level, valid: Where) -> tuple[Grey, bool]:
    """Raise the threshold until a higher one changes little, as where light got onto a film."""
    part = _piece(((steps > _THRESHOLDS[0]) & valid).view(np.uint8))
    for threshold in _THRESHOLDS[1:]:
        higher = _piece(((steps > threshold) & valid).view(np.uint8))
        if part.sum() - higher.sum() <= _STABLE * part.sum():
            return part, True
        part = higher
    return part, False


def _ring(shape: tuple[int, ...]) -> Where:
    """Mark a band along the border, a little way in."""
    outer, inner = (round(min(shape) * share) for share in (_INSET, _RING))
    ring = np.zeros(shape, bool)
    ring[outer : shape[0] - outer, outer : shape[1] - outer] = True
    inner = max(inner, outer + 1)
    ring[inner : shape[0] - inner, inner : shape[1] - inner] = False
    return ring


def _air(view: Level, valid: Where, ring: Where) -> _Air | None:
    """Find the level of air; None if nothing owns enough of the border."""
    low, high = (float(it) for it in np.percentile(view[valid], (0.1, 99.9)))
    span = high - low
    border = view[ring & valid]
    if span <= 0 or not border.size:
        return None
    counts, edges = np.histogram(np.clip(border, low, high), _BINS, (low, high))
    top = int(counts.argmax())
    within = border[(border >= edges[max(top - 1, 0)]) & (border <= edges[min(top + 2, _BINS)])]
    level = float(np.median(within)) if within.size else float(edges[top])
    near = border[np.abs(border - level) <= _NEAR * span]
    if near.size < _LEAST_AIR * np.count_nonzero(ring):
        return None
    noise = 1.4826 * float(np.median(np.abs(near - level)))
    step = max(_NOISES * noise, _STEP * span)
    above, below = (view > level + step) & valid, (view < level - step) & valid
    return _Air(level, noise, span, bright=bool(above.sum() >= below.sum()))


def _contrast(view: Level, valid: Where, air: _Air) -> Level:
    """Give how far every pixel is from air towards tissue, in steps.

    Air that is noisy or shaded (heel of the tube, folds of film) is made level first.
    """
    away = np.asarray((view - air.level) * (1 if air.bright else -1), np.float32)
    floor = _STEP * air.span
    step = max(_NOISES * air.noise, floor)
    if step > floor:
        quiet = valid & (np.abs(away) <= step)
        away = away - _surface(away, quiet)
        noise = 1.4826 * float(np.median(np.abs(away[quiet])))
        step = max(_NOISES * noise, floor)
    return away / np.float32(step)


def _surface(away: Level, quiet: Where) -> Level:
    """Fit a surface of the second degree to the air; under the breast it stays within bounds."""
    y, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in away.shape)
    grid = np.stack(np.broadcast_arrays(1, y[:, None], x, y[:, None] ** 2, x**2, y[:, None] * x))
    rows, columns = np.nonzero(quiet)
    every = max(1, rows.size // _SAMPLES)
    terms = grid[:, rows[::every], columns[::every]]
    factors, *_ = np.linalg.lstsq(terms.T, away[rows[::every], columns[::every]], rcond=None)
    surface = np.tensordot(factors.astype(np.float32), grid, 1)
    bounds = surface[quiet]
    return np.asarray(np.clip(surface, bounds.min(), bounds.max()), np.float32)


def _piece(other: Grey) -> Grey:
    """Take the largest piece of what is not air, without strips and with its holes filled."""
    half = max(1, round(min(other.shape) * _STRIP))
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * half + 1, 2 * half + 1))
    solid = cv2.morphologyEx(
        other, cv2.MORPH_OPEN, disk, borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    if not solid.any():
        return np.zeros_like(other)
    import SimpleITK as sitk  # noqa: N813, PLC0415 -- 30 MB that work without breasts does without

    parts = _run("ConnectedComponent", sitk.GetImageFromArray(solid))
    sizes = np.bincount(labels := sitk.GetArrayViewFromImage(parts).ravel())
    largest = (labels == 1 + sizes[1:].argmax()).reshape(other.shape).view(np.uint8)
    near = cv2.bitwise_and(cv2.dilate(largest, disk), other)
    # what the opening took off the skin, the nipple and the corners at the chest wall
    both = sitk.GetImageFromArray(largest), sitk.GetImageFromArray(near)
    piece = sitk.GetArrayFromImage(_run("BinaryReconstructionByDilation", *both))
    outlines, _ = cv2.findContours(piece, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(piece, outlines, -1, 1, cv2.FILLED))


def _run(name: str, *images: "sitk.Image") -> "sitk.Image":
    """Run a filter in this thread: pictures this small cost more to share out."""
    import SimpleITK as sitk  # noqa: N813, PLC0415 -- as above

    step: Any = getattr(sitk, f"{name}ImageFilter")()
    step.SetNumberOfThreads(1)
    result: sitk.Image = step.Execute(*images)
    return result


def _is_odd(mask: Grey) -> bool:
    """Tell whether a mask has not the outline of a breast."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return True
    hull = float(cv2.contourArea(cv2.convexHull(max(outlines, key=len))))
    return float(mask.sum()) < _SOLID * hull
