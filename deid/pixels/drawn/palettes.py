"""Palettes through which nobody looked are dropped (PS3.3 §C.7.6.3.1.5, §C.7.6.19, §C.7.9).

An image is looked at through its palette only where it is PALETTE COLOR. Any other palette shows
what nobody saw, or nothing at all, and its numbers may spell what they like.
"""

from collections.abc import Iterator

from pydicom.dataset import Dataset

from deid.errors import Reason, SuspectError
from deid.findings import Finding
from deid.profiles.rules import Action, Rule
from deid.values import Path, value_of, walk, where

# Descriptors, tables and segmented tables of red, green, blue and alpha, the large ones of old,
# and tables for blending
_PALETTES = frozenset(
    {*range(0x00281101, 0x00281105), *range(0x00281111, 0x00281114), 0x00281199}
    | {*range(0x00281201, 0x00281205), *range(0x00281211, 0x00281215)}
    | {*range(0x00281221, 0x00281225), 0x00281407, 0x00281408}
)
_USED = frozenset(
    {*range(0x00281101, 0x00281104), *range(0x00281201, 0x00281204)}
    | {*range(0x00281221, 0x00281224), 0x00281199}
)
_SEGMENTED = 0x20  # further on than the table that goes before it
_PRESENTATION, _ASSIGNED = 0x00089205, 0x00281401
_COLOURED = frozenset({"COLOR", "MIXED", "TRUE_COLOR"})
_UNSEEN = "a palette that nobody looked through"

#: Why palettes are dropped.
RULE = Rule(Action.REMOVE, Action.REMOVE, _UNSEEN, "PS3.15 E.3.1")


def drop_palettes(header: Dataset, *, pixels: bool) -> tuple[Path, ...]:
    """Drop every palette but that of a PALETTE COLOR image.

    Args:
        header: Changed, at every depth.
        pixels: It is of an image.

    Returns:
        The paths of what was dropped.

    Raises:
        SuspectError: It is of an image that is shown in colours by it (PS3.3 §C.8.16.2).
    """
    found = list(_unseen(header))
    if found and pixels and _is_coloured(header):
        raise SuspectError(Reason.UNCHECKED, (Finding(where(found[0][0]), _UNSEEN),))
    for path, level in found:
        del level[path[-1]]
    return tuple(path for path, _ in found)


def palettes_left(header: Dataset) -> tuple[Finding, ...]:
    """Give the palettes of a finished object through which nobody looked."""
    return tuple(Finding(where(path), _UNSEEN) for path, _ in _unseen(header))


def _unseen(header: Dataset) -> Iterator[tuple[Path, Dataset]]:
    used = _USED if value_of(header, 0x00280004) == "PALETTE COLOR" else frozenset()
    for path, _, level in walk(header):
        tag = path[-1]
        if tag not in _PALETTES:
            continue
        if path != (tag,) or tag not in used or tag - _SEGMENTED in level:
            yield path, level


def _is_coloured(header: Dataset) -> bool:
    return any(
        path[-1] == _ASSIGNED
        or (path[-1] == _PRESENTATION and value_of(level, _PRESENTATION).upper() in _COLOURED)
        for path, _, level in walk(header)
    )
