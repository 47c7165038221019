"""Overlays that a header says lie in bits of the pixels (PS3.5 §8.1.2 of 2004, retired)."""

from collections.abc import Iterator

from pydicom.dataset import Dataset

from deid.values import elements, number, raw

_OVERLAYS = 0x60
_ROWS, _POSITION, _DATA = 0x0010, 0x0102, 0x3000
_BYTE = 8


def hidden_overlays(header: Dataset) -> Iterator[tuple[int, int]]:
    """Give group and bit position of overlays that are said to lie in the pixels.

    Those are all with a position, and those without data of their own.
    """
    groups = {tag >> 16 for tag, _ in elements(header)}
    for group in sorted(it for it in groups if it >> _BYTE == _OVERLAYS and not it & 1):
        base = group << 16
        element = header.get_item(base | _POSITION) if base | _POSITION in header else None
        placed = element is not None and bool(raw(element).strip(b"\0"))
        if placed or (base | _ROWS in header and base | _DATA not in header):
            yield group, number(header, base | _POSITION)
