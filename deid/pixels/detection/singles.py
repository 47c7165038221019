"""Single glyphs of like height: three in a row or column are a line, three anywhere a word.

A letter alone says nothing, and may be a clip or a calcification. Letters far apart, or one in
each slice of a tomosynthesis, spell all the same: those in a row are text from end to end, and
those that are scattered are for people to look at.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from deid.pixels.coding.arrays import Grey
from deid.pixels.detection.reading import is_short
from deid.pixels.detection.search import drawn
from deid.pixels.detection.text_reader import Line
from deid.pixels.detection.writing import Kind, Writing, share

_SEVERAL = 3
# Clips and rings read as these: two of them say as much as one other letter.
_SIMPLE = frozenset("CIJLOTUVXYcijlorstuvxyz017")
_ALIKE = 0.6  # of the height
_ASIDE = 0.5  # heights: of one row
_FARTHEST = 8.0  # heights from letter to letter of one row
_USUAL = 45.0  # pixels high with margins
_AROUND = 12.0  # heights to either side that are looked along
_ACROSS = 1.5  # heights
_SAME = 1 / 2  # of the area
_MARGIN = 1.2  # heights
_UPRIGHT = (0.0, 90.0)  # degrees: rows and columns


@dataclass(frozen=True)
class _Place:
    """Where a glyph was, how high, and what it read as."""

    x: float
    y: float
    size: float
    said: str

    @property
    def weight(self) -> float:
        """How much it says: two simple shapes are one letter."""
        return 1 / 2 if self.said in _SIMPLE else 1


class Singles:
    """What glyphs stood alone in the frames of one object so far."""

    def __init__(self) -> None:
        self._seen: list[_Place] = []
        self._doubtful = False

    def gather(self, found: tuple[Writing, ...]) -> tuple[Writing, ...]:
        """Make rows and columns of glyphs text, and tell of those that are scattered."""
        alone = [it for it in found if is_single(it)]
        rows = list(_rows(alone))
        rest = [it for it in found if not any(_covers(row.line, it.line) for row in rows)]
        several = self._are_several(alone)
        return (*rows, *(it for one in rest for it in _settled(one, several=several)))

    def _are_several(self, alone: list[Writing]) -> bool:
        """Tell whether glyphs of one height were seen in three places, or said three things.

        A simple shape counts for half; a marker of side counts where another glyph is, and so
        does what is blanked.
        """
        for it in alone:
            place = _Place(*it.line.centre, size_of(it), it.said)
            if not any(_is_same(place, other) for other in self._seen):
                self._seen.append(place)
        self._doubtful |= any(it.kind in (Kind.LONE, Kind.GLYPH) for it in alone)
        return self._doubtful and any(
            sum(other.weight for other in self._seen if _are_alike(place.size, other.size))
            >= _SEVERAL
            for place in self._seen
        )


def is_single(it: Writing) -> bool:
    """Tell whether a writing is one glyph that reads as a letter."""
    return bool(it.said) and it.kind is not Kind.NOTHING and is_short(it.line)


def size_of(it: Writing) -> float:
    """Give how high a glyph is with its margins: a narrow one runs up."""
    return max(it.line.length, it.line.height)


def beside(found: tuple[Writing, ...], shape: tuple[int, ...]) -> Iterator[tuple[float, Grey]]:
    """Give where to look on: the rows and columns of two glyphs of like height in line.

    Yields:
        At what scale such glyphs are print of the usual size, and the cells.
    """
    alone = [it for it in found if is_single(it)]
    cells: dict[float, Grey] = {}
    for it in alone:
        size = size_of(it)
        for axis, angle in enumerate(_UPRIGHT):
            if any(_beside(other, it, axis) for other in alone):
                scale = 1 / max(1, round(size / _USUAL))
                seen = cells.setdefault(scale, np.zeros(shape, np.uint8))
                where = it.line.centre
                along = Line(where, 2 * _AROUND * size, _ACROSS * size, angle, it.line.score)
                seen |= drawn(along, shape)
    yield from cells.items()


def _rows(alone: list[Writing]) -> Iterator[Writing]:
    """Give the rows and columns of three glyphs and more, each as a line of text."""
    for axis, angle in enumerate(_UPRIGHT):
        left = list(alone)
        while left:
            row = _row(left.pop(0), left, axis)
            if len(row) >= _SEVERAL:
                left = [it for it in left if it not in row]
                yield _line(row, axis, angle)


def _row(first: Writing, others: list[Writing], axis: int) -> list[Writing]:
    """Give the glyphs that stand in line with one, from neighbour to neighbour."""
    row = [first]
    for _ in others:
        more = [it for it in others if it not in row and any(_beside(it, one, axis) for one in row)]
        if not more:
            break
        row += more
    return row


def _beside(one: Writing, other: Writing, axis: int) -> bool:
    size = size_of(other)
    along, aside = (abs(one.line.centre[i] - other.line.centre[i]) for i in (axis, 1 - axis))
    alike = _are_alike(size_of(one), size)
    return alike and aside < _ASIDE * size and size / 2 < along < _FARTHEST * size


def _line(row: list[Writing], axis: int, angle: float) -> Writing:
    """Give a line over a row, and as far past its ends as its letters are apart."""
    places = sorted(it.line.centre[axis] for it in row)
    gap = float(np.diff(places).max())
    size = max(size_of(it) for it in row)
    middle, aside = (places[0] + places[-1]) / 2, _mean(row, 1 - axis)
    centre = (middle, aside) if axis == 0 else (aside, middle)
    length = places[-1] - places[0] + 2 * gap + size
    return Writing(
        Line(centre, length, _MARGIN * size, angle, max(it.line.score for it in row)),
        Kind.TEXT,
        letters=len(row),
    )


def _mean(row: list[Writing], axis: int) -> float:
    return float(np.mean([it.line.centre[axis] for it in row]))


def _settled(it: Writing, *, several: bool) -> Iterator[Writing]:
    """Give what a glyph is: nothing if it says too little alone, and is."""
    if several and is_single(it) and it.kind is not Kind.TEXT:
        kind = Kind.LONE if it.kind is Kind.GLYPH else it.kind
        yield replace(it, kind=kind, several=True)
    elif it.kind is not Kind.GLYPH:
        yield it


def _covers(row: Line, line: Line) -> bool:
    return share(line, row) > _SAME


def _are_alike(size: float, other: float) -> bool:
    return _ALIKE < size / other < 1 / _ALIKE


def _is_same(place: _Place, other: _Place) -> bool:
    near = max(abs(place.x - other.x), abs(place.y - other.y)) < place.size
    return near and place.said == other.said
