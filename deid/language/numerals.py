"""The digits that a value of numbers spells: in a number, too, somebody's number can stand.

Decimal points, exponents, leading zeros and the bounds between values do not hide it.
"""

from decimal import Decimal, InvalidOperation
from re import compile as compile_pattern
from struct import iter_unpack

_NOT_DIGITS = compile_pattern(rb"[^0-9]+")
_TEXTS = frozenset({"AS", "DA", "DS", "DT", "IS", "TM"})
_FORMATS = {"FD": "<d", "FL": "<f", "SL": "<i", "SV": "<q", "UL": "<I", "UV": "<Q"}
_SIZES = {"FD": 8, "FL": 4, "SL": 4, "SV": 8, "UL": 4, "UV": 8}
# Fewer digits name nobody; a table of so many bytes is no number
_LEAST, _MOST = 6, 256
_LARGEST_EXPONENT = 40
_LONG = 8
_LARGEST = 1 << 63


def numerals(value: bytes, kinds: frozenset[str]) -> frozenset[str]:
    """Give the digits of all values together, and of each, without leading zeros."""
    if len(value) > _MOST:
        return frozenset()
    found: set[str] = set()
    if kinds & _TEXTS and len(value) >= _LEAST:
        parts = value.split(b"\\")
        found.update(_NOT_DIGITS.sub(b"", part).decode("ascii") for part in (value, *parts))
        if b"E" in value or b"e" in value:
            found.update(_written_out(part) for part in parts)
    for kind in kinds & _FORMATS.keys():
        if len(value) % _SIZES[kind] == 0:
            found.update(_whole(number) for (number,) in iter_unpack(_FORMATS[kind], value))
    stripped = (digits.lstrip("0") for digits in found)
    return frozenset(digits for digits in stripped if len(digits) >= _LEAST)


def spells(found: frozenset[str], numbers: frozenset[str]) -> bool:
    """Tell whether one of the numbers is spelled: a long one anywhere, a short one as a whole."""
    if not found.isdisjoint(numbers):
        return True
    long = [number for number in numbers if len(number) >= _LONG]
    return any(number in digits for digits in found if len(digits) > _LONG for number in long)


def _written_out(part: bytes) -> str:
    try:
        number = Decimal(part.decode("ascii").strip(" \0"))
    except (InvalidOperation, UnicodeDecodeError):
        return ""
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        return ""
    return "".join(c for c in f"{number:f}" if c.isdigit())


def _whole(number: float) -> str:
    whole = abs(number)
    return str(int(whole)) if whole < _LARGEST and whole == int(whole) else ""
