"""Lines of writing in the parts of a picture that the gate lets through, at one scale."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from deid.pixels.coding.arrays import Grey
from deid.pixels.detection.grain import is_grain
from deid.pixels.detection.relief import Relief, Window
from deid.pixels.detection.text_reader import Line, TextReader, lines
from deid.pixels.detection.windows import MULTIPLE, PIXELS, fields, windows

_FOLLOWED = 2  # times: lines that run on where nothing was looked at
_LONG = 1.5  # times as long as high: only writing runs on
_CLEAR = 0.7
_PAST = 1.0  # heights: so near its end a line must have been looked at
_FARTHER = 2.5  # heights
_SAME = 0.7  # of the area
_FINE = 3 / 4  # of the plane: smaller, the grains run together


@dataclass(frozen=True)
class View:
    """How parts of a picture are shown to the network, and what is taken from it.

    Attributes:
        scale: Of the view.
        outlined: Show outlines and no fill.
        neighbourhood: Side in pixels of the view that is brought to one contrast.
        tallest: Pixels of the plane: what is taller is no line of this view.
        shortest: Pixels of the plane: nor is what is shorter.
        least: Times as long as high: nor what is less.
    """

    scale: float
    outlined: bool
    neighbourhood: int
    tallest: float
    shortest: float = 0.0
    least: float = 0.0

    @property
    def fine(self) -> bool:
        """Whether grain is seen as it is."""
        return not self.outlined and self.scale >= _FINE

    def show(self, relief: Relief, window: Window) -> Grey:
        """Show a window of the plane."""
        if self.outlined:
            return relief.outlined(window, self.scale)
        return relief.filled(window, self.scale, neighbourhood=self.neighbourhood)


@dataclass(frozen=True)
class Eyesight:
    """What counts.

    Attributes:
        threshold: Text probability from which a pixel does.
        score: Mean of it from which a line does.
        closely: The network is asked about everything, even about what is nothing but grain.
    """

    threshold: float
    score: float
    closely: bool = False


def search(
    relief: Relief, where: Grey, view: View, reader: TextReader, sight: Eyesight
) -> tuple[Line, ...]:
    """Find lines of writing.

    Args:
        relief: The picture.
        where: Cells to look at, 1 on 0.
        view: How it is shown to the network.
        reader: The network.
        sight: From what probability on there is a line.

    Returns:
        Lines in pixels of the plane.
    """
    found = _look(relief, where, view, reader, sight)
    for _ in range(_FOLLOWED):
        farther = _beyond(found, where)
        if not farther.any():
            break
        longer = _look(relief, farther, view, reader, sight)
        found = [line for line in found if not any(_covers(other, line) for other in longer)]
        found += [line for line in longer if not any(_covers(other, line) for other in found)]
        where = where | farther
    return tuple(found)


def _look(
    relief: Relief, where: Grey, view: View, reader: TextReader, sight: Eyesight
) -> list[Line]:
    found: list[Line] = []
    for field in fields(where, view.scale):
        for line in _Field(relief, where, field, view).lines(reader, sight):
            fits = line.height >= view.shortest and line.length >= view.least * line.height
            if fits and not any(_covers(other, line) for other in found):
                found.append(line)
    return found


def _beyond(found: list[Line], where: Grey) -> Grey:
    """Give the cells of lines that end where nothing was looked at, and those past their ends."""
    farther = np.zeros_like(where)
    for line in found:
        if line.length < _LONG * line.height or line.score < _CLEAR:
            continue
        ends = drawn(line.grown(_PAST * line.height, 0), where.shape)
        if (ends & ~where & 1).any():
            farther |= drawn(line.grown(_FARTHER * line.height, line.height / 2), where.shape)
    return farther


def everywhere(relief: Relief) -> Grey:
    """Give all cells of a picture."""
    rows, columns = relief.plane.shape
    return np.ones((-(-rows // PIXELS), -(-columns // PIXELS)), np.uint8)


def drawn(line: Line, shape: tuple[int, ...]) -> Grey:
    """Draw a line on cells, 1 on 0."""
    cells = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(cells, np.floor(line.corners() / PIXELS).astype(np.int32), 1)
    return cells


def _covers(line: Line, other: Line) -> bool:
    area, _ = cv2.intersectConvexConvex(line.corners(), other.corners())
    return float(area) > _SAME * other.length * other.height


class _Field:
    """A part of the picture small enough to hold what the network says of it."""

    def __init__(self, relief: Relief, where: Grey, cells: Window, view: View) -> None:
        self._relief = relief
        self._view = view
        self._where = where
        self._cells = cells
        left, top, right, bottom = self._pixels(cells)
        self._corner = left, top
        size = round((bottom - top) * view.scale) + 1, round((right - left) * view.scale) + 1
        self._probability = np.zeros(size, np.float32)

    def lines(self, reader: TextReader, sight: Eyesight) -> Iterator[Line]:
        view = self._view
        for cells in windows(self._where, self._cells, view.scale):
            self._look(self._pixels(cells), reader, sight)
        limit = view.tallest * view.scale
        found = lines(
            self._probability, threshold=sight.threshold, score=sight.score, tallest=limit
        )
        for line in found:
            yield line.moved(1 / view.scale, self._corner)

    def _look(self, window: Window, reader: TextReader, sight: Eyesight) -> None:
        """Ask the network about a window, with enough around it to bring it to one contrast."""
        scale, around = self._view.scale, round(self._view.neighbourhood / 2 / self._view.scale)
        rows, columns = self._relief.plane.shape
        left, top, right, bottom = window
        right, bottom = self._whole(left, right, columns), self._whole(top, bottom, rows)
        wide = max(0, left - around), max(0, top - around)
        shown = self._view.show(
            self._relief, (*wide, min(columns, right + around), min(rows, bottom + around))
        )
        x, y = round((left - wide[0]) * scale), round((top - wide[1]) * scale)
        part = shown[y : y + round((bottom - top) * scale), x : x + round((right - left) * scale)]
        if not part.size or (self._view.fine and not sight.closely and is_grain(part)):
            return
        x, y = (
            round((one - two) * scale) for one, two in zip((left, top), self._corner, strict=True)
        )
        target = self._probability[y : y + part.shape[0], x : x + part.shape[1]]
        seen = reader.probability(part)[: target.shape[0], : target.shape[1]]
        np.maximum(target, seen, out=target)

    def _whole(self, start: int, stop: int, limit: int) -> int:
        """Lengthen a stretch to what the network would pad it to."""
        side = round((stop - start) * self._view.scale)
        return min(limit, start + int((side + -side % MULTIPLE) / self._view.scale))

    def _pixels(self, cells: Window) -> Window:
        rows, columns = self._relief.plane.shape
        left, top, right, bottom = (PIXELS * it for it in cells)
        return left, top, min(right, columns), min(bottom, rows)
