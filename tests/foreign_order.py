"""Objects in transfer syntaxes that are converted at admission, as other programs write them."""

import io

import numpy as np
from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

_PIXEL_DATA = 0x7FE00010
_WIDTHS = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}


def deflated(made: Dataset) -> bytes:
    """Write an object deflated (PS3.5 §A.5)."""
    return _written(made, DeflatedExplicitVRLittleEndian)


def big_endian(made: Dataset) -> bytes:
    """Write an object in Explicit VR Big Endian (PS3.5 §A.3)."""
    for element in made.iterall():
        width = _WIDTHS.get(element.VR)
        if width is not None:  # pydicom writes these bytes as they are
            if element.tag == _PIXEL_DATA:
                width = max(width, made.BitsAllocated // 8)
            element.value = np.frombuffer(element.value, f"<u{width}").byteswap().tobytes()
    return _written(made, ExplicitVRBigEndian)


def _written(made: Dataset, syntax: str) -> bytes:
    made.file_meta.TransferSyntaxUID = syntax
    made.preamble = getattr(made, "preamble", None) or bytes(128)
    buffer = io.BytesIO()
    dcmwrite(buffer, made, enforce_file_format=True, overwrite=True)
    return buffer.getvalue()
