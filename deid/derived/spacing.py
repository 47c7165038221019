"""How large a pixel is on the breast, in millimetres.

The detector lies behind the breast, and what it sees is larger than life: Imager Pixel Spacing
is that of the detector's plane. It is divided by the Estimated Radiographic Magnification Factor
where the header has it. Planes of a tomosynthesis, and spacing said to be corrected for
geometry, are those of the breast already (PS3.3 §10.7.1.3).
"""

from dataclasses import dataclass
from itertools import starmap

from pydicom.dataset import Dataset

from deid.attributes import decimal, decimals, group
from deid.values import value_of

_PIXEL_MEASURES = 0x00289110
_PIXEL_SPACING, _CALIBRATION = 0x00280030, 0x00280A02
_IMAGER, _SCANNED, _MAGNIFICATION = 0x00181164, 0x00182010, 0x00181114
_CORRECTED = frozenset({"GEOMETRY", "FIDUCIAL"})
_SMALLEST, _LARGEST = 0.005, 2.0  # millimetres
_MOST = 4.0  # times larger than life


@dataclass(frozen=True)
class Spacing:
    """Millimetres between rows and between columns, in which plane.

    Attributes:
        plane: "breast", or "detector" where nothing is known of the magnification: then areas
            are a little too large, by some 5 to 15 % in contact views (an estimate).
    """

    rows: float
    columns: float
    plane: str


def find_spacing(header: Dataset, frame: int) -> Spacing | None:
    """Find how large the pixels of a frame are; None if the header does not say."""
    measured = _pair(group(header, _PIXEL_MEASURES, frame), _PIXEL_SPACING)
    corrected = value_of(header, _CALIBRATION).upper() in _CORRECTED
    calibrated = _pair(header, _PIXEL_SPACING) if corrected else None
    true = measured or calibrated
    if true is not None:
        return Spacing(*true, "breast")
    tags = (_IMAGER, _SCANNED, _PIXEL_SPACING)
    found = next(filter(None, starmap(_pair, ((header, tag) for tag in tags))), None)
    if found is None:
        return None
    times = decimal(header, _MAGNIFICATION)
    if times is None or not 1 <= times <= _MOST:
        return Spacing(*found, "detector")
    return Spacing(found[0] / times, found[1] / times, "breast")


def _pair(dataset: Dataset | None, tag: int) -> tuple[float, float] | None:
    values = decimals(dataset, tag)
    if len(values) != 2 or not all(_SMALLEST <= value <= _LARGEST for value in values):  # noqa: PLR2004 -- rows, columns
        return None
    return values[0], values[1]
