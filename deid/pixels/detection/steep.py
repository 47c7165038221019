"""What an object's own windows and lookup tables show, and all of its range does not.

Text of a few grey levels in 65536 is nothing to any eye, until a window as narrow, or a table that
is steep there, makes it black and white (PS3.3 §C.11.1, §C.11.2). So a plane is looked at once more
as each of them shows it, where one is that steep.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from deid.attributes import decimals, first_item
from deid.errors import Reason, SuspectError
from deid.pixels.coding.arrays import Plane
from deid.pixels.coding.voi import Level, Table, Window, modality_values, read_table, seen
from deid.values import items, walk

_CENTER, _WIDTH = 0x00281050, 0x00281051
_MODALITY_LUTS, _VOI_LUTS = 0x00283000, 0x00283010
_FAINT = 0.0016  # of the range: less is nothing to an eye that sees all of it
_STEEP = 8  # times steeper than all of the range
_MOST = 8  # steep ways of showing one plane: more are no one's
_WHITE = 65535


class Steep:
    """The ways in which one object shows its stored values."""

    def __init__(self, header: Dataset, *, signed: bool) -> None:
        """Read its windows and tables, at every depth; signed is whether its values are."""
        self._header = header
        self._signed = signed
        self._tabled = first_item(header, _MODALITY_LUTS) is not None
        self._ways = tuple(self._read())

    def views(self, plane: Plane) -> Iterator[Plane]:
        """Give a plane of stored values as each steep window or table shows it.

        Raises:
            SuspectError: There are too many.
        """
        if not self._ways:
            return
        low, high = int(plane.min()), int(plane.max())
        if high - low <= 1:
            return
        values = np.arange(low, high + 1, dtype=np.float32)
        level = modality_values(values, self._header, 0, signed=self._signed)
        tables = (_shown(level, how) for how in self._ways if not self._is_wide(level, how))
        steep = [table for table in tables if _is_steep(table)]
        if len(steep) > _MOST:
            raise SuspectError(Reason.UNCHECKED)
        for table in steep:
            yield table[plane.astype(np.int32) - low]

    def _is_wide(self, level: Level, how: Table | Window | None) -> bool:
        """Tell of a window what needs no table to be told."""
        if self._tabled or not isinstance(how, Window):
            return False
        return how.width * _STEEP >= abs(float(level[-1] - level[0]))

    def _read(self) -> Iterator[Table | Window | None]:
        if self._tabled:
            yield None
        windows: set[Window] = set()
        for _, element, level in walk(self._header):
            if element.tag == _WIDTH:
                windows |= set(_windows(level))
            elif element.tag == _VOI_LUTS:
                tables = (read_table(it, signed=self._signed) for it in items(element) or ())
                yield from (table for table in tables if table is not None)
        yield from windows


def _windows(level: Dataset) -> Iterator[Window]:
    centers, widths = (decimals(level, tag) for tag in (_CENTER, _WIDTH))
    for center, width in zip(centers, widths, strict=False):
        if width > 0:
            yield Window(center, width, "LINEAR" if width > 1 else "LINEAR_EXACT")


def _shown(level: Level, how: Table | Window | None) -> npt.NDArray[np.uint16]:
    """Give what each value is shown as, in 16 bits."""
    if how is None:
        low, high = float(level.min()), float(level.max())
        grey = (level - low) / np.float32(max(high - low, 1))
    else:
        grey = seen(level, how)
    return np.asarray(np.rint(grey * _WHITE), np.uint16)


def _is_steep(table: npt.NDArray[np.uint16]) -> bool:
    span = len(table) - 1
    step = max(1, round(span * _FAINT))
    rise = int(np.abs(table[step:].astype(np.int32) - table[:-step]).max())
    return rise * span > _STEEP * step * _WHITE
