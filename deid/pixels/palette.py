"""Colours of a palette: what a stored value looks like (PS3.3 §C.7.6.3.1.5, §C.7.9)."""

from struct import unpack

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from deid.errors import Reason, SuspectError
from deid.values import raw

_DESCRIPTORS = (0x00281101, 0x00281102, 0x00281103)
_DATA = (0x00281201, 0x00281202, 0x00281203)
_SHARES = (0.299, 0.587, 0.114)  # of red, green and blue in what the eye sees
_ALL = 1 << 16
_BYTE = 8
_WORD = 16


def read_palette(header: Dataset, *, bits: int, signed: bool) -> npt.NDArray[np.uint16]:
    """Give the luminance of every value that so many bits can store.

    Raises:
        SuspectError: A colour is missing, segmented, or not as long as it says.
    """
    values = np.arange(1 << bits)
    if signed:
        values = np.where(values < 1 << (bits - 1), values, values - (1 << bits))
    seen = np.zeros(len(values))
    for share, descriptor, data in zip(_SHARES, _DESCRIPTORS, _DATA, strict=True):
        first, table = _colour(_bytes(header, descriptor), _bytes(header, data), signed=signed)
        seen += share * table[np.clip(values - first, 0, len(table) - 1)]
    return seen.astype(np.uint16)


def _colour(
    descriptor: bytes, data: bytes, *, signed: bool
) -> tuple[int, npt.NDArray[np.unsignedinteger]]:
    """Read one colour: the stored value that its table starts at, and the table."""
    if len(descriptor) != 3 * 2:
        raise SuspectError(Reason.UNCHECKED)
    count, first, bits = unpack("<HhH" if signed else "<HHH", descriptor)
    count = count or _ALL
    if bits in {_BYTE, _WORD} and len(data) == 2 * count:
        return first, np.frombuffer(data, "<u2")
    if bits == _BYTE and len(data) == count + count % 2:
        return first, np.frombuffer(data, np.uint8)[:count]
    raise SuspectError(Reason.UNCHECKED)


def _bytes(header: Dataset, tag: int) -> bytes:
    element = header.get_item(tag) if tag in header else None
    return raw(element) if element is not None else b""
