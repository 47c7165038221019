"""One view of the frames of an object, in order: what stays the same is not looked at again."""

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from deid.pixels.coding.arrays import Grey
from deid.pixels.detection.cells import CELL, Gate, Passing, Survey
from deid.pixels.detection.judging import Judge
from deid.pixels.detection.reading import is_short
from deid.pixels.detection.relief import Half, Map, Relief
from deid.pixels.detection.search import Eyesight, View, drawn, everywhere, search
from deid.pixels.detection.text_reader import Line, TextReader
from deid.pixels.detection.writing import Kind, Writing, is_part_of, share

_CHANGED = 0.35  # of the gradients of the noise: white noise leaves 0.2 of them, print 0.5
_HIDDEN = 0.06  # of the variance: a quarter of the contrast, and the network is shown no more grey
_CHANGED_INSIDE = 0.5  # the same of a cell at half the size: white noise leaves 0.3 of them
_TWICE = 4.0  # of the variance: twice the contrast shows what was too faint
_SURELY = 4.0  # times the noise that may be left
_SIDE = 4  # quarter pixels in a cell
_SEVERAL = 5  # letters
_ALIKE = 0.7  # of the area
_LEAD = 100.0  # pixels high
_FINE = 1 / 2  # of the plane
_AROUND = np.ones((5, 5), np.uint8)  # cells

Index = npt.NDArray[np.intp]


class Gaze:
    """A view that remembers.

    A cell is not looked at again while it does not differ from what the network saw there by more
    than noise, than half or twice the contrast, and than what the network would not see beside
    the rest.
    """

    def __init__(self, gate: Gate, view: View, *, lettering: bool) -> None:
        """Open a view: what passes before it, and whether it is the one for lettering."""
        self._gate = gate
        self._view = view
        self._lettering = lettering
        self._looked = np.zeros((0, 0), np.uint8)  # cells
        self._quarter = np.zeros((0, 0), np.uint16)  # the picture as it was when looked at
        self._half = self._quarter  # the same, as fine as print is
        self._found: tuple[Writing, ...] = ()

    def look(
        self,
        relief: Relief,
        measured: Passing | None,
        found: tuple[Writing, ...],
        reader: TextReader,
        sight: Eyesight,
        *,
        quarter: Half,
    ) -> tuple[Writing, ...]:
        """Find writing in a frame.

        Args:
            relief: The frame.
            measured: Its cells; None to look everywhere.
            found: What other views found: letters of a marker are left out.
            reader: Finds and reads text.
            sight: From what probability on there is some.
            quarter: The frame, shrunk.
        """
        where = everywhere(relief) if measured is None else measured.passes(self._gate)
        fresh = self._fresh(relief, quarter, where)
        if fresh.any():
            markers = [it for it in found if it.kind is Kind.MARKER]
            judge = Judge(relief, reader)
            gated = isinstance(measured, Survey)
            inside = self._inside(where, markers if gated else [])
            lines = search(relief, fresh & ~inside, self._view, reader, sight)
            if inside.any():
                afar = replace(self._view, scale=self._view.scale / 2)
                small = search(relief, fresh & inside, afar, reader, sight)
                lines += tuple(line for line in small if not is_short(line))
            judged = (
                _known(line, found) or judge.judge(line, lettering=self._lettering)
                for line in lines
                if not any(is_part_of(line, it) for it in markers)
            )
            self._found += tuple(it for it in judged if it.kind is not Kind.NOTHING)
        return tuple(it for it in self._found if (drawn(it.line, where.shape) & where).any())

    def _inside(self, where: Grey, markers: list[Writing]) -> Grey:
        """Give the cells that pass for letters of lead alone: half the scale does for them."""
        whole = (it for it in markers if it.marker is not None and not it.marker.cut)
        leads = [it.line for it in whole if it.line.height >= _LEAD]
        if self._view.scale < _FINE or not leads:
            return np.zeros_like(where)
        margin = np.ones((self._gate.margin, self._gate.margin), np.uint8)
        besides = np.asarray(cv2.erode(where, margin), np.uint8)
        for line in leads:
            besides &= ~drawn(line, where.shape)
        return where & ~np.asarray(cv2.dilate(besides, margin), np.uint8)

    def _fresh(self, relief: Relief, quarter: Half, where: Grey) -> Grey:
        """Give the cells to look at now, of those that may be, and forget what was found there."""
        if quarter.shape != self._quarter.shape:
            self._looked, self._quarter, self._found = where.copy(), quarter, ()
            self._half = relief.half.view()
            self._half.flags.writeable = False
            return where
        noise = relief.cell_noise(where.shape)
        changed = self._changed(quarter, noise)
        fresh = np.asarray(where & (changed | (self._looked == 0)), np.uint8)
        fresh |= changed_inside(relief.half, self._half, where & ~fresh, noise)
        if not fresh.any():
            return fresh
        fresh = np.asarray(cv2.dilate(fresh, _AROUND), np.uint8) & where
        fresh = self._forget(fresh)
        self._looked |= fresh
        anew = np.repeat(np.repeat(fresh, _SIDE, axis=0), _SIDE, axis=1) > 0
        np.copyto(self._quarter, quarter, where=anew)
        if not self._half.flags.writeable:  # as the views share it
            self._half = self._half.copy()
        pixels = _pixels(self._half, *np.nonzero(fresh))
        self._half[pixels] = relief.half[pixels]
        return fresh

    def _forget(self, fresh: Grey) -> Grey:
        """Forget the lines in cells that are looked at anew, and look anew at all of each."""
        kept = []
        for it in self._found:
            box = drawn(it.line.grown(it.line.height, it.line.height / 4), fresh.shape)
            if (box & fresh).any():
                fresh = fresh | box
            else:
                kept.append(it)
        self._found = tuple(kept)
        return fresh

    def _changed(self, quarter: Half, noise: Map) -> Grey:
        """Give the cells that are not what was looked at, much clearer or fainter, 1 on 0."""
        rest, whole, before = _unexplained(quarter, self._quarter)
        least = (_CHANGED * noise) ** 2
        changed = rest > np.maximum(least, _HIDDEN * whole)
        clearer = whole > np.maximum(_TWICE * before, _SURELY * least)
        return np.asarray(changed | clearer, np.uint8)


def changed_inside(now: Half, before: Half, where: Grey, noise: Map) -> Grey:
    """Give the cells, of those to look at, whose fine structure is not what was looked at.

    A quarter of the size does not show it: what is blurred there, or lies under noise, is alike.

    Args:
        now: The picture at half its size.
        before: The same as it was when looked at.
        where: Cells to compare, 1 on 0.
        noise: Gradients of the noise for each cell.
    """
    rows, columns = np.nonzero(where)
    changed = np.zeros_like(where)
    if not len(rows):
        return changed
    one, other = (_cut(it, rows, columns) for it in (now, before))
    variance, variance_before = (one * one).mean(axis=1), (other * other).mean(axis=1)
    common = (one * other).mean(axis=1)
    rest = variance - common * common / np.maximum(variance_before, 1)
    least = (_CHANGED_INSIDE * noise[rows, columns]) ** 2
    anew = rest > np.maximum(least, _HIDDEN * variance)
    clearer = variance > np.maximum(_TWICE * variance_before, _SURELY * least)
    changed[rows, columns] = anew | clearer
    return changed


def _cut(half: Half, rows: Index, columns: Index) -> Map:
    """Give the pixels of cells less their mean, one cell a row."""
    cells = half[_pixels(half, rows, columns)].reshape(len(rows), -1).astype(np.float32)
    return np.asarray(cells - cells.mean(axis=1, keepdims=True), np.float32)


def _pixels(half: Half, rows: Index, columns: Index) -> tuple[Index, Index]:
    steps = np.arange(CELL)
    down = np.minimum(CELL * rows[:, None] + steps, half.shape[0] - 1)
    across = np.minimum(CELL * columns[:, None] + steps, half.shape[1] - 1)
    return down[:, :, None], across[:, None, :]


def _known(line: Line, found: tuple[Writing, ...]) -> Writing | None:
    """Give what a line is that another view saw alike, and read as too much for a marker."""
    for it in found:
        if it.kind is not Kind.TEXT or it.letters < _SEVERAL:
            continue
        if share(line, it.line) > _ALIKE and share(it.line, line) > _ALIKE:
            return replace(it, line=line)
    return None


def _unexplained(now: Half, before: Half) -> tuple[Map, Map, Map]:
    """Give the variance around each cell, now and before.

    First what no change of contrast explains, then all, then all that was before.

    A clip fades from slice to slice and is the same clip; a letter over it is something new.
    """
    one, other = (it.astype(np.float32) - float(before.mean()) for it in (now, before))
    mean, mean_before = _mean(one), _mean(other)
    variance = _mean(one * one) - mean * mean
    variance_before = _mean(other * other) - mean_before * mean_before
    common = _mean(one * other) - mean * mean_before
    rest = variance - common * common / np.maximum(variance_before, 1)
    return np.asarray(rest, np.float32), variance, variance_before


def _mean(values: Map) -> Map:
    """Give the mean of each cell and those beside it."""
    size = (values.shape[1] // _SIDE, values.shape[0] // _SIDE)
    cells = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.blur(cells, (3, 3)), np.float32)


def shrunk(relief: Relief) -> Half:
    """Give the picture with four pixels to a cell, each way."""
    cells = [-(-side // CELL) for side in relief.half.shape]
    below, right = (CELL * cells[i] - relief.half.shape[i] for i in (0, 1))
    full = cv2.copyMakeBorder(relief.half, 0, below, 0, right, cv2.BORDER_REPLICATE)
    size = (_SIDE * cells[1], _SIDE * cells[0])
    return np.asarray(cv2.resize(full, size, interpolation=cv2.INTER_AREA), np.uint16)
