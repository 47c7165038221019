"""Whether a marker that was read is all there, so that it may speak against a header.

A border, a line drawn through it or a letter beside it may have taken a part of it away, and the
L of a name reads as a side. What is not surely whole stays in the image and says nothing.
"""

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np

from deid.pixels.coding.arrays import Grey
from deid.pixels.detection.air import find_breast, lies_inside
from deid.pixels.detection.markers import Marker, read_marker
from deid.pixels.detection.reading import cut_ends, is_short, upright
from deid.pixels.detection.relief import Relief
from deid.pixels.detection.text_reader import Line, TextReader

_AROUND = 0.5  # of the height: nothing else is so near
_TIGHT = 0.8  # of the height: what is read a second time
_SMOOTH = 0.8  # pixels as read
_NEAR = np.ones((3, 3), np.uint8)
_REACH = 1  # pixels of it
_INK = 90  # per cent of the steepness inside: the outlines of letters
_OUTLINE = 0.5  # of that
# Of what is around: 0 to 0.015 around 40 whole markers, 0.03 and more where one was cut.
_LONELY = 0.02
_SIDE_LONELY = 0.005  # a letter alone is more easily something else
_AGREED = 0.8
_SIDE_AGREED = 0.95
_SIDE_HEIGHT = 44.0  # pixels with margins: of what is lower, crossing wires read so too
_SIDE_SCORE = 0.82  # crossing wires and corners look less like text


def settle(relief: Relief, line: Line, marker: Marker, reader: TextReader) -> Marker:
    """Tell of a marker that was read whether it is cut, and whether it is sure.

    Args:
        relief: The picture.
        line: Where the marker was read.
        marker: As read.
        reader: Reads it a second time, if nothing else speaks against it.
    """
    if marker.cut:
        return marker
    if any(cut_ends(line, relief.plane.shape)):
        return replace(marker, cut=True)
    sure = _stands_alone(relief, line, marker) and _reads_again(relief, line, marker, reader)
    return replace(marker, sure=sure)


def _stands_alone(relief: Relief, line: Line, marker: Marker) -> bool:
    """Tell whether nothing as steep as the letters is around them, nor runs into them."""
    if not marker.view:
        if line.height < _SIDE_HEIGHT or line.score < _SIDE_SCORE:
            return False
        outside = not lies_inside(find_breast(relief), line.centre)
        return outside and _crowd(relief, line) <= _SIDE_LONELY
    return _crowd(relief, line) <= _LONELY


def _crowd(relief: Relief, line: Line) -> float:
    """Give how much of what is around a line is as steep as its letters."""
    margin = _AROUND * line.height
    shown = cv2.GaussianBlur(upright(relief, line.grown(margin, margin)), (0, 0), _SMOOTH)
    steep = cv2.morphologyEx(shown, cv2.MORPH_GRADIENT, _NEAR)
    rim = max(1, round(steep.shape[0] * margin / (line.height + 2 * margin)) - _REACH)
    inside = np.zeros(steep.shape, bool)
    inside[rim:-rim, rim:-rim] = True
    outline = _OUTLINE * float(np.percentile(steep[inside], _INK))
    return float((steep[~inside] > outline).mean())


def _reads_again(relief: Relief, line: Line, marker: Marker, reader: TextReader) -> bool:
    """Tell whether it reads the same with less around it, some way up."""
    shorter = line.length - (1 - _TIGHT) * line.height
    crop = upright(relief, replace(line, height=_TIGHT * line.height, length=shorter))
    least = _AGREED if marker.view else _SIDE_AGREED
    return any(
        reading.confidence >= least and read_marker(reading.text) == marker
        for reading in map(reader.read, _ways_up(crop, line))
    )


def _ways_up(crop: Grey, line: Line) -> Iterator[Grey]:
    yield crop
    yield np.ascontiguousarray(crop[::-1, ::-1])
    if is_short(line):
        yield np.ascontiguousarray(crop.T[::-1])
        yield np.ascontiguousarray(crop.T[:, ::-1])
