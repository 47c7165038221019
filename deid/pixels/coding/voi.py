"""Stored values to what is seen: Modality LUT, VOI LUT or window, and polarity.

PS3.3 §C.11.1 and §C.11.2, in functional groups too (§C.7.6.16.2.9 and .10). pydicom and
highdicom do the same for whole frames; this does it for shrunk ones of any header, and takes
tables of 8 to 16 bits.
"""

from dataclasses import dataclass
from struct import unpack

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from deid.attributes import decimal, first_item, group
from deid.values import raw, value_of

Level = npt.NDArray[np.float32]

_TRANSFORMATION, _FRAME_VOI = 0x00289145, 0x00289132
_MODALITY_LUTS, _VOI_LUTS = 0x00283000, 0x00283010
_DESCRIPTOR, _DATA = 0x00283002, 0x00283006
_SLOPE, _INTERCEPT = 0x00281053, 0x00281052
_CENTER, _WIDTH, _FUNCTION = 0x00281050, 0x00281051, 0x00281056
_ALL = 1 << 16
_BYTE, _WORD = 8, 16


@dataclass(frozen=True, repr=False)
class Table:
    """A lookup table: the value its first entry is for, its entries, and their range."""

    first: int
    entries: npt.NDArray[np.unsignedinteger]
    top: float


@dataclass(frozen=True)
class Window:
    """A window; `function` is LINEAR, LINEAR_EXACT or SIGMOID."""

    center: float
    width: float
    function: str


def modality_values(values: Level, header: Dataset, frame: int, *, signed: bool) -> Level:
    """Apply the Modality LUT or the rescaling of a frame, where there is one."""
    table = read_table(first_item(header, _MODALITY_LUTS), signed=signed)
    if table is not None:
        return _looked_up(values, table)
    place = group(header, _TRANSFORMATION, frame) or header
    slope, intercept = decimal(place, _SLOPE), decimal(place, _INTERCEPT)
    if slope and intercept is not None and (slope, intercept) != (1.0, 0.0):
        return values * np.float32(slope) + np.float32(intercept)
    return values


def voi(header: Dataset, frame: int, *, signed: bool) -> Table | Window | None:
    """Read the first VOI LUT of a frame, or its first window; None if it has neither."""
    place = group(header, _FRAME_VOI, frame) or header
    table = read_table(first_item(place, _VOI_LUTS), signed=signed)
    if table is not None:
        return table
    center, width = decimal(place, _CENTER), decimal(place, _WIDTH)
    if center is None or width is None or width <= 0:
        return None
    function = value_of(place, _FUNCTION).upper()
    if function not in {"LINEAR_EXACT", "SIGMOID"}:
        function = "LINEAR" if width >= 1 else "LINEAR_EXACT"
    return Window(center, width, function)


def read_table(item: Dataset | None, *, signed: bool) -> Table | None:
    """Read a lookup table of 8 to 16 bits; None if it is not as long as it says."""
    described = b"" if item is None else _bytes(item, _DESCRIPTOR)
    if item is None or len(described) != 3 * 2:
        return None
    count, first, bits = unpack("<HhH" if signed else "<HHH", described)
    count = count or _ALL
    data = _bytes(item, _DATA)
    if not _BYTE <= bits <= _WORD:
        return None
    if len(data) == 2 * count:
        entries = np.frombuffer(data, "<u2")
    elif bits == _BYTE and len(data) == count + count % 2:
        entries = np.frombuffer(data, np.uint8)[:count]
    else:
        return None
    return Table(first, entries, max(float((1 << bits) - 1), float(entries.max())))


def seen(values: Level, how: Table | Window) -> Level:
    """Apply a VOI LUT or window; 0 to 1."""
    if isinstance(how, Table):
        return _looked_up(values, how) / np.float32(how.top)
    center, width = how.center, how.width
    if how.function == "SIGMOID":
        power = np.clip(-4 * (values - center) / width, -80, 80)
        return np.asarray(1 / (1 + np.exp(power)), np.float32)
    if how.function == "LINEAR":
        center, width = center - 0.5, max(width - 1, 1e-6)
    return np.asarray(np.clip((values - center) / width + 0.5, 0, 1), np.float32)


def _looked_up(values: Level, table: Table) -> Level:
    place = np.clip(np.rint(values) - table.first, 0, len(table.entries) - 1).astype(np.intp)
    return np.asarray(table.entries[place], np.float32)


def _bytes(dataset: Dataset, tag: int) -> bytes:
    element = dataset.get_item(tag) if tag in dataset else None
    return b"" if element is None else raw(element)
