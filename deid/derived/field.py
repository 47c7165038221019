"""The exposed field: what is left when a uniform frame around the picture is taken off.

Collimators, light boxes behind films and packers of pixels surround the picture with one value,
white or black. Seen from the border it looks like air; what tells it from air is that it leaves
a rectangle.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from deid.pixels.coding.arrays import Grey, Plane

_SAME = 0.005  # of the span: one value, after shrinking
_FULL = 0.93  # of its bounding box: a breast fills about 0.8, and a field all
_LESS = 0.97  # of the picture: a field that is all but a line of it needs no cutting
_LEAST = 0.05
_AROUND = 0.8  # of what is outside the field: a bright line across is no frame
_TWICE = 2  # a frame around a frame, such as film on a light box on a black scanner


@dataclass(frozen=True)
class Field:
    """A part of the small picture, in its pixels; right and bottom are one past."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def area(self) -> int:
        """Pixels in it."""
        return (self.right - self.left) * (self.bottom - self.top)


def find_field(small: Plane, padding: Grey) -> Field:
    """Find the exposed field of a small picture; all of it, if nothing surrounds it."""
    field = Field(0, 0, small.shape[1], small.shape[0])
    for _ in range(_TWICE):
        inner = _inside(small[field.slices], padding[field.slices])
        if inner is None:
            break
        field = Field(
            field.left + inner.left,
            field.top + inner.top,
            field.left + inner.right,
            field.top + inner.bottom,
        )
    return field


def _inside(view: Plane, padding: Grey) -> Field | None:
    low, high = float(view.min()), float(view.max())
    reach = _SAME * (high - low)
    for uniform in (padding > 0, view >= high - reach, view <= low + reach):
        field = _rectangle(uniform.view(np.uint8))
        if field is not None:
            return field
    return None


def _rectangle(uniform: Grey) -> Field | None:
    """Give the rectangle that a uniform frame leaves; None if it leaves anything else."""
    _, labels = cv2.connectedComponents(uniform)
    border = np.concatenate((labels[0], labels[-1], labels[:, 0], labels[:, -1]))
    touching = np.unique(border[border > 0])
    if not touching.size:
        return None
    rest = (~np.isin(labels, touching)).view(np.uint8)
    _, _, found, _ = cv2.connectedComponentsWithStats(rest)
    if len(found) == 1:
        return None
    left, top, width, height, area = (int(it) for it in found[1 + found[1:, 4].argmax()])
    if area < _FULL * width * height or not _LEAST < width * height / uniform.size < _LESS:
        return None
    outside = np.ones(uniform.shape, bool)
    outside[top : top + height, left : left + width] = False
    if rest[outside].mean() > 1 - _AROUND:
        return None
    return Field(left, top, left + width, top + height)
