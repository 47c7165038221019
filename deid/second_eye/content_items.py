"""Whether the content items of a document are what they say they are (PS3.3 §C.17.3).

An item whose value went elsewhere than where its type says is one the first eye did not
understand; part of the second eye.
"""

from collections import defaultdict
from collections.abc import Iterator
from struct import unpack

from deid.findings import Finding
from deid.second_eye.hay import Value, Values
from deid.values import Path, where

_CONTENT, _TYPE, _BY_REFERENCE = 0x0040A730, 0x0040A040, 0x0040DB73
_VALUES = {
    "TEXT": 0x0040A160,
    "NUM": 0x0040A300,
    "CODE": 0x0040A168,
    "DATE": 0x0040A121,
    "TIME": 0x0040A122,
    "DATETIME": 0x0040A120,
    "UIDREF": 0x0040A124,
    "PNAME": 0x0040A123,
    "COMPOSITE": 0x00081199,
    "IMAGE": 0x00081199,
    "WAVEFORM": 0x00081199,
    "SCOORD": 0x00700022,
    "SCOORD3D": 0x00700022,
    "TCOORD": 0x0040A130,
    "CONTAINER": 0x0040A050,
    "TABLE": 0x0040A801,
}
_OF_ANY = frozenset(_VALUES.values())
_WIDTH = 4


def incoherent(values: Values) -> Iterator[Finding]:
    """Give the content items without a value of their type, with another, or without target."""
    typed = {v.above: v for v in values if v.tag == _TYPE and _is_item(v.above)}
    if not typed and not any(v.tag == _BY_REFERENCE for v in values):
        return
    held: dict[Path, set[int]] = defaultdict(set)
    for value in values:
        if value.tag in _OF_ANY and (value.data or "SQ" in value.kind.vrs):
            held[value.above].add(value.tag)
    for above, value in typed.items():
        wanted = _VALUES.get(value.data.decode("latin-1").strip(" \0"))
        if held[above] != {wanted}:
            yield Finding(where(value.path), "content item")
    places = {value.above for value in values}
    for value in values:
        if value.tag == _BY_REFERENCE and _target(value) not in places:
            yield Finding(where(value.path), "content item")


def _is_item(above: Path) -> bool:
    return not above or above[-2] == _CONTENT


def _target(value: Value) -> Path | None:
    """Give the path of the item that one refers to by its position (PS3.3 §C.17.3.2.5)."""
    if not value.data or len(value.data) % _WIDTH:
        return None
    root, *steps = unpack(f"<{len(value.data) // _WIDTH}I", value.data)
    path: Path = ()
    for step in steps:
        path = (*path, _CONTENT, step - 1)
    return path if root == 1 else None
