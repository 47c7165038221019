"""Lines of print that show only from afar: blurred, made of dots, or fainter than the noise.

A name plate flashed onto a film, or laid beside it in lead, has no sharp edge. At a quarter of the
size it has, and noise is a quarter of what it was. Only lines of several letters count, of which
the network is sure: tissue seen so is full of shapes.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from deid.pixels.coding.arrays import Grey
from deid.pixels.detection.cells import (
    BLURRED_PRINT,
    LARGE_PRINT,
    SMALL_PRINT,
    Gate,
    Survey,
    survey,
)
from deid.pixels.detection.glance import Gaze, shrunk
from deid.pixels.detection.relief import Relief
from deid.pixels.detection.search import Eyesight, View, drawn, everywhere
from deid.pixels.detection.text_reader import TextReader
from deid.pixels.detection.windows import PIXELS
from deid.pixels.detection.writing import Kind, Writing, share

_AFAR = 4  # times smaller
_SURE = 0.8
_SEEN = 0.5  # of what hangs together: it is looked at from nearby
_KNOWN = 0.9  # of the line


@dataclass(frozen=True)
class _Unseen:
    """What passes from afar, but for what passes from nearby or was found, in cells from afar."""

    far: Survey
    near: Survey
    found: Grey

    def passes(self, gate: Gate) -> Grey:
        """Give the cells to look at, 1 on 0."""
        where = self.far.passes(gate)
        if not where.any():
            return where
        nearby = (self.near.passes(SMALL_PRINT) | self.near.passes(LARGE_PRINT)).astype(np.float32)
        seen = cv2.resize(nearby, where.shape[::-1], interpolation=cv2.INTER_AREA)
        seen = np.maximum(seen, self.found)
        count, parts = cv2.connectedComponents(where)
        area = np.bincount(parts.ravel(), minlength=count)
        inside = np.bincount(parts.ravel(), weights=seen.ravel(), minlength=count)
        return np.asarray((inside <= _SEEN * area)[parts] & (where > 0), np.uint8)


class Afar:
    """Looks at the frames of one object from afar, in order."""

    def __init__(self, view: View) -> None:
        self._gaze = Gaze(BLURRED_PRINT, view, lettering=False)

    def look(
        self,
        relief: Relief,
        measured: Survey | None,
        found: tuple[Writing, ...],
        reader: TextReader,
        sight: Eyesight,
    ) -> tuple[Writing, ...]:
        """Find the lines of text that nothing else found.

        Args:
            relief: The frame.
            measured: Its cells; None to look everywhere.
            found: What was found from nearby.
            reader: Finds and reads text.
            sight: From what probability on there is some.
        """
        small = relief.afar()
        known = tuple(_moved(it, 1 / _AFAR) for it in found)
        passing = None
        if measured is not None:
            cells = np.zeros_like(everywhere(small))
            for it in known:
                cells |= drawn(it.line.grown(PIXELS, PIXELS), cells.shape)
            passing = _Unseen(survey(small), measured, cells)
        sure = replace(sight, score=max(sight.score, _SURE))
        seen = self._gaze.look(small, passing, known, reader, sure, quarter=shrunk(small))
        lines = (_moved(it, _AFAR) for it in seen if it.kind is Kind.TEXT)
        return tuple(it for it in lines if not any(_holds(other, it) for other in found))


def _moved(it: Writing, scale: float) -> Writing:
    return replace(it, line=it.line.moved(scale))


def _holds(other: Writing, it: Writing) -> bool:
    return other.kind is Kind.TEXT and share(it.line, other.line) > _KNOWN
