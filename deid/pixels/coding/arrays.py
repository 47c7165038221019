"""Arrays of pixels, by what they hold."""

from typing import Any

import numpy as np
import numpy.typing as npt

Pixel = npt.NDArray[Any]
"""A frame as stored: rows by columns, or rows by columns by samples."""

Plane = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.int16]
"""What is looked at: rows by columns, one sample a pixel."""

Grey = npt.NDArray[np.uint8]
"""Rows by columns of 8 bits: a picture, or a mask of 0 and 1."""
