"""What identifies somebody by its form, whoever she is: where it stands in a text.

Numbers are looked at twice: by what they are (a personnummer, a telephone number), and as any chain
of digits that is too long to be a measurement.
"""

from collections.abc import Iterator
from re import compile as compile_pattern
from typing import NamedTuple

from deid.language.pattern_rule import Rule
from deid.language.pattern_rules import OTHER, SIGNS, SURE, WORDED

_CHAIN = compile_pattern(r"\d(?:[ \t\xa0./+:()_-]{0,3}\d)*")
_GROUP = compile_pattern(r"\d+")
_DECIMALS = compile_pattern(r"(?:\d{1,3}\.\d{1,3}[ /-]+)*\d{1,3}\.\d{1,3}")
_LONGEST_NUMBER, _LONGEST_CHAIN = 4, 8
_SIGN = compile_pattern(
    r"sign|dikt|skriv|utskr|vid|att|inl|user|login|anv|op|tech|ord|by|av|enl|ssk|läk|[/.]"
)
_ALIKE = {
    **dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63, 0xFF0D, 0x00AD), "-"),
    **dict.fromkeys((0x00A0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " "),
}


class Span(NamedTuple):
    """A stretch of a text that identifies somebody, and what it is."""

    start: int
    end: int
    what: str


def identifies(text: str) -> bool:
    """Tell whether anything in a text identifies somebody by its form alone."""
    text = _plain(text)
    return next(_matches(SURE, text, _count(text)), None) is not None


def find(text: str) -> Iterator[Span]:
    """Give every stretch of a text that may identify somebody."""
    text = _plain(text)
    digits = _count(text)
    yield from _matches(SURE, text, digits)
    yield from _matches(OTHER if digits else WORDED, text, digits)
    if digits:
        yield from _chains(text)
    if _SIGN.search(text.lower()):
        yield from _matches(SIGNS, text, digits)


def _plain(text: str) -> str:
    """Write dashes and spaces that only look different as the usual ones, place by place."""
    return text if text.isascii() else text.translate(_ALIKE)


def _count(text: str) -> int:
    return sum(map(len, _GROUP.findall(text)))


def _matches(rules: tuple[Rule, ...], text: str, digits: int) -> Iterator[Span]:
    for what, form, part, least, needs, means in rules:
        if digits < least or needs not in text:
            continue
        for match in form.finditer(text):
            if means is None or means(match):
                yield Span(match.start(part), match.end(part), what)


def _chains(text: str) -> Iterator[Span]:
    """Give chains of digits with no word between: no measurement has so many."""
    for chain in _CHAIN.finditer(text):
        groups = _GROUP.findall(chain[0])
        digits = sum(map(len, groups))
        long = max(map(len, groups)) > _LONGEST_NUMBER
        if long or (digits >= _LONGEST_CHAIN and not _DECIMALS.fullmatch(chain[0])):
            yield Span(chain.start(), chain.end(), "long number")
