"""The first eye's cleaning of free text: what is known to be harmless stays, all else goes.

Descriptions, comments, reports and annotations may stay if what identifies is taken out of them
(PS3.15 E.3.4 Clean Structured Content, E.3.5 Clean Descriptors, E.3.3 Clean Graphics). Here that is
turned round: a word stays only if it is known (`lexicon`), is none of hers, and stands in nothing
that identifies by its form (`patterns`). Numbers stay if they are short and plain.
"""

from re import compile as compile_pattern
from typing import NamedTuple

from deid.identity.identifiers import Identifiers
from deid.language.hers import Hers
from deid.language.judging import decide
from deid.language.lexicon import Lexicon
from deid.language.machines import names_somebody
from deid.language.markup import plain_text
from deid.language.patterns import find, identifies
from deid.language.sentence import Sentence, Word, parts_of
from deid.language.tokens import TOKEN

# A longer text is taken out whole: no description, remark or report is so long
LONGEST = 65_536
# Nor says a machine so much of itself
_LONGEST_SAID = 1_024
_MOST_PASSES, _MOST_READ = 12, 3 * LONGEST
_REMEMBERED, _LONGEST_REMEMBERED = 4096, 256
# Letters that only a mark parts: where it is between those of a name, the text goes
_KNOTTED = compile_pattern(r"[^\W\d_][^\w\s][^\W\d_]|\b[^\W\d_]\W+[^\W\d_]\b")
# Two words that together are hers: shorter ones meet by chance
_LEAST_JOINED = 6


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
        self._hers = Hers(identifiers, lexicon)
        self._known: dict[str, Cleaned] = {}

    def __repr__(self) -> str:
        """Say nothing of whom it looks for."""
        return "TextCleaner()"

    def clean(self, text: str) -> Cleaned:
        """Keep the harmless words and short plain numbers of a text; layout stays with them."""
        found = self._known.get(text)
        if found is None:
            found = self._clean(text)
            if len(self._known) < _REMEMBERED and len(text) <= _LONGEST_REMEMBERED:
                self._known[text] = found
        return found

    def _clean(self, text: str) -> Cleaned:
        removed = read = 0
        for _ in range(_MOST_PASSES):
            read += len(text)
            if len(text) > LONGEST or read > _MOST_READ:
                break
            left, pieces = self._pass(text)
            if left == text:
                if _KNOTTED.search(text) and self._hers.hides_in(text):
                    break
                return Cleaned(text, removed)
            text, removed = left, removed + pieces
        return Cleaned("", removed + 1)

    def _pass(self, text: str) -> tuple[str, int]:
        plain = plain_text(text)
        if len(plain) > LONGEST:
            return "", 1
        harmless = _harmless_texts.get(plain)
        if harmless is not None and self._is_free_of_hers(harmless, plain):
            return plain, 0
        sentence = Sentence(plain, self._lexicon)
        own = {p for p, word in enumerate(sentence.words) if self._is_hers(word)}
        for place, joined in sentence.pairs():
            if len(joined) >= _LEAST_JOINED and self._hers.has_word(frozenset({joined})):
                own |= {place, place + 1}
        sentence.remove(own | self._her_numbers(sentence))
        sentence.remove_stretches(find(plain))
        decide(sentence, self._lexicon)
        if sentence.removed:
            return sentence.written(), sentence.removed
        _remember(plain, sentence)
        return plain, 0

    def _is_hers(self, word: Word) -> bool:
        """Tell a word of hers; in one of mixed letters or digits, also what hides there."""
        if self._hers.has_word(word.parts):
            return True
        text = word.text
        plain = text.isdigit() or (text.isalpha() and (text.islower() or text[1:].islower()))
        return not (plain or text.isupper()) and self._hers.hides_in(text)

    def _is_free_of_hers(self, parts: frozenset[str], text: str) -> bool:
        return not (self._hers.has_word(parts) or self._hers.numbers_in(text))

    def _her_numbers(self, sentence: Sentence) -> set[int]:
        """Give the words whose digits, with those beside them, are one of her numbers."""
        found: set[int] = set()
        for places, digits in sentence.chains():
            if self._hers.has_number(digits):
                found.update(places)
        return found

    def harmless(self, text: str) -> bool:
        """Tell whether a text that a machine set says nothing of anybody.

        Words need not be known here. It must hold no word or number of hers, nor any hidden in it;
        nothing that identifies by its form, and no name that is not a maker's too.
        """
        if len(text) > _LONGEST_SAID:
            return False
        plain = plain_text(text)
        known = plain in _nobodys
        if not known and (len(plain) > _LONGEST_SAID or identifies(plain)):
            return False
        parts = {part for word in TOKEN.findall(plain) for part in parts_of(word, self._lexicon)}
        if not self._is_free_of_hers(frozenset(parts), plain):
            return False
        if self._hers.hides_in(text):
            return False
        if not known and names_somebody(plain, self._lexicon):
            return False
        _remember_nobodys(plain)
        return True


# Texts in which every word is harmless, with those words: of such a text nothing was removed
_harmless_texts: dict[str, frozenset[str]] = {}


# What machines say that names nobody, as was found before; whether it is hers, is asked each time
_nobodys: set[str] = set()


def _remember_nobodys(text: str) -> None:
    if len(text) <= _LONGEST_REMEMBERED:
        if len(_nobodys) >= _REMEMBERED:
            _nobodys.clear()
        _nobodys.add(text)


def _remember(text: str, sentence: Sentence) -> None:
    if len(text) > _LONGEST_REMEMBERED:
        return
    if len(_harmless_texts) >= _REMEMBERED:
        _harmless_texts.clear()
    pairs = (joined for _, joined in sentence.pairs() if len(joined) >= _LEAST_JOINED)
    _harmless_texts[text] = frozenset(p for word in sentence.words for p in word.parts).union(pairs)
