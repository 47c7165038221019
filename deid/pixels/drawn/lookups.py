"""Lookup tables that could show what nobody looked at are dropped (PS3.3 §C.11).

A table that goes up all along, or down, shows a picture brighter or darker. One that goes up and
down may show any of its bits alone, and text in them that is not to be seen otherwise.
"""

from collections.abc import Iterator
from struct import unpack

import numpy as np
from pydicom.dataset import Dataset

from deid.errors import Reason, SuspectError
from deid.findings import Finding
from deid.profiles.rules import Action, Rule
from deid.values import Path, elements, items, raw, walk, where

_DESCRIPTOR, _DATA = 0x00283002, 0x00283006
_MODALITY, _VOI, _SOFTCOPY_VOI = 0x00283000, 0x00283010, 0x00283110
_WINDOW = 0x00281050
_ALL = 1 << 16
_CROOKED = "a table that goes up and down"
RULE = Rule(Action.REMOVE, Action.REMOVE, _CROOKED, "PS3.15 E.3.1")


def drop_crooked(header: Dataset, *, pixels: bool) -> tuple[Path, ...]:
    """Drop every lookup table that goes up and down, or cannot be read.

    Args:
        header: Changed, at every depth.
        pixels: It is of an image: without its Modality LUT that would mean something else.

    Returns:
        The paths of the sequences that lost a table.

    Raises:
        SuspectError: It is the Modality LUT of an image.
    """
    dropped = []
    for path, level in list(_crooked(header)):
        if pixels and path[-1] == _MODALITY:
            raise SuspectError(Reason.UNCHECKED, (Finding(where(path), _CROOKED),))
        del level[path[-1]]
        dropped.append(path)
    _tidy(header)
    return tuple(dropped)


def crooked_left(header: Dataset) -> tuple[Finding, ...]:
    """Give the tables of a finished object that go up and down."""
    return tuple(Finding(where(path), _CROOKED) for path, _ in _crooked(header))


def _crooked(header: Dataset) -> Iterator[tuple[Path, Dataset]]:
    """Give the path of each sequence with such a table, or of a table in none; and its level."""
    for path, element, level in walk(header):
        within = items(element)
        tables = [it for it in within if _DATA in it] if within is not None else []
        if path == (_DATA,) or not all(map(_is_straight, tables)):
            yield path, level


def _is_straight(item: Dataset) -> bool:
    descriptor, data = (_bytes(item, tag) for tag in (_DESCRIPTOR, _DATA))
    if len(descriptor) != 3 * 2:
        return False
    count = unpack("<H", descriptor[:2])[0] or _ALL
    if len(data) == 2 * count:
        entries = np.frombuffer(data, "<u2").astype(np.int32)
    elif len(data) == count + count % 2:
        entries = np.frombuffer(data, np.uint8)[:count].astype(np.int32)
    else:
        return False
    steps = np.diff(entries)
    return bool((steps >= 0).all() or (steps <= 0).all())


def _bytes(item: Dataset, tag: int) -> bytes:
    element = item.get_item(tag) if tag in item else None
    return b"" if element is None else raw(element)


def _tidy(header: Dataset) -> None:
    """Take out what says how to show an image, and does not say it any more."""
    element = header.get_item(_SOFTCOPY_VOI) if _SOFTCOPY_VOI in header else None
    within = None if element is None else items(element)
    if within is None:
        return
    for place in reversed(range(len(within))):
        if not {_VOI, _WINDOW} & {tag for tag, _ in elements(within[place])}:
            del within[place]
    if not within:
        del header[_SOFTCOPY_VOI]
