"""Where a network should look: cells of a picture in which there may be print.

Print is steep at the scale of a pixel, and steep in more than one direction within a letter.
Noise is steep nowhere for long, a rim runs one way, and tissue is blurred: so each cell of 16 by
16 pixels is asked how much of it is steeper than the noise around it, which way it runs, and how
much steeper it grows when looked at from farther away. No level of grey and no polarity counts.
"""

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from deid.pixels.coding.arrays import Grey
from deid.pixels.detection.relief import Half, Map, Relief, bands, gradient

CELL = 8  # pixels of the half picture
Cells = npt.NDArray[np.bool_]
_CROWD = 10  # steep pixels of the 64 in a cell that make it count
_STEEP = 1.65  # times the noise's own gradients
_WIDE = np.ones((9, 9), np.uint8)  # how far away sharpness is compared with
_SURELY = 0.4  # of the cells of print are strong; noise that rises has a few among many
_SHARE = 4  # of the brightness of a cell whose pixels are 0 or 255: one pixel of its 64
_TOP = 51  # of 64 values in order: nearly the highest, so that one speck does not decide


@dataclass(frozen=True)
class Rule:
    """What makes cells with their neighbours worth a look.

    Attributes:
        side: Of the neighbourhood, in cells.
        coherence: At most so much of the gradients may run one way.
        crowd: At least so many steep pixels (near) or steep cells (far) around it.
        sharpness: At least this share of the contrast within 18 pixels is within 6.
    """

    side: int
    coherence: float
    crowd: float
    sharpness: float


@dataclass(frozen=True)
class Gate:
    """Cells that pass a strong rule, and weak ones that hang together with them.

    Attributes:
        strong: Passed by print alone.
        weak: Passed by the rest of it.
        link: Cells within which cells hang together.
        margin: Side in cells of what is looked at around each.
        steep: Whether `crowd` counts steep pixels, not cells.
    """

    strong: Rule
    weak: Rule
    link: int
    margin: int
    steep: bool


# Measured on 500 lines of 12 to 200 pixels burned into the eight films at 2 to 16 times the noise:
# 95 in 100 cells of a line of at most 64 pixels have coherence below 0.55 and crowd above 70;
# with these, 0.5 % of a synthetic image passes and 4 % of a film, where noise rises out of black.
SMALL_PRINT = Gate(Rule(3, 0.4, 40, 0.45), Rule(3, 0.8, 25, 0.35), link=3, margin=5, steep=True)
LARGE_PRINT = Gate(Rule(11, 0.55, 20, 0.45), Rule(11, 0.7, 10, 0.38), 7, 9, steep=False)
# Lead letters on film are blurred: sharpness does not count.
LETTERING = Gate(Rule(11, 0.55, 20, 0.0), Rule(11, 0.7, 10, 0.0), 7, 9, steep=False)
# At a quarter of the size blurred print is as sharp as small print, and a cell four times as wide.
BLURRED_PRINT = Gate(SMALL_PRINT.strong, SMALL_PRINT.weak, link=3, margin=3, steep=True)


class Passing(Protocol):
    """Tells where to look."""

    def passes(self, gate: Gate) -> Grey:
        """Give the cells to look at, 1 on 0."""


@dataclass(frozen=True)
class Ahead:
    """Cells that are looked at whatever passes: those past the ends of what was found."""

    cells: Grey

    def passes(self, _gate: Gate) -> Grey:
        """Give the cells to look at, 1 on 0."""
        return self.cells


@dataclass(frozen=True)
class Survey:
    """What was measured in each cell, rows by columns of cells.

    Attributes:
        count: Steep pixels; 0 where too few.
        sharp: Sharpness times count.
        tensor: Sums of the products of the gradients: xx, yy, xy.
    """

    count: Map
    sharp: Map
    tensor: tuple[Map, Map, Map]

    def passes(self, gate: Gate) -> Grey:
        """Give the cells to look at, 1 on 0."""
        strong, weak = self._rule(gate.strong, gate), self._rule(gate.weak, gate)
        either = (strong | weak).astype(np.uint8)
        _, parts = cv2.connectedComponents(cv2.dilate(either, _square(gate.link)))
        many = np.bincount(parts[either > 0], minlength=int(parts.max()) + 1)
        surely = np.bincount(parts[strong], minlength=len(many))
        print_like = (surely > _SURELY * many).astype(np.uint8)
        kept = either * print_like[parts] | strong
        return np.asarray(cv2.dilate(kept, _square(gate.margin)), np.uint8)

    def _rule(self, rule: Rule, gate: Gate) -> Cells:
        xx, yy, xy = (_near(part, rule) for part in self.tensor)
        coherent = (xx - yy) ** 2 + 4 * xy * xy > (rule.coherence * (xx + yy)) ** 2
        count = _near(self.count, rule)
        crowd = count if gate.steep else _near((self.count > 0).astype(np.float32), rule)
        blurred = _near(self.sharp, rule) < rule.sharpness * count
        dense = crowd * rule.side * rule.side >= rule.crowd - 0.5
        return np.asarray((self.count > 0) & ~coherent & dense & ~blurred, bool)


def _near(values: Map, rule: Rule) -> Map:
    return np.asarray(cv2.blur(values, (rule.side, rule.side)), np.float32)


def survey(relief: Relief) -> Survey:
    """Measure all cells of a picture, band by band."""
    half = relief.half
    shape = -(-half.shape[0] // CELL), -(-half.shape[1] // CELL)
    maps = np.zeros((5, *shape), np.float32)
    for start, stop, top, bottom in bands(half.shape[0]):
        limit = relief.noise((0, top, half.shape[1], bottom), _STEEP)
        values = _measure(half[top:bottom], limit)
        first, last = start // CELL, -(-stop // CELL)
        skip = (start - top) // CELL
        maps[:, first:last] = values[:, skip : skip + last - first]
    return Survey(maps[0], maps[1], (maps[2], maps[3], maps[4]))


def _measure(half: Half, limit: Half) -> Map:
    """Measure the cells of a few rows that are steeper than the limit in many pixels."""
    near = gradient(half)
    steep = cv2.compare(near, limit, cv2.CMP_GT)
    below, right = (-side % CELL for side in half.shape)
    full = cv2.copyMakeBorder(steep, 0, below, 0, right, cv2.BORDER_CONSTANT)
    size = (full.shape[1] // CELL, full.shape[0] // CELL)
    count = cv2.resize(full, size, interpolation=cv2.INTER_AREA) // _SHARE
    rows, columns = np.nonzero(count >= _CROWD)
    values = np.zeros((5, *count.shape), np.float32)
    if not len(rows):
        return values
    counted = count[rows, columns]
    wide = np.asarray(cv2.morphologyEx(half, cv2.MORPH_GRADIENT, _WIDE), np.uint16)
    tops = [_top(_blocks(it)[rows, :, columns]) for it in (near, wide)]
    values[0, rows, columns] = counted
    values[1, rows, columns] = counted * tops[0] / (tops[1] + 1)
    low = _blocks(limit)[rows, CELL // 2, columns, CELL // 2].astype(np.float32)
    values[2:, rows, columns] = _tensor(_blocks(half)[rows, :, columns], low)
    return values


def _tensor(cells: Half, limit: Map) -> Map:
    """Give xx, yy and xy of the gradients in cells; each counts as one limit, however steep."""
    grey = cells.astype(np.float32)
    across = grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2]
    down = grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1]
    length = np.sqrt(across * across + down * down)
    low = limit[:, None, None]
    weight = np.where(length > 0.7 * low, 1 / np.maximum(np.maximum(length, low), 1e-6), 0)
    across *= weight
    down *= weight
    products = across * across, down * down, across * down
    return np.stack([part.sum(axis=(1, 2)) for part in products])


def _blocks(plane: Half) -> Half:
    """Cut into cells: rows of cells, 8, columns of cells, 8."""
    height, width = plane.shape
    below, right = -height % CELL, -width % CELL
    full = np.asarray(
        cv2.copyMakeBorder(plane, 0, below, 0, right, cv2.BORDER_REPLICATE), np.uint16
    )
    return full.reshape(full.shape[0] // CELL, CELL, full.shape[1] // CELL, CELL)


def _top(cells: Half) -> Map:
    flat = cells.reshape(len(cells), -1)
    return np.partition(flat, _TOP, axis=1)[:, _TOP].astype(np.float32)


def _square(side: int) -> Grey:
    return np.ones((side, side), np.uint8)
