"""The whole picture seen from afar: letters so large that no closer view shows one whole."""

import cv2
import numpy as np

from deid.pixels.coding.arrays import Grey
from deid.pixels.detection.markers import read_cut_marker, read_marker
from deid.pixels.detection.reading import is_short, upright
from deid.pixels.detection.relief import Half, Map, Relief
from deid.pixels.detection.text_reader import Line, TextReader, lines
from deid.pixels.detection.writing import Kind, Writing

_LONG_SIDE = 256  # pixels of the view: a letter of a tenth of the picture is seen on it
_QUARTER = 4.0  # pixels of the plane in one of the quarter picture
_SPREAD = 32.0  # grey levels to a standard deviation: four of them from grey to black or white
_LEVELS = 20  # grey levels: half a standard deviation and more is a change
_CHANGED = 0.01  # of the view: strokes of huge letters fill more
_THRESHOLD = 0.2
_SCORE = 0.4
_HUGE = 450.0  # pixels of the plane high: smaller letters are for the other views
_LETTERS = 2
_SURE = 0.8


class Huge:
    """A view of all of a picture, which remembers."""

    def __init__(self) -> None:
        self._shown = np.zeros((0, 0), np.uint8)
        self._found: tuple[Writing, ...] = ()

    def look(self, relief: Relief, quarter: Half, reader: TextReader) -> tuple[Writing, ...]:
        """Find huge writing in a frame; where little changed it is what it was.

        Args:
            relief: The frame.
            quarter: The same, shrunk.
            reader: Finds and reads text.
        """
        scale = _LONG_SIDE / max(quarter.shape)
        if max(relief.plane.shape) < _HUGE:
            return ()
        noise = float(relief.cell_noise((1, 1)).mean())
        shown = _shown(quarter, scale, noise)
        if shown.shape != self._shown.shape or _is_changed(shown, self._shown):
            self._shown = shown
            probability = reader.probability(shown)
            found = lines(probability, threshold=_THRESHOLD, score=_SCORE)
            moved = (line.moved(_QUARTER / scale) for line in found)
            self._found = tuple(
                Writing(line, Kind.TEXT, letters=letters)
                for line in moved
                if line.height >= _HUGE and (letters := _letters(relief, line, reader))
            )
        return self._found


def _shown(quarter: Half, scale: float, noise: float) -> Grey:
    """Show a picture small, with grey where it is as bright as on the whole."""
    size = tuple(max(1, round(side * scale)) for side in quarter.shape[::-1])
    small: Map = cv2.resize(quarter, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    around = (_LONG_SIDE, _LONG_SIDE)
    mean = cv2.blur(small, around)
    variance = cv2.blur(small * small, around) - mean * mean
    level = (small - mean) / np.sqrt(np.maximum(variance, max(noise, 1) ** 2)) * _SPREAD + 128
    return np.clip(level, 0, 255).astype(np.uint8)


def _is_changed(shown: Grey, before: Grey) -> bool:
    apart = cv2.absdiff(shown, before) > _LEVELS
    return bool(apart.mean() > _CHANGED)


def _letters(relief: Relief, line: Line, reader: TextReader) -> int:
    """Give how many letters a line reads as, turned in two ways; 0 for too few or a marker."""
    crop = upright(relief, line)
    most = 0
    on_end = crop.T[::-1] if line.angle < 0 else crop.T[:, ::-1]
    for turned in (crop, on_end if is_short(line) else crop[::-1, ::-1]):
        reading = reader.read(np.ascontiguousarray(turned))
        if read_marker(reading.text) or read_cut_marker(reading.text, at_start=True, at_end=True):
            return 0
        letters = sum(map(str.isalnum, reading.text))
        if letters >= _LETTERS and reading.confidence >= _SURE:
            most = max(most, letters)
    return most
