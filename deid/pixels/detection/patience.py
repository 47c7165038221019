"""A reader of text that looks at one object no longer than its size deserves.

What it shows the network is counted, not the time it takes: the same object ends the same way on
any machine. A small file may not keep a worker for hours.
"""

from pydicom.dataset import Dataset

from deid.errors import Reason, SuspectError
from deid.findings import Finding
from deid.pixels.coding.arrays import Grey
from deid.pixels.detection.text_reader import TILE, Probability, Reading, TextReader
from deid.values import number

_ROWS, _COLUMNS, _FRAMES = 0x00280010, 0x00280011, 0x00280008
_FLOOR = 1024  # windows that any object may take: a few minutes
_TIMES = 8  # over: two or three scales, what overlaps, and small print at twice its size
_LINES = 16  # so many lines are read in the time of a window
_TOO_MUCH = (Finding("pixels", "more to look at than anybody looks at"),)


class PatientReader(TextReader):
    """Finds and reads text until its patience ends; for one object, and one thread."""

    def __init__(self, reader: TextReader, header: Dataset) -> None:
        self._reader = reader
        pixels = number(header, _ROWS) * number(header, _COLUMNS)
        pixels *= max(number(header, _FRAMES), 1)
        self._left = _LINES * (_FLOOR + _TIMES * pixels // TILE**2)

    def probability(self, tile: Grey) -> Probability:
        """Give the probability of text for each pixel of a tile.

        Raises:
            SuspectError: There is more to look at than an object of this size has.
        """
        self._take(_LINES)
        return self._reader.probability(tile)

    def read(self, line: Grey) -> Reading:
        """Read one line, upright and cropped.

        Raises:
            SuspectError: There is more to look at than an object of this size has.
        """
        self._take(1)
        return self._reader.read(line)

    def _take(self, cost: int) -> None:
        self._left -= cost
        if self._left < 0:
            raise SuspectError(Reason.UNCHECKED, _TOO_MUCH)


def patient(reader: TextReader | None, header: Dataset) -> TextReader | None:
    """Give a reader for one object; None stays None."""
    return None if reader is None else PatientReader(reader, header)
