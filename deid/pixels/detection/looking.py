"""One look at a picture of any size: small ones twice, empty ones not at all."""

from dataclasses import replace

import numpy as np

from deid.pixels.coding.arrays import Grey, Plane
from deid.pixels.detection.afar import Afar
from deid.pixels.detection.barcodes import find_barcodes
from deid.pixels.detection.cells import Ahead, Passing, survey
from deid.pixels.detection.gate import Sight
from deid.pixels.detection.glance import Gaze, shrunk
from deid.pixels.detection.huge import Huge
from deid.pixels.detection.judging import Judge
from deid.pixels.detection.reach import follow
from deid.pixels.detection.relief import Relief
from deid.pixels.detection.search import Eyesight, drawn, everywhere, search
from deid.pixels.detection.singles import Singles, beside, is_single
from deid.pixels.detection.text_reader import Line, TextReader
from deid.pixels.detection.writing import (
    Kind,
    Writing,
    merge,
    one_cut_marker,
    run_on,
    share,
    unmask,
)

#: Names the detector of burned-in text in records; raised when what it finds changes.
DETECTOR = "text 6 (PP-OCRv6)"

# Pixels: as many as a screen has. Text on it is set in ten rows or fewer, which the sights of a
# film would lose: on ultrasound of 320 by 240, looking closely too found 18 lines for 1.
SMALL = 1 << 20
_LARGE = 90.0  # pixels high with margins: a quarter of it shows
_TEXT_LIKE = 0.6
_PAST = 3.0  # heights
_INSIDE = 0.9  # of the line: what juts out of one seen before is seen better now
_WITHIN = 0.8  # of the line: two letters of a marker
_FEW = 2
_HALF = 1 / 2  # of the area
_TALLEST = 40.0  # pixels: what is taller was seen without looking closely


class Eye:
    """Looks at the frames of one object in order, and not twice at what stays the same.

    A text burned into every slice of a tomosynthesis is sought once.
    """

    def __init__(
        self,
        text_reader: TextReader,
        sight: Sight,
        *,
        closely: bool = False,
        gathering: bool = False,
    ) -> None:
        """Open an eye.

        Args:
            text_reader: Finds and reads text.
            sight: How it looks.
            closely: Show the network everything, not only what the gate lets through.
            gathering: Hold single glyphs together, over all frames: else a few that are
                scattered are lone signs, and those that look little like letters nothing.
        """
        self._singles = Singles() if gathering else None
        self._reader = text_reader
        self._sight = sight
        self._closely = closely
        self._gazes = self._open()
        self._closer = self._open()
        self._afar = Afar(sight.afar)
        self._huge = Huge()

    def look(self, plane: Plane) -> tuple[Writing, ...]:
        """Find all writing in a plane (rows by columns of luminance, white on black)."""
        if _is_even(plane):  # such as the empty frames of a segment
            return ()
        found = self._look(plane, self._gazes, is_whole=True)
        if plane.size > SMALL:
            return found
        return (*found, *(it for it in self.look_closely(plane) if not _is_seen(it, found)))

    def look_closely(self, plane: Plane) -> tuple[Writing, ...]:
        """Find small writing in a plane, or part of one, at twice its size."""
        twice = np.repeat(np.repeat(plane, 2, axis=0), 2, axis=1)
        moved = (
            replace(writing, line=writing.line.moved(1 / 2))
            for writing in self._look(twice, self._closer)
        )
        return tuple(writing for writing in moved if writing.line.height <= _TALLEST)

    def _look(
        self, plane: Plane, gazes: tuple[Gaze, ...], *, is_whole: bool = False
    ) -> tuple[Writing, ...]:
        relief = Relief(plane)
        quarter = shrunk(relief)
        measured = None if self._closely else survey(relief)
        sight = Eyesight(self._sight.threshold, self._sight.score, self._closely)
        found: tuple[Writing, ...] = ()
        if is_whole:
            found = self._huge.look(relief, quarter, self._reader)
        for gaze, is_ahead in zip(gazes, self._sight.are_ahead(), strict=True):
            passing: Passing | None = Ahead(_past_ends(found, relief)) if is_ahead else measured
            if isinstance(passing, Ahead) and not passing.cells.any():
                continue
            found = merge(
                found, gaze.look(relief, passing, found, self._reader, sight, quarter=quarter)
            )
        if is_whole:
            found += self._afar.look(relief, measured, found, self._reader, sight)
            found += find_barcodes(relief, measured or survey(relief))
        lines = tuple(it for it in found if not _is_of_marker(it, found))
        if self._singles is not None:
            lines = self._singles.gather(lines + self._beside(lines, relief, sight))
        lines = tuple(it for it in lines if it.kind is not Kind.GLYPH)
        longer = one_cut_marker(follow(lines, relief), plane.shape)
        return run_on(unmask(longer), plane.shape)

    def _beside(
        self, found: tuple[Writing, ...], relief: Relief, sight: Eyesight
    ) -> tuple[Writing, ...]:
        """Find letters in line with glyphs that stand alone: not every letter passes the gate."""
        judge = Judge(relief, self._reader)
        more: tuple[Writing, ...] = ()
        for scale, cells in beside(found, everywhere(relief).shape):
            view = replace(self._sight.small, scale=scale)
            for line in search(relief, cells, view, self._reader, sight):
                if not _is_known(line, found + more):
                    more += (judge.judge(line, lettering=False),)
        return tuple(it for it in more if is_single(it))

    def _open(self) -> tuple[Gaze, ...]:
        lettering = self._sight.lettering
        return tuple(
            Gaze(gate, view, lettering=view is lettering) for gate, view in self._sight.views()
        )


def look(plane: Plane, text_reader: TextReader, sight: Sight) -> tuple[Writing, ...]:
    """Find all writing in a picture that stands alone."""
    return Eye(text_reader, sight).look(plane)


def look_closely(plane: Plane, text_reader: TextReader, sight: Sight) -> tuple[Writing, ...]:
    """Find small writing in a picture, or part of one, at twice its size."""
    return Eye(text_reader, sight).look_closely(plane)


def _is_even(plane: Plane) -> bool:
    """Tell whether all of a plane is one grey; a row tells of most that it is not."""
    first = plane.flat[0]
    return bool((plane[len(plane) // 2] == first).all() and (plane == first).all())


def _past_ends(found: tuple[Writing, ...], relief: Relief) -> Grey:
    """Give the cells of large text and those past its ends: some of it may be fainter."""
    cells = np.zeros_like(everywhere(relief))
    for line in (it.line for it in found if it.kind is Kind.TEXT):
        if line.height >= _LARGE and line.score >= _TEXT_LIKE:
            ends, sides = _PAST * line.height, line.height / 4
            cells |= drawn(line.grown(ends, sides), cells.shape)
    return cells


def _is_of_marker(it: Writing, found: tuple[Writing, ...]) -> bool:
    """Tell whether a letter or two lie in a marker, whose box is much higher where it is tilted."""
    if it.kind is not Kind.TEXT or it.letters > _FEW:
        return False
    markers = (other.line for other in found if other.kind is Kind.MARKER)
    inside = _INSIDE if it.letters <= 1 else _WITHIN
    return any(share(it.line, marker) > inside for marker in markers)


def _is_known(line: Line, found: tuple[Writing, ...]) -> bool:
    return any(share(line, it.line) > _HALF or share(it.line, line) > _HALF for it in found)


def _is_seen(writing: Writing, found: tuple[Writing, ...]) -> bool:
    return any(share(writing.line, other.line) > _INSIDE for other in found)
