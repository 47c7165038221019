"""The ways in which one identifier may be written, and how to find any of them in a text."""

from collections.abc import Iterator
from datetime import date
from enum import IntEnum, IntFlag, auto
from functools import lru_cache
from re import compile as compile_pattern
from typing import NamedTuple
from unicodedata import normalize

_MARKS = compile_pattern("[\u0300-\u036f]")
_STROKES = str.maketrans(
    {"ø": "o", "æ": "ae", "đ": "d", "ł": "l", "ð": "d", "þ": "th", "\u0131": "i"}
)
_TWO_LETTERS = str.maketrans({"å": "aa", "ä": "ae", "ö": "oe", "ø": "oe", "ü": "ue"})
# SIS 63 61 27, the Swedish 7-bit set: large and small letters of old systems
_SEVEN_BIT = (
    str.maketrans({"å": "}", "ä": "{", "ö": "|", "é": "`"}),
    str.maketrans({"å": "]", "ä": "[", "ö": "\\", "é": "@"}),
)
_MISREAD = ("cp850", "cp437", "mac_roman")
_NUMBER = compile_pattern(
    r"(?:1[89]|2\d)?(?P<year>\d{2})\D?(?P<month>\d{2})\D?(?P<day>\d{2})\s?\D?\s?(?P<last>\d{4})"
)
_SEPARATORS = ("", "-", "+", " ", "_", "/", ".", " - ")
_CENTURIES = ("", "18", "19", "20")
_MONTHS = (
    *(("januari", "jan", "january"), ("februari", "feb", "february"), ("mars", "mar", "march")),
    *(("april", "apr"), ("maj", "may"), ("juni", "jun", "june"), ("juli", "jul", "july")),
    *(("augusti", "aug", "august"), ("september", "sep", "sept"), ("oktober", "okt", "october")),
    *(("november", "nov"), ("december", "dec")),
)


class Edge(IntEnum):
    """What may not stand next to a needle."""

    LETTER = auto()
    DIGIT = auto()
    WORD = auto()
    NONE = auto()


class Reach(IntFlag):
    """Where a needle is looked for: free text, dates, numbers, whole ones, or binary values."""

    TEXT = auto()
    DATE = auto()
    NUMBER = auto()
    BINARY = auto()
    INTEGER = auto()
    ALL = TEXT | DATE | NUMBER | BINARY | INTEGER


class Needle(NamedTuple):
    """One spelling of one identifier, folded; its kind is all that may be told."""

    text: str
    what: str
    edge: Edge
    reach: Reach


def fold(text: str) -> str:
    """Fold case and accents, so that Öberg, OBERG and öberg are one."""
    if text.isascii():
        return text.lower()
    plain = text.casefold().translate(_STROKES)
    return _MARKS.sub("", normalize("NFKD", plain))


@lru_cache(maxsize=2048)
def spellings(word: str) -> frozenset[str]:
    """Spell a word as systems do that know no å, ä and ö, or misread them; folded."""
    small = word.casefold()
    found = {fold(small)}
    if not small.isascii():
        found.add(fold(small.translate(_TWO_LETTERS)))
        found |= {fold(small.translate(table)) for table in _SEVEN_BIT}
        found |= {
            "".join(c if c.isascii() else mark for c in small) for mark in ("?", "_", "\ufffd")
        }
        for written in (word, word.upper(), small):
            found.add(fold(written.encode().decode("latin-1")))
            found.add(fold(written.encode().decode("cp1252", "replace")))
            for codec in _MISREAD:
                found.add(fold(written.encode(codec, "replace").decode("latin-1")))
    return frozenset(found)


def joined_spellings(one: str, other: str, mark: str) -> frozenset[str]:
    """Spell two words that stand together, both with and both without å, ä and ö; folded."""
    words = one.casefold(), other.casefold()
    return frozenset(
        {
            mark.join(fold(word) for word in words),
            mark.join(fold(word.translate(_TWO_LETTERS)) for word in words),
        }
    )


def number_writings(number: str) -> tuple[str, ...]:
    """Write a personal identity number with and without century and separators."""
    match = _NUMBER.fullmatch(number.strip())
    if match is None:
        return ()
    return _written(match["year"], match["month"], match["day"], match["last"])


@lru_cache(maxsize=1024)
def _written(year: str, month: str, day: str, last: str) -> tuple[str, ...]:
    ends = [f"{year}{month}{day}{separator}{last}" for separator in _SEPARATORS]
    for inner in ("-", "/", ".", " "):
        ends += [f"{year}{inner}{month}{inner}{day}{outer}{last}" for outer in ("", "-", " ")]
    return tuple(century + end for century in _CENTURIES for end in ends)


def date_writings(day: date) -> Iterator[str]:
    """Write a date with four digits for its year, as Swedish, ISO, British or American."""
    year, month, number = f"{day.year:04d}", f"{day.month:02d}", f"{day.day:02d}"
    for mark in ("", "-", "/", ".", " "):
        yield mark.join((year, month, number))
        yield mark.join((number, month, year))
        if mark:
            yield mark.join((month, number, year))
    for mark in ("/", ".", "-"):
        for end in (f" {year}", f"{mark}{year}", f" {year[2:]}", f"-{year[2:]}"):
            yield f"{day.day}{mark}{day.month}{end}"
    for name in _MONTHS[day.month - 1]:
        for mark in (" ", "", "-"):
            yield f"{day.day}{mark}{name}{mark}{year}"
            yield f"{number}{mark}{name}{mark}{year}"
        yield f"{name} {day.day}, {year}"
        yield f"{name} {day.day} {year}"


def short_date_writings(day: date) -> Iterator[str]:
    """Write a date with two digits for its year."""
    for mark in ("", "-", "/", "."):
        yield day.strftime(f"%y{mark}%m{mark}%d")


def stands_in(needle: Needle, hay: str) -> bool:
    """Tell whether a needle stands in a folded text, with the edges it asks for."""
    at = hay.find(needle.text)
    while at >= 0:
        end = at + len(needle.text)
        before = hay[at - 1] if at else " "
        after = hay[end] if end < len(hay) else " "
        if _free(needle.edge, before) and _free(needle.edge, after):
            return True
        at = hay.find(needle.text, at + 1)
    return False


def _free(edge: Edge, neighbour: str) -> bool:
    if edge is Edge.LETTER:
        return not neighbour.isalpha()
    if edge is Edge.DIGIT:
        return not neighbour.isdigit()
    return edge is Edge.NONE or not neighbour.isalnum()
