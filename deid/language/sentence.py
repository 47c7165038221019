"""A text as words and gaps: what is taken out of it, and how the rest is written."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from itertools import pairwise
from operator import attrgetter
from re import compile as compile_pattern

from deid.language.gaps import closed
from deid.language.lexicon import Lexicon, bare, small
from deid.language.patterns import Span
from deid.language.tokens import TOKEN, humps

_LEAST_COMPOUND = 6
# Stretches that are names, or stand where names do
_LIKE_NAMES = frozenset({"signature", "user name", "care of", "e-mail address"})
_LETTERS = compile_pattern(r"[^\W\d_]+")
_APART = (" ", "  ", "-", "_", ".", "/")
_DIGITS = compile_pattern(r"\d{4,}")


class State(Enum):
    """What becomes of a word."""

    STAYS = auto()
    DOUBTFUL = auto()
    GOES = auto()
    GOES_APART = auto()  # and it was no name


class Word:
    """One word or number of a text.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        text: As it is written.
        small: In small letters.
        parts: What it is made of, bare: itself, and the parts of a compound.
        state: What becomes of it.
    """

    __slots__ = ("end", "parts", "small", "start", "state", "text")

    def __init__(self, start: int, end: int, text: str, lexicon: Lexicon) -> None:
        self.start, self.end, self.text = start, end, text
        self.small = small(text)
        self.parts = parts_of(text, lexicon)
        self.state = State.STAYS

    @property
    def goes(self) -> bool:
        """Tell whether it is taken out."""
        return self.state is State.GOES or self.state is State.GOES_APART


def parts_of(text: str, lexicon: Lexicon) -> frozenset[str]:
    """Give what a word is made of, bare: itself, the parts of a compound, and its humps."""
    word, found = small(text), {bare(text)}
    if not text.isalpha():
        found.update(bare(run) for run in _LETTERS.findall(text) if len(run) > 1)
    if len(word) >= _LEAST_COMPOUND and word not in lexicon.listed:
        found.update(map(bare, lexicon.parts(word)))
        if not (text.islower() or text.isupper()):
            for hump in humps(text):
                found.update((bare(hump), *map(bare, lexicon.parts(small(hump)))))
    return frozenset(found)


class Sentence:
    """A text on its way to be cleaned."""

    def __init__(self, text: str, lexicon: Lexicon) -> None:
        self.text = text
        self.words = [Word(m.start(), m.end(), m[0], lexicon) for m in TOKEN.finditer(text)]
        self._stretches: list[tuple[int, int]] = []
        self._within: set[int] = set()

    @property
    def removed(self) -> int:
        """Count what goes: each stretch, and each word outside of stretches."""
        outside = (place for place, word in enumerate(self.words) if word.goes)
        return len(self._stretches) + sum(place not in self._within for place in outside)

    def small(self, place: int) -> str:
        """Give a word in small letters; nothing before the first and behind the last."""
        return self.words[place].small if 0 <= place < len(self.words) else ""

    def between(self, one: int, other: int) -> str:
        """Give what stands between two words that follow one another."""
        first, second = min(one, other), max(one, other)
        return self.text[self.words[first].end : self.words[second].start]

    def pairs(self) -> Iterator[tuple[int, str]]:
        """Give every two words that stand together, by the place of the first, as one bare word."""
        for place, (one, other) in enumerate(pairwise(self.words)):
            if self.text[one.end : other.start] in _APART and one.text.isalpha():
                yield place, bare(one.text) + bare(other.text)

    def chains(self) -> Iterator[tuple[list[int], str]]:
        """Give every four digits or more that no letter parts, and the words they stand in."""
        owners = [place for place, word in enumerate(self.words) for c in word.text if c.isalnum()]
        alike = "".join(c for word in self.words for c in word.text if c.isalnum())
        for match in _DIGITS.finditer(alike):
            yield owners[match.start() : match.end()], match[0]

    def remove(self, places: Iterable[int]) -> None:
        """Take out words by their places."""
        for place in places:
            self.words[place].state = State.GOES

    def remove_stretches(self, spans: Iterable[Span]) -> None:
        """Take out stretches that identify; those that overlap are one."""
        for span in sorted(spans):
            state = State.GOES if span.what in _LIKE_NAMES else State.GOES_APART
            for place in self.places(span.start, span.end):
                self._within.add(place)
                if self.words[place].state is not State.GOES:
                    self.words[place].state = state
            last = self._stretches[-1] if self._stretches else (0, 0)
            if span.start < last[1]:
                self._stretches[-1] = last[0], max(last[1], span.end)
            else:
                self._stretches.append((span.start, span.end))

    def places(self, start: int, end: int) -> range:
        """Give the places of the words of which some part stands in a stretch."""
        first = bisect_right(self.words, start, key=attrgetter("end"))
        return range(first, bisect_left(self.words, end, first, key=attrgetter("start")))

    def written(self) -> str:
        """Write what stays; gaps left by what went close."""
        out: list[str] = []
        gaps: list[str] = []
        last = 0
        for start, end, stays in self._segments():
            gaps.append(self.text[last:start])
            if stays:
                out.append(closed(gaps, first=not out) + self.text[start:end])
                gaps = []
            last = end
        gaps.append(self.text[last:])
        return "".join(out) + closed(gaps, first=False, last=True) if out else ""

    def _segments(self) -> list[tuple[int, int, bool]]:
        """Give what stands between gaps, in order: words, and whole stretches that go."""
        words = (
            (word.start, word.end, not word.goes)
            for place, word in enumerate(self.words)
            if place not in self._within
        )
        return sorted([*words, *((start, end, False) for start, end in self._stretches)])
