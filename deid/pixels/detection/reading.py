"""Reading a line that was found: it decides what stays, and what only looks like writing.

Most text needs no reading: the network is sure of it, and no marker is as long. What is read is
whatever may be a marker of side and view, and what the network is not sure of.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np

from deid.pixels.coding.arrays import Grey
from deid.pixels.detection.markers import Marker, read_cut_marker, read_marker
from deid.pixels.detection.relief import Relief
from deid.pixels.detection.text_reader import Line, Reading, TextReader

_HEIGHT = 56  # of a line as it is read; the network takes it to 48
_NEIGHBOURHOOD = 112
_SQUARE = 1.7  # times as long as high: one or two letters, which may stand on end
_LONGEST = 7.0  # times as long as high: longer than any marker with its margins
_LONGEST_MARKER = 8.0  # so many letters are none, whichever way up
_BARS = frozenset("|Il1i-_=\u4e00\u4e28\u4e8c\u4e09 ")
_RINGS = frozenset("Oo0Q\u00b0\u25cb\u3007")
_SURE = 0.8
_ENOUGH = 2.4  # letters of a line too long for a marker: it is text
_PLAIN = 0.9  # this sure of so many letters, they are not a marker upside down
_SEVERAL = 5
_WHOLE = 0.95  # this sure, a marker at the border is taken for whole
_LEGIBLE = 0.55
_PERHAPS = 0.5  # this sure, a marker is looked at again
_AGREED = 3  # times the same: it is one
_TIGHT = 0.8  # of the height
_NARROW = 2.1  # times as high as wide: one letter may be
_STEEP = 45.0  # degrees: it runs up or down
_TURNS = (0.0, 5.0, -5.0)  # degrees
_ANGLES = (0.0, 45.0)  # degrees, each way up
_EDGE = 0.12  # of the height: this near the border a line is cut


class Words:
    """What a line says, whichever way up it stands.

    Attributes:
        marker: The marker that it is, if it is one.
        weight: Letters, each for as much as it is sure.
        letters: How many were read, not which.
    """

    def __init__(
        self,
        relief: Relief,
        line: Line,
        reader: TextReader,
        *,
        once: bool = False,
        turned: bool = True,
    ) -> None:
        """Read a line; once is only as it stands, turned is a letter at an angle too."""
        self.marker: Marker | None = None
        self.weight = 0.0
        self.letters = 0
        self._maybe: Counter[Marker] = Counter()
        self._once = once
        if is_long(line):  # no marker: its middle tells whether it is text
            line = replace(line, length=_LONGEST * line.height)
        for tight in _closer(line):
            self._read(relief, tight, reader)
            if self.marker is not None or not self._maybe:
                break
        agreed = self._maybe.most_common(1)
        if self.marker is None and agreed and agreed[0][1] >= _AGREED:
            self.marker = agreed[0][0]
        if self.marker is None and is_short(line) and not once and turned and self.letters <= 1:
            for angle in _ANGLES:  # one letter has no direction of its own
                self._read(relief, _square(line, angle), reader)
                if self.marker is not None:
                    break

    def _read(self, relief: Relief, line: Line, reader: TextReader) -> None:
        start, end = cut_ends(line, relief.plane.shape)
        cut: tuple[float, Marker] | None = None
        for turned, reading in _readings(upright(relief, line), line, reader):
            at_start, at_end = (end, start) if turned else (start, end)
            marker = _as_marker(reading, line, at_start=at_start, at_end=at_end)
            weight = _weigh(reading)
            if marker is not None and not marker.cut:
                self.marker = marker
                return
            if marker is not None and (cut is None or weight > cut[0]):
                cut = weight, marker
                continue
            self._maybe += _perhaps(reading)
            if weight > self.weight:
                self.weight, self.letters = weight, _letters(reading)
            if self._once or _is_plain(reading, line):
                break
        # What is left of a marker reads the other way up as fewer letters; a name as more.
        if cut is not None and cut[0] > self.weight:
            self.marker = cut[1]


def is_short(line: Line) -> bool:
    """Tell whether a line is one or two letters, or something else as long as high."""
    return line.length < _SQUARE * line.height


def is_long(line: Line) -> bool:
    """Tell whether a line is longer than any marker."""
    return line.length > _LONGEST * line.height


def upright(relief: Relief, line: Line) -> Grey:
    """Cut a line out so that it runs from left to right, as high as the network reads."""
    scale = min(_HEIGHT / line.height, 4.0)
    corners = line.grown(line.height / 4, line.height / 4).corners()
    rows, columns = relief.plane.shape
    last = columns - 1, rows - 1
    left, top = (int(it) for it in np.clip(corners.min(axis=0), 0, last))
    right, bottom = (int(it) + 1 for it in np.clip(np.ceil(corners.max(axis=0)), 0, last))
    shown = relief.filled((left, top, right, bottom), scale, neighbourhood=_NEIGHBOURHOOD)
    moved = line.moved(scale, (-left * scale, -top * scale))
    wide, high = round(moved.length) + 1, round(moved.height) + 1
    turn = cv2.getRotationMatrix2D(moved.centre, moved.angle, 1)
    turn[:, 2] += np.array((wide / 2 - moved.centre[0], high / 2 - moved.centre[1]))
    return np.asarray(
        cv2.warpAffine(shown, turn, (wide, high), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def cut_ends(line: Line, shape: tuple[int, ...]) -> tuple[bool, bool]:
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


def _square(line: Line, angle: float) -> Line:
    return replace(line, length=line.length, height=line.length, angle=angle)


def _closer(line: Line) -> Iterator[Line]:
    """Give a line, and it with less around it and turned a little: lead letters slant."""
    yield line
    shorter = line.length - (1 - _TIGHT) * line.height
    tight = replace(line, height=_TIGHT * line.height, length=shorter)
    for turn in _TURNS:
        yield replace(tight, angle=line.angle + turn)


def _readings(crop: Grey, line: Line, reader: TextReader) -> Iterator[tuple[bool, Reading]]:
    """Read a line as it stands, then upside down; a short one may also stand on end.

    A narrow letter is higher than wide: its box runs up, and it is read upright first.
    """
    if line.length < _NARROW * line.height and abs(line.angle) > _STEEP:
        upright_ = crop.T[::-1] if line.angle < 0 else crop.T[:, ::-1]
        yield False, reader.read(np.ascontiguousarray(upright_))
    yield False, reader.read(crop)
    yield True, reader.read(np.ascontiguousarray(crop[::-1, ::-1]))
    if is_short(line):
        if abs(line.angle) <= _STEEP or line.angle > 0:
            yield False, reader.read(np.ascontiguousarray(crop.T[::-1]))
        if abs(line.angle) <= _STEEP or line.angle < 0:
            yield False, reader.read(np.ascontiguousarray(crop.T[:, ::-1]))


def _as_marker(reading: Reading, line: Line, *, at_start: bool, at_end: bool) -> Marker | None:
    marker = read_marker(reading.text)
    lone = _letters(reading) == 1
    if (
        marker is not None
        and reading.confidence >= _SURE
        and (line.length < _NARROW * line.height or not lone)
    ):
        cut = (at_start or at_end) and reading.confidence < _WHOLE
        return Marker(marker.laterality, marker.view, cut=cut)
    if (at_start or at_end) and reading.confidence >= _LEGIBLE:
        return read_cut_marker(reading.text, at_start=at_start, at_end=at_end)
    return None


def _is_plain(reading: Reading, line: Line) -> bool:
    """Tell whether a line that is no marker as it stands is text whichever way up."""
    letters = _letters(reading)
    weight = reading.confidence * letters
    if line.length >= _LONGEST * line.height and weight >= _ENOUGH:
        return True
    return weight >= _LONGEST_MARKER or (reading.confidence >= _PLAIN and letters >= _SEVERAL)


def _perhaps(reading: Reading) -> Counter[Marker]:
    """Count the marker that a reading may be; a letter alone may be anything."""
    marker = read_marker(reading.text) if reading.confidence >= _PERHAPS else None
    if marker is None or _letters(reading) == 1:
        return Counter()
    return Counter([marker])


def _weigh(reading: Reading) -> float:
    """Count the letters, each for as much as it is sure.

    A bar alone may be a blanked box, a ring a marker of skin or an implant.
    """
    return (
        0.0
        if set(reading.text) <= _BARS or set(reading.text) <= _RINGS
        else reading.confidence * _letters(reading)
    )


def _letters(reading: Reading) -> int:
    return sum(map(str.isalnum, reading.text))
