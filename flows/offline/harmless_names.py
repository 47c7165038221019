"""Which parts of the names of files and folders say nothing of anybody: only those stay.

A part stays if it is made of words that the cleaner of texts knows to be harmless, and of one
counter at most, as in "IM00001". Words of time go too: an examination's date or week beside the
shifted date in its file would tell by how much all dates of that woman are shifted.
"""

from re import compile as compile_pattern
from unicodedata import normalize

from deid.identity.identifiers import Identifiers
from deid.language.cleaning import TextCleaner
from deid.language.lexicon import Kind, Lexicon, bare, load_lexicon, small

SUFFIXES = frozenset({".dcm", ".dicom", ".zip", ".ima"})
_WHOLE = compile_pattern(r"[^\W_]+(?:[ ._-]+[^\W_]+)*")
_APART = compile_pattern(r"[ ._-]+")
_LETTERS = compile_pattern(r"[^\W\d_]+")
_COUNTER = compile_pattern(r"(?P<letters>[^\W\d_]{1,6})(?P<digits>[0-9]{1,5})")
_COUNTED = compile_pattern(
    "i|im|img|image|bild|s|se|ser|serie|series|st|stu|study|studie|dcm|dicom|file|fil|mg"
    "|mammo|ct|mr|us|cr|dx|dr|sc|sr|pr|ko|seg|ot|pt|nm|rf|xa|io|px|bt|dbt|view|slice|frame"
    "|obj|inst|rcc|lcc|rmlo|lmlo|cc|mlo"
)
# A year and what may be its month; else two digits each: month and day, either way round, or a year
# of our time and a month
_DATE = compile_pattern(
    r"(?:19|20)\d\d\d?|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])|[1-4]\d(?:0[1-9]|1[0-2])"
)
# Without rings and dots, as they are looked up
_TIMES = compile_pattern(
    r"(?:ma|man?|ti|tis|on|ons|to|tors?|fre|lo|lor|so|son|mon|tues?|wed|thurs?|fri|sat|sun)"
    r"|\w*(?:dag|day|veck|week|manad|month|kvartal|quarter|sommar|vinter)\w*"
    r"|(?:var|host|spring|summer|autumn|winter|jul|pask|midsommar|nyar|advent|pingst|helg)\w{0,4}"
    r"|(?:jan|feb|mar|apr|maj|may|jun|aug|sep|okt|oct|nov|dec)\w{0,6}"
    r"|noll|ett|tva|tre|fyra|fem|sex|sju|atta|nio|tio|elva|tolv|\w+ton|\w+tio|tjugo\w*"
    r"|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen"
    r"|(?:twen|thir|for|fif|six|seven|eigh|nine)ty"
    r"|ar|ars|aret|aren|arlig\w*|years?|yr|alder\w*|age|dygn\w*|v|vk|w|wk|q|kv|kl"
)
_MOST_PIECES, _LEAST_NUMBER = 8, 4


class HarmlessNames:
    """Tells parts of names that may stay.

    Args of the constructor:
        words: Of all people of the folder.
        numbers: Likewise.
    """

    def __init__(self, words: frozenset[str], numbers: frozenset[str]) -> None:
        self._lexicon: Lexicon = load_lexicon()
        self._words = frozenset(map(bare, words))
        self._numbers = numbers
        # Numbers are looked up here: a cleaner that has to go through all of an export is slow
        self._cleaner = TextCleaner(self._lexicon, Identifiers((), frozenset(), {}, words))

    def __repr__(self) -> str:
        """Say nothing of whom it looks for."""
        return "HarmlessNames()"

    def holds(self, component: str) -> bool:
        """Tell whether a file's or folder's name is wholly harmless."""
        told = normalize("NFC", split_suffix(component)[0])
        if _WHOLE.fullmatch(told) is None:
            return False
        pieces = _APART.split(told)
        counters = [piece for piece in pieces if not _LETTERS.fullmatch(piece)]
        if len(counters) > 1 or not all(map(self._counts, counters)):
            return False
        return self._are_harmless([piece for piece in pieces if piece not in counters])

    def holds_beside(self, *names: str) -> bool:
        """Tell whether two names that are harmless are so one after the other, too."""
        told = (normalize("NFC", split_suffix(name)[0]) for name in names)
        pieces = [piece for name in told for piece in _APART.split(name)]
        return self._are_harmless([piece for piece in pieces if _LETTERS.fullmatch(piece)])

    def _counts(self, piece: str) -> bool:
        found = _COUNTER.fullmatch(piece)
        if found is None or _COUNTED.fullmatch(small(found["letters"])) is None:
            return False
        digits = found["digits"]
        ends = range(_LEAST_NUMBER, len(digits) + 1)
        parts = {digits[start:end] for end in ends for start in range(end - _LEAST_NUMBER + 1)}
        return _DATE.fullmatch(digits) is None and self._numbers.isdisjoint(parts)

    def _are_harmless(self, words: list[str]) -> bool:
        if len(words) > _MOST_PIECES or sum(len(word) == 1 for word in words) > 1:
            return False
        text = " ".join(words)
        if not all(map(self._is_harmless, words)) or self._cleaner.clean(text).text != text:
            return False
        return not any(
            self._names("".join(words[start:end]))
            for start in range(len(words))
            for end in range(start + 2, len(words) + 1)
        )

    def _is_harmless(self, word: str) -> bool:
        told = small(word)
        if _TIMES.fullmatch(bare(word)) is not None or bare(word) in self._words:
            return False
        named = self._lexicon.judge(told) in {Kind.DOUBTFUL, Kind.NAME}
        return _COUNTED.fullmatch(told) is not None or not named

    def _names(self, joined: str) -> bool:
        """Tell whether words written as one are a name, as "Sjö ström" is."""
        return self._lexicon.is_name(small(joined)) or bare(joined) in self._words


def writings(names: tuple[str, ...]) -> tuple[str, ...]:
    """Give names that follow one another as one, also with spaces or nothing between words."""
    stems = [split_suffix(name)[0] for name in names]
    return (*names, *(_APART.sub(mark, mark.join(stems)) for mark in (" ", "")))


def split_suffix(component: str) -> tuple[str, str]:
    """Part a name from its suffix, if that is one that says what is in the file."""
    stem, dot, suffix = component.rpartition(".")
    known = bool(stem) and f"{dot}{suffix}".lower() in SUFFIXES
    return (stem, f"{dot}{suffix}") if known else (component, "")
