"""Writing in one frame: what is text, what is a marker, and what only looks like either.

Only a whole line that reads as a marker of side and view stays. Lead numbers beside it (of a
cassette or of whoever took the image) are text like any other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

import cv2
import numpy as np

from deid.pixels.gate import Grey, Plane, Sight, normalise, windows
from deid.pixels.markers import Marker, read_cut_marker, read_marker
from deid.pixels.text_reader import Line, Reading, TextReader, lines

# Heights in pixels of the frame, margins of the detector included.
_FINE_MAX = 280.0
_COARSE_MIN = 110.0
_COARSE_MAX = 640.0
_LONE = 1.7  # times as long as high: one or two letters, which may stand on end
_LONG = 2.5  # several letters
# How sure the networks are: measured on eight films with and without text burned in, where
# text scored 0.85 and more and weighed 4 and more, and everything else less.
_CLEAR = 0.88
_LIKELY = 0.7
_SURE = 0.8
_WHOLE = 0.95  # this sure, a marker at the border is taken for whole
_LEGIBLE = 0.55
_SOME = 1.6
_PLAIN = 2.4
_LONGEST_MARKER = 8.0  # so many letters are none, whichever way up
_BARS = frozenset("|Il1i-_=\u4e00\u4e28\u4e8c\u4e09 ")
_SAME = 0.7  # of length and area: two looks saw one line
_ASIDE = 0.15  # of the height
_PARALLEL = 15.0  # degrees
_ALIKE = 0.6  # of the height: words of one line
_EDGE = 0.12  # of the height: this near the border a line is cut


class Kind(Enum):
    """What a line is."""

    TEXT = "text"
    MARKER = "marker"
    NOTHING = "nothing"


@dataclass(frozen=True, repr=False)
class Writing:
    """One line of writing in pixels of the frame; `letters` is how many were read, not which."""

    line: Line
    kind: Kind
    marker: Marker | None = None
    letters: int = 0


def find_writing(plane: Plane, reader: TextReader, sight: Sight) -> tuple[Writing, ...]:
    """Find all writing in a plane (rows by columns of luminance, white on black)."""
    large = _look_coarse(plane, reader, sight)
    markers = [writing for writing in large if writing.kind is Kind.MARKER]
    small = [
        writing
        for writing in _look_fine(plane, reader, sight)
        if not any(_part_of(writing, marker) for marker in markers)
    ]
    close = [writing for writing in small if writing.kind is Kind.TEXT]
    large = tuple(
        writing
        for writing in large
        if writing.kind is Kind.MARKER or not any(_seen_closer(writing, it) for it in close)
    )
    return _unmask((*large, *small))


def _look_coarse(plane: Plane, reader: TextReader, sight: Sight) -> tuple[Writing, ...]:
    # Lettering fills its neighbourhood: at full contrast its strokes would run together.
    picture = normalise(plane, sight.coarse, sight.window, ceiling=np.inf)
    found = reader.find(picture, threshold=sight.threshold, score=sight.score)
    limit = _COARSE_MAX * sight.coarse
    kept = [line for line in found if _COARSE_MIN * sight.coarse <= line.height <= limit]
    judged = [_judge(picture, line, reader, sight.coarse) for line in kept]
    return tuple(writing for writing in judged if writing.kind is not Kind.NOTHING)


def _look_fine(plane: Plane, reader: TextReader, sight: Sight) -> tuple[Writing, ...]:
    picture = normalise(plane, sight.fine, sight.window)
    probability = np.zeros(picture.shape, np.float32)
    for left, top, right, bottom in windows(picture, steepness=sight.steepness, crowd=sight.crowd):
        part = probability[top:bottom, left:right]
        np.maximum(part, reader.probability(picture[top:bottom, left:right]), out=part)
    limit = _FINE_MAX * sight.fine
    found = lines(probability, threshold=sight.threshold, score=sight.score, tallest=limit)
    judged = [_judge(picture, line, reader, sight.fine) for line in found]
    return tuple(writing for writing in judged if writing.kind is not Kind.NOTHING)


def _judge(picture: Grey, line: Line, reader: TextReader, scale: float) -> Writing:
    """Tell what a line is by reading it each way up."""
    start, end = _cut_ends(line, picture.shape)
    whole = line.moved(1 / scale)
    best = Reading("", 0.0)
    for turned, reading in _readings(picture, line, reader):
        at_start, at_end = (end, start) if turned else (start, end)
        marker = _as_marker(reading, at_start=at_start, at_end=at_end)
        if marker is not None:
            return Writing(whole, Kind.MARKER, marker)
        best = max(best, reading, key=_weight)
        if _weight(best) >= _LONGEST_MARKER:
            break
    kind = Kind.TEXT if _is_text(line, best) else Kind.NOTHING
    return Writing(whole, kind, letters=_letters(best))


def _as_marker(reading: Reading, *, at_start: bool, at_end: bool) -> Marker | None:
    marker = read_marker(reading.text)
    if marker is not None and reading.confidence >= _SURE:
        cut = (at_start or at_end) and reading.confidence < _WHOLE
        return Marker(marker.laterality, marker.view, cut=cut)
    if (at_start or at_end) and reading.confidence >= _LEGIBLE:
        return read_cut_marker(reading.text, at_start=at_start, at_end=at_end)
    return None


def _readings(picture: Grey, line: Line, reader: TextReader) -> Iterator[tuple[bool, Reading]]:
    """Read a line as it stands, then upside down; a short one may also stand on end."""
    crop = upright(picture, line)
    yield False, reader.read(crop)
    yield True, reader.read(np.ascontiguousarray(crop[::-1, ::-1]))
    if line.length < _LONE * line.height:
        yield False, reader.read(np.ascontiguousarray(crop.T[::-1]))
        yield False, reader.read(np.ascontiguousarray(crop.T[:, ::-1]))


def _is_text(line: Line, reading: Reading) -> bool:
    """Weigh how much a line looks like text against how well it reads.

    Tissue, scratches and specks get a letter or two read into them and little probability;
    print gets both.
    """
    if line.score >= _CLEAR:
        return _weight(reading) >= _SURE
    return _weight(reading) >= (_SOME if line.score >= _LIKELY else _PLAIN)


def _weight(reading: Reading) -> float:
    """Count the letters, each for as much as it is sure; a bar alone may be a blanked box."""
    return 0.0 if set(reading.text) <= _BARS else reading.confidence * _letters(reading)


def _letters(reading: Reading) -> int:
    return sum(map(str.isalnum, reading.text))


def upright(picture: Grey, line: Line) -> Grey:
    """Cut a line out so that it runs from left to right."""
    wide, high = round(line.length) + 1, round(line.height) + 1
    turn = cv2.getRotationMatrix2D(line.centre, line.angle, 1)
    turn[:, 2] += np.array((wide / 2 - line.centre[0], high / 2 - line.centre[1]))
    return np.asarray(
        cv2.warpAffine(picture, turn, (wide, high), borderMode=cv2.BORDER_REPLICATE),
        dtype=np.uint8,
    )


def _cut_ends(line: Line, shape: tuple[int, ...]) -> tuple[bool, bool]:
    """Tell whether the start and the end of a line lie at the border of the picture."""
    near = _EDGE * line.height
    low = np.array((near, near))
    high = np.array((shape[1] - 1 - near, shape[0] - 1 - near))
    angle = np.deg2rad(line.angle)
    along = np.array((np.cos(angle), np.sin(angle)))
    corners = line.corners()
    ahead = (corners - np.array(line.centre)) @ along > 0
    outside = ((corners < low) | (corners > high)).any(axis=1)
    return bool((outside & ~ahead).any()), bool((outside & ahead).any())


def _part_of(writing: Writing, marker: Writing) -> bool:
    """Tell whether a line is a letter of a marker: inside it and nearly as high."""
    long = writing.line.length >= _LONG * writing.line.height
    if writing.line.height < marker.line.height / 3 or (long and writing.kind is Kind.TEXT):
        return False
    return share(writing.line, marker.line) > 1 / 2


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


def _unmask(writings: tuple[Writing, ...]) -> tuple[Writing, ...]:
    """Let no word of a longer line pass as a marker."""
    texts = [writing.line for writing in writings if writing.kind is Kind.TEXT]
    return tuple(
        Writing(writing.line, Kind.TEXT)
        if writing.marker is not None and any(_continues(writing.line, text) for text in texts)
        else writing
        for writing in writings
    )


def _continues(word: Line, text: Line) -> bool:
    """Tell whether a word and a text of its size stand on one line."""
    turned = abs((word.angle - text.angle + 90) % 180 - 90)
    # A word as short as it is high has no direction of its own.
    parallel = turned < _PARALLEL or word.length < _LONE * word.height
    if not parallel or not _ALIKE < word.height / text.height < 1 / _ALIKE:
        return False
    along = replace(word, angle=text.angle) if turned >= _PARALLEL else word
    return share(along.grown(word.height, -word.height / 4), text) > 0
