"""Writing in one frame: lines of text and markers, as several views saw them, put together."""

from dataclasses import dataclass, replace
from enum import Enum

import cv2
import numpy as np
import numpy.typing as npt

from deid.pixels.detection.markers import Marker
from deid.pixels.detection.reading import is_short
from deid.pixels.detection.text_reader import Line

_SAME = 0.7  # of length and area: two looks saw one line
_LOOSER = 1.6  # times as long: no room for another word
_ASIDE = 0.15  # of the height
_PARALLEL = 15.0  # degrees
_ALIKE = 0.6  # of the height: words of one line
_LETTER = 0.5  # of the height: a letter of a line, without what hangs from others
_NEAR = 3.0  # heights
_SEVERAL = 2.0  # times as long as high: only several letters run on
_LIKELY = 0.7
_HIDDEN = 2.5  # heights from the border
_BESIDE = 0.5  # heights: a line of print beside it has more room
_TURNED = 0.1  # of a pixel for each along it: less, and it never gets to that side

Point = npt.NDArray[np.float64]


class Kind(Enum):
    """What a line is.

    A lone glyph stands inside the breast and reads as no marker: it is kept, and told of.
    """

    TEXT = "text"
    MARKER = "marker"
    LONE = "lone glyph"
    NOTHING = "nothing"


@dataclass(frozen=True, repr=False)
class Writing:
    """One line of writing in pixels of the frame; `letters` is how many were read, not which."""

    line: Line
    kind: Kind
    marker: Marker | None = None
    letters: int = 0


def merge(found: tuple[Writing, ...], closer: tuple[Writing, ...]) -> tuple[Writing, ...]:
    """Add what was seen closer; it takes the place of text seen from afar on the same line."""
    close = [it for it in closer if it.kind in (Kind.TEXT, Kind.MARKER)]
    kept = (
        it
        for it in found
        if it.kind is Kind.MARKER or not any(_seen_closer(it, other) for other in close)
    )
    return (*kept, *closer)


def is_part_of(line: Line, marker: Writing) -> bool:
    """Tell whether a line is a letter of a marker, or all of it, seen more or less tightly."""
    if line.height < marker.line.height / 4:
        return False
    looser = line.length < _LOOSER * marker.line.length
    return share(line, marker.line) > 1 / 2 or (looser and share(marker.line, line) > _SAME)


def _seen_closer(coarse: Writing, fine: Writing) -> bool:
    """Tell whether the fine look found the same line; one of two lines is off the middle."""
    angle = np.deg2rad(coarse.line.angle)
    apart = np.subtract(fine.line.centre, coarse.line.centre)
    aside = abs(float(apart @ np.array((-np.sin(angle), np.cos(angle)))))
    return (
        aside < _ASIDE * coarse.line.height
        and fine.line.length >= _SAME * coarse.line.length
        and share(fine.line, coarse.line) >= _SAME
    )


def share(line: Line, other: Line) -> float:
    """Give how much of a line lies in another."""
    area, _ = cv2.intersectConvexConvex(line.corners(), other.corners())
    return float(area) / (line.length * line.height)


def unmask(writings: tuple[Writing, ...]) -> tuple[Writing, ...]:
    """Let no word of a longer line pass as a marker, and no letter of it as a lone one."""
    texts = [writing.line for writing in writings if writing.kind is Kind.TEXT]
    return tuple(
        Writing(writing.line, Kind.TEXT)
        if writing.kind in (Kind.MARKER, Kind.LONE)
        and any(_continues(writing, text) for text in texts)
        else writing
        for writing in writings
    )


def _continues(writing: Writing, text: Line) -> bool:
    """Tell whether a word and a text of its size stand on one line.

    Where either is a letter it has no direction, and being near is enough.
    """
    word = writing.line
    directed = _has_direction(writing)
    letter = not directed and _LETTER < _size(word) / _size(text) < 1 / _LETTER
    if not letter and not _ALIKE < word.height / text.height < 1 / _ALIKE:
        return False
    if not directed and is_short(text):
        apart = float(np.hypot(*np.subtract(word.centre, text.centre)))
        return apart < _NEAR * text.height
    turned = abs((word.angle - text.angle + 90) % 180 - 90)
    if directed and not is_short(text) and turned >= _PARALLEL:
        return False
    along = word if directed else replace(word, angle=text.angle)
    near = min(word.height, text.height)
    return share(along.grown(near, -word.height / 4), text) > 0


def _has_direction(writing: Writing) -> bool:
    """Tell whether a word runs one way: a letter alone is a box that may be turned anyhow."""
    marker = writing.marker
    several = marker is not None and bool(marker.view or (marker.cut and not marker.laterality))
    return several or not is_short(writing.line)


def _size(line: Line) -> float:
    """Give how high letters are: a narrow one is higher than its box is wide."""
    return line.length if is_short(line) else line.height


def run_on(writings: tuple[Writing, ...], shape: tuple[int, ...]) -> tuple[Writing, ...]:
    """Lengthen text that ends near the border: the rim of a film hides its last letters.

    What runs along the border is widened to it, for the same reason.
    """
    return tuple(
        replace(it, line=_to_border(it.line, shape)) if it.kind is Kind.TEXT else it
        for it in writings
    )


def _to_border(line: Line, shape: tuple[int, ...]) -> Line:
    if line.length < _SEVERAL * line.height or line.score < _LIKELY:
        return line
    angle = np.deg2rad(line.angle)
    along = np.array((np.cos(angle), np.sin(angle)))
    across = np.array((-along[1], along[0]))
    centre = np.array(line.centre)
    sizes = []
    for way, size, hidden in ((along, line.length, _HIDDEN), (across, line.height, _BESIDE)):
        reaches = [_reach(centre + turned * size / 2, turned, shape) for turned in (way, -way)]
        ahead, behind = (it if it <= hidden * line.height else 0.0 for it in reaches)
        centre = centre + way * (ahead - behind) / 2
        sizes.append(size + ahead + behind)
    x, y = float(centre[0]), float(centre[1])
    return replace(line, centre=(x, y), length=sizes[0], height=sizes[1])


def _reach(end: Point, way: Point, shape: tuple[int, ...]) -> float:
    """Give how far an end or a side of a line is from the border, going on that way."""
    room = np.where(way > 0, np.array((shape[1], shape[0])) - end, end)
    speed = np.abs(way)
    ways = [float(room[i] / speed[i]) for i in (0, 1) if speed[i] > _TURNED]
    return max(0.0, min(ways))
