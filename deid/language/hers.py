"""What is hers, as the first eye looks for it: her words and numbers, and these in disguise."""

from collections.abc import Iterator
from functools import cached_property
from itertools import groupby
from re import Pattern, escape
from re import compile as compile_pattern

from deid.identity.identifiers import Identifiers
from deid.language.lexicon import Lexicon, bare, small
from deid.language.tokens import humps

_TITLES = ("fru", "herr", "pat", "patient", "dr", "doktor", "ssk")
_RUN = compile_pattern(r"\d{4,}")
_LETTERS = compile_pattern(r"[^\W\d_]+")
_LEAST_GENITIVE = 4
# Longer numbers are known by their beginnings
_LONGEST_NUMBER = 16
_LONGEST_WORD, _LEAST_INSIDE, _LEAST_SHORT, _MOST_BESIDE = 40, 5, 3, 2
_MOST_PIECES = 5
# Letters that a wrong character set makes marks of: what can be one of å, ä, ö, é, ü
_MISREAD = compile_pattern(
    r"[^\W\d_][^\w\s./:+-]{1,3}[^\W\d_]|[^\x00-\x7fÅÄÖåäöéÉüÜ®™µ°]|[\x80-\x9f]"
)
_UNSURE, _LEAST_MISREAD, _MOST_MISREAD = frozenset("aeou"), 4, 500


class Hers:
    """Her words and numbers.

    Args:
        identifiers: Whose they are.
        lexicon: What parts of names are nobody's alone.
    """

    def __init__(self, identifiers: Identifiers, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        words = {bare(word) for word in identifiers.words} - lexicon.context["anybodys"]
        genitives = {f"{word}s" for word in words if len(word) >= _LEAST_GENITIVE}
        self._words = frozenset(words | genitives)
        self._titled = frozenset(title + word for title in _TITLES for word in words)
        self._numbers: dict[int, set[str]] = {}
        for number in identifiers.numbers:
            told = number[:_LONGEST_NUMBER]
            self._numbers.setdefault(len(told), set()).add(told)

    def __repr__(self) -> str:
        """Say nothing of whom it is about."""
        return "Hers()"

    def has_word(self, parts: frozenset[str]) -> bool:
        """Tell whether any of these bare words is hers."""
        return not (self._words.isdisjoint(parts) and self._titled.isdisjoint(parts))

    def has_number(self, digits: str) -> bool:
        """Tell whether a number of hers stands in a run of digits."""
        return any(
            digits[at : at + length] in numbers
            for length, numbers in self._numbers.items()
            for at in range(len(digits) - length + 1)
        )

    def numbers_in(self, text: str) -> bool:
        """Tell whether a number of hers stands in a text, whatever marks are in it."""
        if not self._numbers:
            return False
        return any(map(self.has_number, _RUN.findall("".join(filter(str.isalnum, text)))))

    def hides_in(self, text: str) -> bool:
        """Tell whether a word of hers stands in a text as a part of another, in pieces, or misread.

        What machines say of themselves is short, and not known by its words: there it is asked.
        """
        words = _LETTERS.findall(text)
        if any(self._is_within(word) for word in words):
            return True
        if not self._words.isdisjoint(_together(list(map(bare, words)))):
            return True
        if _MISREAD.search(text) is None:
            return False
        return len(self._words) > _MOST_MISREAD or self._misread.search(text.casefold()) is not None

    def _is_within(self, word: str) -> bool:
        """Tell whether an unknown word has a word of hers in it, or is made of nothing else."""
        parts = humps(word)
        if any(bare(part) in self._words for part in parts):
            return True
        known = self._lexicon.is_harmless
        if known(small(word)) or all(len(part) > 1 and known(small(part)) for part in parts):
            return False
        said = bare(word)
        for hers in self._words:
            short = len(hers) >= _LEAST_SHORT and len(said) - len(hers) <= _MOST_BESIDE
            if (len(hers) >= _LEAST_INSIDE and hers in said) or (
                short and (said.startswith(hers) or said.endswith(hers))
            ):
                return True
        return len(said) <= _LONGEST_WORD and self._is_made_of_hers(said)

    def _is_made_of_hers(self, word: str) -> bool:
        particles = self._lexicon.context["particles"] | self._lexicon.context["anybodys"]
        known = {piece for piece in self._words | particles if len(piece) > 1}
        ends = {0}
        for end in range(1, len(word) + 1):
            if any(start in ends and word[start:end] in known for start in range(end)):
                ends.add(end)
        return len(word) in ends and word not in particles

    @cached_property
    def _misread(self) -> Pattern[str]:
        """Her words, with any marks where a wrong character set may have put them."""
        written = (
            "".join(f"(?:{c}|[^a-z]{{1,3}})" if c in _UNSURE else escape(c) for c in word)
            for word in sorted(self._words)
            if len(word) >= _LEAST_MISREAD
        )
        return compile_pattern(f"(?<![a-z])(?:{'|'.join(written) or '(?!)'})(?![a-z])")


def _together(words: list[str]) -> Iterator[str]:
    """Join neighbours, from two on, and all single letters that follow one another."""
    for first in range(len(words)):
        for last in range(first + 2, min(first + _MOST_PIECES, len(words)) + 1):
            yield "".join(words[first:last])
    for single, letters in groupby(words, key=lambda word: len(word) == 1):
        if single:
            yield "".join(letters)
