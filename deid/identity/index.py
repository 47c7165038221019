"""Find many needles in one hay: each is asked for only if its longest word stands there."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from re import compile as compile_pattern
from typing import NamedTuple

from deid.identity.spelling import Edge, Needle

_PIECES = compile_pattern(r"[^\W\d_]+|[0-9]+")
_LETTERS = compile_pattern(r"[^\W\d_]+")
_DIGITS = compile_pattern(r"[0-9]+")
_KEYS = {Edge.LETTER: _LETTERS, Edge.DIGIT: _DIGITS, Edge.WORD: _PIECES}
_LONG_NUMBER = 8


class Index(NamedTuple):
    """Needles by how they are found.

    Attributes:
        keyed: By the longest of their words or numbers that stand whole in any hay they are in.
        loose: Those without one.
        numbers: What long numbers are, to be known in any spacing.
    """

    keyed: Mapping[str, tuple[Needle, ...]]
    loose: tuple[Needle, ...]
    numbers: Mapping[str, str]

    def candidates(self, hay: str, words: frozenset[str]) -> Iterator[Needle]:
        """Give the needles that may stand in a folded text, of which all words are given."""
        for key in self.keyed.keys() & words:
            yield from self.keyed[key]
        yield from (needle for needle in self.loose if needle.text in hay)


def pieces(text: str) -> frozenset[str]:
    """Give the words and numbers of a text."""
    return frozenset(_PIECES.findall(text))


@lru_cache(maxsize=8)
def index(needles: tuple[Needle, ...]) -> Index:
    """Sort needles; kept for the next object of the same study."""
    keyed: dict[str, list[Needle]] = {}
    loose: list[Needle] = []
    numbers: dict[str, str] = {}
    for needle in needles:
        key = _key(needle.text, needle.edge)
        if key:
            keyed.setdefault(key, []).append(needle)
        else:
            loose.append(needle)
        if len(needle.text) >= _LONG_NUMBER and needle.text.isdigit():
            numbers.setdefault(needle.text, needle.what)
    return Index({key: tuple(many) for key, many in keyed.items()}, tuple(loose), numbers)


def _key(text: str, edge: Edge) -> str:
    """Give the longest run that is whole wherever the needle stands; empty if there is none."""
    if edge is Edge.NONE:
        return ""
    whole = text.isascii() and (text.isdigit() or (edge is not Edge.DIGIT and text.isalpha()))
    return text if whole else max(_KEYS[edge].findall(text), key=len, default="")
