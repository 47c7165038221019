"""Attributes of a clean header: where they stand, in functional groups too, as plain numbers."""

from math import isfinite
from struct import unpack

from pydicom.dataset import Dataset

from deid.values import items, raw, value_of

_SHARED, _PER_FRAME = 0x52009229, 0x52009230
_US = 2
_LONGEST = 64


def group(header: Dataset, sequence: int, frame: int) -> Dataset | None:
    """Give the item of a functional group that holds for a frame (PS3.3 §C.7.6.16)."""
    own = _item(header, _PER_FRAME, frame)
    for functional in (own, _item(header, _SHARED, 0)):
        found = None if functional is None else _item(functional, sequence, 0)
        if found is not None:
            return found
    return None


def first_item(dataset: Dataset, sequence: int) -> Dataset | None:
    """Give the first item of a sequence; None if there is none."""
    return _item(dataset, sequence, 0)


def _item(dataset: Dataset, sequence: int, index: int) -> Dataset | None:
    element = dataset.get_item(sequence) if sequence in dataset else None
    within = None if element is None else items(element)
    return within[index] if within is not None and index < len(within) else None


def decimals(dataset: Dataset | None, tag: int) -> tuple[float, ...]:
    """Give the values of a DS; empty if one of them is no number."""
    if dataset is None:
        return ()
    try:
        parts = [float(part[:_LONGEST]) for part in value_of(dataset, tag).split("\\")]
    except ValueError:
        return ()
    return tuple(parts) if all(isfinite(part) for part in parts) else ()


def decimal(dataset: Dataset | None, tag: int) -> float | None:
    """Give the first value of a DS; None if it has none."""
    values = decimals(dataset, tag)
    return values[0] if values else None


def stored_number(dataset: Dataset, tag: int, *, signed: bool) -> int | None:
    """Give an element of 16 bits, US or SS as the pixels are; None if there is none."""
    element = dataset.get_item(tag) if tag in dataset else None
    value = b"" if element is None else raw(element)
    if len(value) != _US:
        return None
    return int(unpack("<h" if signed else "<H", value)[0])
