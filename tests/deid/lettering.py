"""Letters drawn in lines, as graphics of a presentation state can be."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from deid.elements import DEFAULT_ENCODING

Points = npt.NDArray[np.float64]

# On a grid of 4 by 6, y down; each line from point to point, "x y" without a blank.
_LETTERS = {
    "A": ("06 20 46", "14 34"),
    "B": ("00 06 35 44 33 03", "00 30 41 42 33"),
    "D": ("00 06 26 44 42 20 00",),
    "E": ("40 00 06 46", "03 33"),
    "G": ("41 30 10 01 05 16 36 45 43 23",),
    "I": ("20 26",),
    "J": ("30 35 26 16 05",),
    "K": ("00 06", "40 03 46"),
    "L": ("00 06 46",),
    "M": ("06 00 23 40 46",),
    "N": ("06 00 46 40",),
    "O": ("10 30 41 45 36 16 05 01 10",),
    "P": ("06 00 30 41 42 33 03",),
    "R": ("06 00 30 41 42 33 03", "23 46"),
    "S": ("41 30 10 01 02 13 33 44 45 36 16 05",),
    "T": ("00 40", "20 26"),
    "U": ("00 05 16 36 45 40",),
    "V": ("00 26 40",),
    "0": ("10 30 41 45 36 16 05 01 10",),
    "1": ("11 20 26",),
    "2": ("01 10 30 41 42 06 46",),
    "4": ("36 30 04 44",),
    "7": ("00 40 16",),
    "8": ("13 02 01 10 30 41 42 33 13 04 05 16 36 45 44 33",),
    "9": ("16 36 45 41 30 10 01 02 13 33 42",),
    " ": (),
}
_ADVANCE = 5.6


def lettered(text: str, at: tuple[float, float], height: float) -> list[Points]:
    """Write in lines: the left upper corner as x and y, and the height of the letters."""
    lines = []
    for place, letter in enumerate(text):
        for line in _LETTERS[letter]:
            grid = np.array([(int(x), int(y)) for x, y in line.split()], float)
            grid[:, 0] += place * _ADVANCE
            lines.append(grid * height / 6 + at)
    return lines


def graphic(
    points: Sequence[Sequence[float]] | Points, kind: str = "POLYLINE", units: str = "PIXEL"
) -> Dataset:
    """Make an item of a Graphic Object Sequence."""
    made = Dataset()
    made.GraphicAnnotationUnits, made.GraphicType, made.GraphicDimensions = units, kind, 2
    made.NumberOfGraphicPoints = len(points)
    made.GraphicData = [float(value) for point in points for value in point]
    made.GraphicFilled = "N"
    return made


def compound(points: Points, kind: str = "MULTILINE", units: str = "PIXEL") -> Dataset:
    """Make an item of a Compound Graphic Sequence."""
    made = Dataset()
    made.CompoundGraphicInstanceID, made.CompoundGraphicUnits = 1, units
    made.CompoundGraphicType, made.GraphicDimensions = kind, 2
    made.NumberOfGraphicPoints = len(points)
    made.GraphicData = [float(value) for point in points for value in point]
    return made


def annotation(*graphics: Dataset, compounds: Sequence[Dataset] = (), layer: str = "L") -> Dataset:
    """Make an item of a Graphic Annotation Sequence."""
    made = Dataset()
    made.GraphicLayer = layer
    if graphics:
        made.GraphicObjectSequence = Items(graphics)
    if compounds:
        made.CompoundGraphicSequence = Items(compounds)
    return made


def annotated(*annotations: Dataset) -> Dataset:
    """Make a header with a Graphic Annotation Sequence."""
    header = Dataset()
    header.GraphicAnnotationSequence = Items(annotations)
    header.set_original_encoding(False, True, DEFAULT_ENCODING)
    return header
