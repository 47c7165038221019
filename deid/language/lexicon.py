"""Which words identify nobody, and which are names: the first eye's knowledge of words.

A word counts only if it is known to be harmless: of our own list (`data/harmless_words.txt`) in any
of its forms, of DICOM's own terms (`data/dicom_words.txt`) unless it is a name, or a Swedish
compound of them. Words are asked for in small letters, with or without rings and dots.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from re import compile as compile_pattern
from unicodedata import normalize

from deid.language.inflection import FORMS, bases, is_derived
from deid.language.surnames import SURNAME
from deid.language.word_lists import JOINED, context_words, harmless_words, sections

_MARKS = compile_pattern("[\u0300-\u036f]")
_STROKES = str.maketrans({"ø": "o", "æ": "ae", "ð": "d", "đ": "d", "ł": "l", "ß": "ss"})
# The usual letters, without which most words are plain: quicker than taking letters apart
_USUAL = str.maketrans("åäöéèüáíóúñç", "aaoeeuaiounc")
_LEAST_PART, _MOST_PARTS, _LONGEST = 3, 5, 40
_LEAST_BEHIND_NAME = 5
# A tail of three letters wants a longer head: "bröstben", but not "Batten"
_LEAST_HEAD = 5
# Shorter ones may be initials
_LEAST_TERM = 4
_LINK = "s"
_FIRM = frozenset({"firm", "equipment"})
_ALL = frozenset(FORMS)
_BEHIND_PREFIX, _LEAST_BEHIND_PREFIX = JOINED | {"english"}, 5
_NONE: frozenset[str] = frozenset()


class Kind(Enum):
    """What a word is."""

    HARMLESS = auto()
    DOUBTFUL = auto()  # harmless, and a name too: the words beside it decide
    NAME = auto()
    UNKNOWN = auto()


def small(word: str) -> str:
    """Write a word as it is looked up."""
    return word.lower() if word.isascii() else normalize("NFC", word.casefold())


def bare(word: str) -> str:
    """Write a word without rings, dots and accents, in small letters."""
    if word.isascii():
        return word.lower()
    usual = word.casefold().translate(_USUAL)
    return (
        usual if usual.isascii() else _MARKS.sub("", normalize("NFKD", usual.translate(_STROKES)))
    )


@dataclass(frozen=True, repr=False)
class Lexicon:
    """Words and names; both also in the writing of systems that know no å, ä and ö.

    Attributes:
        bases: Our own words in their first form, with the sections they stand in.
        listed: Of these, those in the writing they are listed in.
        terms: DICOM's words.
        joints: What compounds are made of, before their last part.
        prefixes: Of these, those that are no words.
        given: Given names.
        family: Family names.
        context: Words by what they mean for those beside them (`data/context_words.txt`).
        judged: What was asked for before: words that are known, never others.
        split: Likewise, compounds.
    """

    bases: Mapping[str, frozenset[str]]
    listed: frozenset[str]
    terms: frozenset[str]
    joints: frozenset[str]
    prefixes: frozenset[str]
    given: frozenset[str]
    family: frozenset[str]
    context: Mapping[str, frozenset[str]]
    judged: dict[str, Kind]
    split: dict[str, tuple[str, ...]]

    def judge(self, word: str) -> Kind:
        """Tell what a word is."""
        kind = self.judged.get(word)
        if kind is None:
            kind = self._judge(word)
            if kind is not Kind.UNKNOWN:
                self.judged[word] = kind
        return kind

    def is_harmless(self, word: str) -> bool:
        """Tell whether a word is known and no name."""
        return self.judge(word) is Kind.HARMLESS

    def is_name(self, word: str) -> bool:
        """Tell whether a word is a given or a family name, whatever else it is."""
        return self.is_given(word) or self.is_family(word)

    def is_given(self, word: str) -> bool:
        """Tell whether a word is a given name, or one's genitive."""
        return word in self.given or (word[-1:] == "s" and word[:-1] in self.given)

    def is_family(self, word: str) -> bool:
        """Tell whether a word is a family name, one's genitive, or made as they are."""
        if word in self.family or (word[-1:] == "s" and word[:-1] in self.family):
            return True
        return SURNAME.fullmatch(word.removesuffix("s")) is not None

    def is_full_name(self, first: str, second: str) -> bool:
        """Tell whether two words are a given and a family name, and neither a mere word."""
        if not (self.is_given(first) and self.is_family(second)):
            return False
        return not (self.is_harmless(first) or self.is_harmless(second))

    def _judge(self, word: str) -> Kind:
        if word in self.listed:
            named = word in self.given or word in self.family
            return Kind.DOUBTFUL if named and "firm" not in self.bases[word] else Kind.HARMLESS
        if word in self.given or word in self.family:
            return Kind.NAME
        if word in self.terms or self._is_form(word, _ALL):
            return Kind.DOUBTFUL if self._is_genitive(word) else Kind.HARMLESS
        if self.is_name(word):
            return Kind.NAME
        return Kind.HARMLESS if self.parts(word) or is_derived(word) else Kind.UNKNOWN

    def _is_genitive(self, word: str) -> bool:
        name = word.removesuffix(_LINK)
        if name == word or not (name in self.given or name in self.family):
            return False
        return self.judge(name) is not Kind.HARMLESS

    def is_firm(self, word: str) -> bool:
        """Tell whether a word is one whatever stands beside it, or a maker or model."""
        return not _FIRM.isdisjoint(self.bases.get(word, _NONE))

    def _is_form(self, word: str, sections: frozenset[str]) -> bool:
        for base in bases(word):
            for section in self.bases.get(base, _NONE) & sections:
                if word in FORMS[section](base):
                    return True
        return False

    def parts(self, word: str) -> tuple[str, ...]:
        """Split a compound wholly into known parts; empty if that cannot be done."""
        found = self.split.get(word)
        if found is None:
            if len(word) > _LONGEST or not word.isalpha():
                return ()
            found = self._split(word, _MOST_PARTS)
            if found or word in self.judged:
                self.split[word] = found
        return found

    def _is_tail(self, word: str, first: str) -> bool:
        """Tell whether a word ends a compound; of two names none is made, as "Bildström"."""
        if first in self.family and (word in self.family or len(word) < _LEAST_BEHIND_NAME):
            return False
        if word in self.context["tails"] or (len(word) == _LEAST_PART and len(first) < _LEAST_HEAD):
            return False
        if first in self.prefixes and len(word) >= _LEAST_BEHIND_PREFIX:
            return self._is_form(word, _BEHIND_PREFIX)
        return self._is_form(word, JOINED)

    def _split(self, word: str, most: int) -> tuple[str, ...]:
        for end in range(len(word) - _LEAST_PART, _LEAST_PART - 1, -1):
            first = word[:end]
            if first not in self.joints:
                continue
            for rest in (word[end:], word[end + 1 :] if word[end] == _LINK else ""):
                if len(rest) < _LEAST_PART:
                    continue
                if self._is_tail(rest, first):
                    return first, rest
                more = self._split(rest, most - 1) if most > 2 else ()  # noqa: PLR2004 -- two are left
                if more:
                    return first, *more
        return ()


@lru_cache(maxsize=1)
def load_lexicon() -> Lexicon:
    """Load the words and names of this package."""
    found, joints, prefixes = harmless_words()
    listed = frozenset(found)
    for word in listed:
        if not word.isascii():
            plain = bare(word)
            found[plain] = found.get(plain, _NONE) | found[word]
    names: dict[str, set[str]] = {"given": set(), "family": set()}
    for file in ("names.txt", "more_names.txt"):
        for section, words in sections(file):
            names[section].update(words)
    given, family = _both_ways(names["given"]), _both_ways(names["family"])
    return Lexicon(
        bases=found,
        listed=listed,
        terms=frozenset(
            word
            for _, words in sections("dicom_words.txt")
            for word in words
            if len(word) >= _LEAST_TERM
        ),
        joints=_both_ways(joint for joint in joints | prefixes if len(joint) >= _LEAST_PART),
        prefixes=_both_ways(prefixes),
        given=given,
        family=family,
        context=context_words(),
        judged={},
        split={},
    )


def _both_ways(words: Iterable[str]) -> frozenset[str]:
    """Add to each word its writing without rings and dots."""
    known = frozenset(words)
    return known.union(bare(word) for word in known if not word.isascii())
