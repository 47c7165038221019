"""Pictures with a known truth: the API of the generator.

A `Sample` is a picture, the items of writing in it with every glyph pixel, and where tissue is:

    from tests.bench.pixels import films, synthetic
    for sample in synthetic.with_text(seed=1, count=8):     # or synthetic.without_text(…)
        reader, parsed = opened(sample.dicom())             # tests.deid.pictures.opened
        for item in sample.items:
            item.kind, item.height, item.contrast, item.where, item.turn, item.light, item.style
            sample.picture[item.part][item.strokes]          # its glyph pixels
    films.with_text(seed=1, rounds=1), films.without_text()  # the eight real films

`Canvas` places items so that none touches another. The contrast of an item is in units of the
noise beside it: see `local_noise`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from tests.bench.pixels.lettering import Alpha
from tests.deid.pictures import encapsulated, native

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

FLOOR_LEVELS = 4  # grey levels of 12 bits: the least noise that is reckoned with
SOLID = float("inf")  # contrast of print in one full value
_BLUR = 4.0  # pixels: what is coarser is structure and no noise
_SEEN = 1 / 2  # of its contrast: such a glyph pixel is seen
_LEGIBLE = 0.7  # of an item's ink must be seen


class Kind(StrEnum):
    IDENTITY = "identity"  # must be blanked
    MARKER = "marker"  # must stay, bit for bit
    CUT = "cut marker"  # as MARKER; the border runs through it


@dataclass(frozen=True)
class Item:
    """One line of writing.

    Attributes:
        text: What it says (invented).
        kind: What must become of it.
        top, left: Where `strokes` lies in the picture.
        strokes: Its glyph pixels that can be seen, rows by columns.
        height: Of a capital letter, in pixels.
        contrast: Times the noise beside it; SOLID for print in one full value.
        where: "air", "tissue" or "edge" (over the skin line).
        turn: Degrees, counter-clockwise.
        light: Whether it looks lighter than what is around it.
        style: How it was annotated.
    """

    text: str
    kind: Kind
    top: int
    left: int
    strokes: Mask = field(repr=False)
    height: int = 0
    contrast: float = SOLID
    where: str = "air"
    turn: int = 0
    light: bool = True
    style: str = "line"

    @property
    def part(self) -> tuple[slice, slice]:
        """Where it lies in the picture."""
        rows, columns = self.strokes.shape
        return slice(self.top, self.top + rows), slice(self.left, self.left + columns)


@dataclass(frozen=True)
class Sample:
    """One picture and its truth.

    Attributes:
        name: Says how to make it again.
        picture: Rows by columns, as stored.
        clean: The same without its items.
        items: All writing in it.
        tissue: Where the breast is.
        changes: What the header says otherwise than `described`.
        view: Side and view as the header says.
    """

    name: str
    picture: Array
    clean: Array
    items: tuple[Item, ...]
    tissue: Mask
    changes: dict[str, Any] = field(default_factory=dict)
    view: tuple[str, str] = ("", "")

    def dicom(self, encode: Callable[[Array], bytes] | None = None, syntax: Any = None) -> bytes:
        """Give the object, uncompressed or in a transfer syntax."""
        if encode is None:
            return native(self.picture, **self.changes)
        return encapsulated(self.picture, [encode(self.picture)], syntax, **self.changes)


@dataclass
class Canvas:
    """A picture that is being written on.

    Attributes:
        picture: Rows by columns, as stored.
        bits: Bits stored.
        dark: Whether large values are dark (MONOCHROME1).
    """

    picture: Array
    bits: int
    dark: bool = False
    items: list[Item] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clean = self.picture.copy()
        self.taken: Mask = np.zeros(self.picture.shape, bool)

    def keep_free(self, area: Mask) -> None:
        """Let no item be placed here."""
        self.taken |= area

    def place(
        self,
        alpha: Alpha,
        allowed: Mask,
        random: np.random.Generator,
        *,
        gap: int,
        tries: int = 60,
    ) -> tuple[int, int] | None:
        """Find a free place centred in an area (rows by columns at 1/8); None if there is none."""
        rows, columns = self.picture.shape
        high, wide = alpha.shape
        centres = np.argwhere(allowed)
        if high + 4 > rows or wide + 4 > columns or not len(centres):
            return None
        for row, column in 8 * centres[random.integers(0, len(centres), tries)]:
            top = int(np.clip(row - high // 2, 2, rows - high - 2))
            left = int(np.clip(column - wide // 2, 2, columns - wide - 2))
            around = self.taken[
                max(0, top - gap) : top + high + gap, max(0, left - gap) : left + wide + gap
            ]
            if not around.any():
                return top, left
        return None

    def burn(self, alpha: Alpha, at: tuple[int, int], item: Item) -> bool:
        """Burn a line in at row and column; False if too little of it would be seen.

        With a contrast it is added to the pixels, as light on a film; without, it replaces them.
        """
        rows, columns = alpha.shape
        part = slice(at[0], at[0] + rows), slice(at[1], at[1] + columns)
        under = self.picture[part].astype(np.float32)
        up = item.light != self.dark
        peak = (1 << self.bits) - 1
        if item.contrast == SOLID:
            step = np.full(1, peak / 50)
            wanted = under * (1 - alpha) + alpha * (peak if up else 0)
        else:
            noise = local_noise(self.clean, part, margin=item.height, bits=self.bits)
            step = np.full(1, item.contrast * noise)
            wanted = under + alpha * (step if up else -step)
        after = np.clip(np.rint(wanted), 0, peak)
        ink = alpha > 1 / 2
        strokes = ink & (np.abs(after - under) >= _SEEN * step)
        if strokes.sum() < _LEGIBLE * ink.sum():
            return False
        self.picture[part] = after.astype(self.picture.dtype)
        self.taken[part] = True
        self.items.append(_placed(item, at, strokes))
        return True


def _placed(item: Item, at: tuple[int, int], strokes: Mask) -> Item:
    known = {**item.__dict__, "top": at[0], "left": at[1], "strokes": strokes}
    return Item(**known)


def local_noise(picture: Array, part: tuple[slice, slice], *, margin: int, bits: int = 16) -> float:
    """Give the standard deviation of the noise around a part of a picture, in stored values.

    The picture less its Gaussian mean (sigma 4 pixels), in the four quarters of the part grown
    by a margin; in each 1.4826 times the median absolute deviation, so that a vessel or an edge
    counts little; the largest counts. At least 4 grey levels of 12 bits, as air may be flat.
    """
    rows, columns = (slice(max(0, one.start - margin - 8), one.stop + margin + 8) for one in part)
    near = picture[rows, columns].astype(np.float32)
    fine = near - cv2.GaussianBlur(near, (0, 0), _BLUR)
    halves = [half for rows in np.array_split(fine, 2) for half in np.array_split(rows, 2, axis=1)]
    spread = max(1.4826 * float(np.median(np.abs(half - np.median(half)))) for half in halves)
    return max(spread, FLOOR_LEVELS * 2.0 ** (bits - 12))
