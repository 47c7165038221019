"""Values of private attributes that are listed as safe: bytes that can be such a value."""

from collections.abc import Mapping
from re import Pattern
from re import compile as compile_pattern

from deid.headers.grammar import is_written
from deid.profiles.private import SYMBOL

_STRINGS: Mapping[str, Pattern[str]] = {
    "CS": SYMBOL,
    "DS": compile_pattern(r"[+-]?(?:\d{1,24}(?:\.\d{0,24})?|\.\d{1,24})(?:[eE][+-]?\d{1,3})?"),
    "IS": compile_pattern(r"[+-]?\d{1,10}"),
}
_SIZES = {"FD": 8, "FL": 4, "SL": 4, "SS": 2, "UL": 4, "US": 2}
_SENTENCE = 8  # bytes: as many that all are letters are no numbers
_LONGEST = {"LO": 64, "SH": 16, "LT": 10240, "ST": 1024}


def fits(vr: str, value: bytes) -> bool:
    """Tell whether bytes can be a value of a VR of the list (PS3.5 §6.2) and hide no text."""
    pattern = _STRINGS.get(vr)
    if pattern is not None:
        parts = value.decode("latin-1").split("\\")
        return all(pattern.fullmatch(part) for part in (p.strip(" \0") for p in parts) if part)
    size = _SIZES.get(vr)
    if size is not None:
        text = is_written(value) or (len(value) >= _SENTENCE and _is_printable(value))
        return len(value) % size == 0 and not text
    longest = _LONGEST.get(vr, len(value))
    texts = [value] if vr in {"LT", "ST", "UT"} else value.split(b"\\")
    return all(len(text) <= longest and not _has_controls(text) for text in texts)


def _is_printable(value: bytes) -> bool:
    text = value.rstrip(b"\0")
    return bool(text) and all(0x20 <= byte < 0x7F for byte in text)  # noqa: PLR2004 -- ASCII


def _has_controls(value: bytes) -> bool:
    text = value.rstrip(b"\0")
    return any(byte < 0x20 and byte not in b"\t\n\f\r\x1b" for byte in text)  # noqa: PLR2004 -- ASCII
