"""What a value of each kind may look like (PS3.5 §6.2): what does not is text in disguise."""

from re import Pattern
from re import compile as compile_pattern

from pydicom.datadict import dictionary_VM

from deid.elements import known_vr
from deid.values import Leaf, raw, vrs

# Of DS more digits than 16 are let pass: many machines write too many, and digits they are.
_PATTERNS: dict[str, Pattern[str]] = {
    "AS": compile_pattern(r"\d{3}[DWMY]"),
    "CS": compile_pattern(r"[A-Z0-9_ ]{1,16}"),
    "DS": compile_pattern(r"[+-]?(?:\d{1,24}(?:\.\d{0,24})?|\.\d{1,24})(?:[eE][+-]?\d{1,3})?"),
    "IS": compile_pattern(r"[+-]?\d{1,11}"),
    "TM": compile_pattern(r"(?:[01]\d|2[0-3])(?::?[0-5]\d(?::?(?:[0-5]\d|60)(?:\.\d{1,6})?)?)?"),
}
_SIZES = {"AT": 4, "FD": 8, "FL": 4, "SL": 4, "SS": 2, "SV": 8, "UL": 4, "US": 2, "UV": 8}
_LARGEST = 1 << 31


def parts_of(element: Leaf) -> list[str]:
    """Give the values of an element without their padding."""
    return [part.strip(" \0") for part in raw(element).decode("latin-1").split("\\")]


def broken(element: Leaf) -> frozenset[str]:
    """Give the values of an element that are not what its VR says they are.

    Numbers in binary break it as a whole: where their bytes are more than the attribute's value
    multiplicity (PS3.6) has room for.
    """
    kinds = vrs(element)
    patterns = [(kind, _PATTERNS[kind]) for kind in kinds if kind in _PATTERNS]
    if patterns:
        parts = filter(None, parts_of(element))
        return frozenset(p for p in parts if not all(_is(p, k, form) for k, form in patterns))
    return frozenset() if _has_room(element, kinds) else frozenset(parts_of(element))


def _is(value: str, kind: str, form: Pattern[str]) -> bool:
    if not value.isascii() or form.fullmatch(value) is None:
        return False
    return kind != "IS" or -_LARGEST <= int(value) < _LARGEST


def _has_room(element: Leaf, kinds: frozenset[str]) -> bool:
    value = element.value
    sizes = {_SIZES[kind] for both in kinds for kind in both.split(" or ") if kind in _SIZES}
    if not sizes or not isinstance(value, bytes):
        return True
    size = min(sizes)
    if known_vr(int(element.tag)) is None:
        return False
    many = str(dictionary_VM(element.tag))
    return len(value) % size == 0 and (not many.isdigit() or len(value) <= int(many) * max(sizes))
