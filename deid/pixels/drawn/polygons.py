"""Polygons of shutters and collimators that could write are dropped (PS3.3 §C.7.6.11, §C.8.7.3).

A shutter or a collimator has a few straight sides. What has more is an outline that somebody drew,
and letters can be drawn in one.
"""

from collections.abc import Iterator

from pydicom.dataset import Dataset

from deid.findings import Finding
from deid.profiles.rules import Action, Rule
from deid.values import Path, items, raw, walk, where

_VERTICES = frozenset({0x00181620, 0x00181720})
_MOST = 16  # vertices
_MANY = "a polygon of more sides than a shutter has"

#: Why polygons are dropped.
RULE = Rule(Action.REMOVE, Action.REMOVE, _MANY, "PS3.15 E.3.3")


def drop_polygons(header: Dataset) -> tuple[Path, ...]:
    """Drop every polygon of too many vertices, at every depth; give the paths of them."""
    found = list(_many(header))
    for path, level in found:
        del level[path[-1]]
    return tuple(path for path, _ in found)


def polygons_left(header: Dataset) -> tuple[Finding, ...]:
    """Give the polygons of a finished object that have too many vertices."""
    return tuple(Finding(where(path), _MANY) for path, _ in _many(header))


def _many(header: Dataset) -> Iterator[tuple[Path, Dataset]]:
    for path, element, level in walk(header):
        if path[-1] not in _VERTICES or items(element) is not None:
            continue
        if raw(element).count(b"\\") >= 2 * _MOST:
            yield path, level
