"""Overlay planes as they lie in a header: pictures of bits, each at its place on the image."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from struct import unpack_from

import numpy as np
from pydicom.dataset import Dataset

from deid.pixels.coding.arrays import Grey
from deid.pixels.coding.packed import spans, unpack
from deid.values import elements, items, number, raw

_OVERLAY = 0x60
DATA = 0x3000
_ROWS, _COLUMNS, _FRAMES, _ALLOCATED, _POSITION = 0x0010, 0x0011, 0x0015, 0x0100, 0x0102
_ORIGIN = 0x0050
_MOST_PIXELS = 1 << 26
_MOST_FRAMES = 1 << 16
_BYTE = 8


@dataclass(frozen=True, repr=False)
class Overlay:
    """The bits of one group: frames of rows by columns, and the row and column of the first."""

    data: bytes
    rows: int
    columns: int
    frames: int
    origin: tuple[int, int] = (1, 1)

    def pictures(self) -> Iterator[tuple[int, int, int, Grey]]:
        """Give each frame: where its bytes and its first bit are, and it as white on black."""
        shape = (self.rows, self.columns)
        for start, length, bit in spans(self.rows * self.columns, self.frames):
            bits = unpack(self.data[start : start + length], bit, shape)
            yield start, length, bit, bits * np.uint8(255)


def has_overlays(header: Dataset) -> bool:
    """Tell whether a header has anything of an overlay plane."""
    return any(tag >> 24 == _OVERLAY and not tag >> 16 & 1 for tag in header.keys())  # noqa: SIM118 -- pydicom


def overlay_groups(header: Dataset) -> Iterator[int]:
    """Give the groups at the top of a header that have Overlay Data."""
    for tag, _ in elements(header):
        group = tag >> 16
        if group >> _BYTE == _OVERLAY and not group & 1 and tag & 0xFFFF == DATA:
            yield group


def read_overlay(header: Dataset, group: int) -> Overlay | None:
    """Read a plane with its size; None if they do not agree, or it is no plane of bits."""
    base = group << 16
    element = header.get_item(base | DATA)
    if element is None or items(element) is not None:
        return None
    data = raw(element)
    rows, columns = number(header, base | _ROWS), number(header, base | _COLUMNS)
    frames = number(header, base | _FRAMES) if base | _FRAMES in header else 1
    if number(header, base | _ALLOCATED) != 1 or number(header, base | _POSITION):
        return None
    if not 0 < rows * columns <= _MOST_PIXELS or not 0 < frames <= _MOST_FRAMES:
        return None
    length = -(-rows * columns * frames // _BYTE)
    if not 0 <= len(data) - length <= 1:
        return None
    return Overlay(data, rows, columns, frames, _origin(header, base | _ORIGIN))


def _origin(header: Dataset, tag: int) -> tuple[int, int]:
    """Give row and column of the first pixel (PS3.3 C.9.2); those of the image if it says none."""
    element = header.get_item(tag) if tag in header else None
    data = b"" if element is None or items(element) is not None else raw(element)
    return unpack_from("<2h", data) if len(data) == 2 * 2 else (1, 1)


def united(overlays: Mapping[int, Overlay]) -> tuple[Grey, tuple[int, int]] | None:
    """Lay all frames of all planes over one another, each at its origin.

    Returns:
        What is seen, and row and column of its first pixel; None if it is larger than anything.
    """
    top = min(it.origin[0] for it in overlays.values())
    left = min(it.origin[1] for it in overlays.values())
    bottom = max(it.origin[0] + it.rows for it in overlays.values())
    right = max(it.origin[1] + it.columns for it in overlays.values())
    if (bottom - top) * (right - left) > _MOST_PIXELS:
        return None
    whole = np.zeros((bottom - top, right - left), np.uint8)
    for overlay in overlays.values():
        row, column = overlay.origin[0] - top, overlay.origin[1] - left
        part = whole[row : row + overlay.rows, column : column + overlay.columns]
        for *_, picture in overlay.pictures():
            part |= picture
    return whole, (top, left)
