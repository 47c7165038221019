"""The first eye's cleaning of free text: what is known to be harmless stays, all else goes.

Descriptions, comments, reports and annotations may stay if what identifies is taken out of them
(PS3.15 E.3.4 Clean Structured Content, E.3.5 Clean Descriptors, E.3.3 Clean Graphics). Here that is
turned round: a word stays only if it is known (`deid.lexicon`), is none of hers, and stands in
nothing that identifies by its form (`deid.patterns`). Numbers stay if they are short and plain.
"""

from collections.abc import Iterable
from re import compile as compile_pattern
from typing import NamedTuple

from deid.identifiers import Identifiers
from deid.judging import decide
from deid.lexicon import Lexicon, bare, small
from deid.markup import plain_text
from deid.patterns import find, identifies
from deid.sentence import Sentence, Word, parts_of
from deid.tokens import TOKEN

_TITLES = ("fru", "herr", "pat", "patient", "dr", "doktor", "ssk")
_RUN = compile_pattern(r"\d{4,}")
_MOST_PASSES = 12
_REMEMBERED, _LONGEST_REMEMBERED = 4096, 256
_BETWEEN_NAMES = compile_pattern(r"[\s,^_.=-]{1,3}")


class Cleaned(NamedTuple):
    """What is left of a text, and how many pieces were taken out."""

    text: str
    removed: int


class TextCleaner:
    """Cleans the free text of one object.

    Args:
        lexicon: What words are harmless, and which are names.
        identifiers: Whose object it is: her words and numbers go whatever else they are.
    """

    def __init__(self, lexicon: Lexicon, identifiers: Identifiers) -> None:
        self._lexicon = lexicon
        hers = {bare(word) for word in identifiers.words} - lexicon.context["anybodys"]
        self._hers = frozenset(hers | {f"{word}s" for word in hers if len(word) > 3})  # noqa: PLR2004 -- as Bos
        self._glued = frozenset(title + word for title in _TITLES for word in hers)
        self._numbers = frozenset(identifiers.numbers)
        self._known: dict[str, Cleaned] = {}

    def __repr__(self) -> str:
        """Say nothing of whom it looks for."""
        return "TextCleaner()"

    def clean(self, text: str) -> Cleaned:
        """Keep the harmless words and short plain numbers of a text; layout stays with them."""
        found = self._known.get(text)
        if found is None:
            found = self._clean(text)
            if len(self._known) < _REMEMBERED:
                self._known[text] = found
        return found

    def _clean(self, text: str) -> Cleaned:
        removed = 0
        for _ in range(_MOST_PASSES):
            left, pieces = self._pass(text)
            if left == text:
                return Cleaned(text, removed)
            text, removed = left, removed + pieces
        return Cleaned("", removed + 1)

    def _pass(self, text: str) -> tuple[str, int]:
        plain = plain_text(text)
        harmless = _harmless_texts.get(plain)
        if harmless is not None and self._is_free_of_hers(harmless, plain):
            return plain, 0
        sentence = Sentence(plain, self._lexicon)
        own = {place for place, word in enumerate(sentence.words) if self._is_hers(word)}
        sentence.remove(own | self._her_numbers(sentence))
        sentence.remove_stretches(find(plain))
        decide(sentence, self._lexicon)
        if sentence.removed:
            return sentence.written(), sentence.removed
        _remember(plain, sentence)
        return plain, 0

    def _is_hers(self, word: Word) -> bool:
        return not (self._hers.isdisjoint(word.parts) and self._glued.isdisjoint(word.parts))

    def _is_free_of_hers(self, parts: frozenset[str], text: str) -> bool:
        if not (self._hers.isdisjoint(parts) and self._glued.isdisjoint(parts)):
            return False
        return not any(number in digits for digits in _digits(text) for number in self._numbers)

    def _her_numbers(self, sentence: Sentence) -> set[int]:
        """Give the words whose digits, with those beside them, are one of her numbers."""
        if not self._numbers:
            return set()
        found: set[int] = set()
        for places, digits in sentence.chains():
            if any(number in digits for number in self._numbers):
                found.update(places)
        return found

    def harmless(self, text: str) -> bool:
        """Tell whether a text that a machine set says nothing of anybody.

        Words need not be known here. It must hold no word or number of hers, nothing that
        identifies by its form, and no given name beside a family name.
        """
        plain = plain_text(text)
        if identifies(plain):
            return False
        parts = {part for word in TOKEN.findall(plain) for part in parts_of(word, self._lexicon)}
        if not (self._hers.isdisjoint(parts) and self._glued.isdisjoint(parts)):
            return False
        if any(number in digits for digits in _digits(plain) for number in self._numbers):
            return False
        return not self._names_somebody(plain)

    def _names_somebody(self, text: str) -> bool:
        end, last = 0, ""
        for match in TOKEN.finditer(text):
            word, gap = small(match[0]), text[end : match.start()]
            if last and _BETWEEN_NAMES.fullmatch(gap):
                lexicon = self._lexicon
                if lexicon.is_full_name(last, word) or lexicon.is_full_name(word, last):
                    return True
            end, last = match.end(), word
        return False


# Texts in which every word is harmless, with those words: of such a text nothing was removed
_harmless_texts: dict[str, frozenset[str]] = {}


def _remember(text: str, sentence: Sentence) -> None:
    if len(text) > _LONGEST_REMEMBERED:
        return
    if len(_harmless_texts) >= _REMEMBERED:
        _harmless_texts.clear()
    _harmless_texts[text] = frozenset(part for word in sentence.words for part in word.parts)


def _digits(text: str) -> Iterable[str]:
    return _RUN.findall("".join(c for c in text if c.isalnum()))
