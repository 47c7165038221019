"""What a value of each kind may look like (PS3.5 §6.2): what does not is text in disguise."""

from functools import lru_cache
from re import Pattern
from re import compile as compile_pattern
from struct import iter_unpack, unpack

from pydicom.datadict import dictionary_VM

from deid.elements import known_vr
from deid.profiles.rules import single
from deid.values import Leaf, raw

# Of DS more digits than 16 are let pass: many machines write too many, and digits they are.
_PATTERNS: dict[str, Pattern[str]] = {
    "AS": compile_pattern(r"\d{3}[DWMY]"),
    "CS": compile_pattern(r"[A-Z0-9_ ]{1,16}"),
    "DA": compile_pattern(r"\d{8}|\d{4}\.\d{2}\.\d{2}"),
    "DS": compile_pattern(r"[+-]?(?:\d{1,24}(?:\.\d{0,24})?|\.\d{1,24})(?:[eE][+-]?\d{1,3})?"),
    "DT": compile_pattern(
        r"\d{4}(?:\d{2}(?:\d{2}(?:\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?)?)?(?:[+-]\d{4})?"
    ),
    "IS": compile_pattern(r"[+-]?\d{1,11}"),
    "TM": compile_pattern(r"(?:[01]\d|2[0-3])(?::?[0-5]\d(?::?(?:[0-5]\d|60)(?:\.\d{1,6})?)?)?"),
    "UI": compile_pattern(r"[0-9.]{1,64}"),
}
_NUMBER = rb" *[+-]?[0-9]{1,5}(?:\.[0-9]{0,16})?(?:[eE][+-]?[0-9]{1,2})? *"
_WHOLE = rb" *[+-]?[0-9]{1,5} *"
_TIME = rb"(?:[01][0-9]|2[0-3])(?:[0-5][0-9](?:[0-5][0-9](?:\.[0-9]{1,6})?)?)? ?"
# Whole values as nearly all of them are written: with nothing in them that a closer look could find
_PLAIN: dict[frozenset[str], Pattern[bytes]] = {
    frozenset({"DS"}): compile_pattern(_NUMBER + rb"(?:\\" + _NUMBER + rb")*"),
    frozenset({"IS"}): compile_pattern(_WHOLE + rb"(?:\\" + _WHOLE + rb")*"),
    frozenset({"TM"}): compile_pattern(_TIME),
}
# By chance, one of a hundred thousand numbers of eight bytes looks like this
_WORDS = compile_pattern(rb"(?:[A-Za-z]\0?[ ,.^'-]?\0?){8,}")
_SIZES = {"AT": 4, "FD": 8, "FL": 4, "SL": 4, "SS": 2, "SV": 8, "UL": 4, "US": 2, "UV": 8}
_LARGEST = 1 << 31
_FAR = 1 << 13  # pixels
# Of fewer characters none is a number that somebody is known by
_SHORT = 6
_ANY = 1 << 40
# A private attribute has no value multiplicity that anybody knows: so many bytes are no text
_MOST_PRIVATE = 64


def parts_of(element: Leaf) -> list[str]:
    """Give the values of an element without their padding."""
    return [part.strip(" \0") for part in raw(element).decode("latin-1").split("\\")]


def is_written(value: bytes, kinds: frozenset[str] = frozenset()) -> bool:
    """Tell bytes that are said to be numbers, and in which somebody wrote words.

    Small whole numbers in floating point hold no letters, but look as if they held every other.
    """
    if kinds == {"FL"} and len(value) % _SIZES["FL"] == 0:
        words = iter_unpack("<4s", value)
        value = b"".join(b"\0\0\0\0" if _is_whole(word) else word for (word,) in words)
    return _WORDS.search(value) is not None


def _is_whole(word: bytes) -> bool:
    (number,) = unpack("<f", word)
    return word[:1] == b"\0" and 0 <= number <= _FAR and number == int(number)


def is_plain(value: bytes, kinds: frozenset[str]) -> bool:
    """Tell, at a glance, a value that is what its kind says, and too short to name anybody."""
    pattern = _PLAIN.get(kinds)
    return pattern is not None and len(value) <= _SHORT and pattern.fullmatch(value) is not None


def broken(element: Leaf, kinds: frozenset[str]) -> frozenset[str]:
    """Give the values of an element that are not what its VR says they are.

    Numbers in binary break it as a whole: where their bytes are more than the attribute's value
    multiplicity (PS3.6) has room for.
    """
    patterns = _patterns(kinds)
    if patterns:
        parts = filter(None, parts_of(element))
        bad = frozenset(p for p in parts if not all(_is(p, k, form) for k, form in patterns))
        if bad or len(kinds) == 1:
            return bad
    value = element.value
    if not isinstance(value, bytes):
        return frozenset()
    size, most = _room(int(element.tag), kinds)
    fits = len(value) % size == 0 and len(value) <= most
    return frozenset() if fits else frozenset(parts_of(element))


@lru_cache(maxsize=1024)
def _patterns(kinds: frozenset[str]) -> tuple[tuple[str, Pattern[str]], ...]:
    return tuple((kind, _PATTERNS[kind]) for kind in kinds if kind in _PATTERNS)


def _is(value: str, kind: str, form: Pattern[str]) -> bool:
    if not value.isascii() or form.fullmatch(value) is None:
        return False
    return kind != "IS" or -_LARGEST <= int(value) < _LARGEST


@lru_cache(maxsize=16384)
def _room(tag: int, kinds: frozenset[str]) -> tuple[int, int]:
    """Give the size of one number, and the bytes that all may take; of bytes and text, any."""
    sizes = {_SIZES[kind] for kind in single(kinds) if kind in _SIZES}
    if not sizes:
        return 1, _ANY
    size = min(sizes)
    if known_vr(tag) is None:
        return size, _MOST_PRIVATE if tag >> 16 & 1 else -1
    many = str(dictionary_VM(tag))
    return size, int(many) * max(sizes) if many.isdigit() else _ANY
