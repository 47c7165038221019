"""What identifies somebody, whoever it is: the second eye's own patterns, for folded text.

Each asks for a whole shape, with its edges, since a harmless object must give no finding.
Personal identity numbers are found in `numbers`, since hers are looked for in the same way.
"""

from collections.abc import Callable, Iterator
from re import Match, Pattern
from re import compile as compile_pattern

from deid.identity.numbers import is_day
from deid.language.lexicon import Kind, Lexicon

# Reserve numbers stand in for a personal number: a date of birth, and letters in the last four;
# or twelve digits from 99 with the year of birth
_RESERVE = compile_pattern(
    r"([0-9]{6}(?:[0-9]{2})?)[-+ ]?([a-z]{1,2}[0-9]{2,3}|[0-9]{3}[a-z]|[a-z][0-9]{2}[a-z])"
)
_YEARLY = compile_pattern(r"99(?:19|20)[0-9]{4}-?[0-9]{4}")
_HSA = compile_pattern(r"se[0-9]{10}-[0-9a-z]{4,}")
_MAIL = compile_pattern(r"[0-9a-z._%+-]+@[0-9a-z-]+(?:\.[0-9a-z-]+)*\.[a-z]{2,}")
# From abroad; mobile; by area code (those of two and three digits are a closed list); after a word
_ABROAD = compile_pattern(
    r"(?:\+|00)46[ -]?(?:\(0\))?[ -]?[1-9][0-9]{0,2}[ -]?[0-9]{2,3}(?:[ -]?[0-9]{2,3}){1,2}"
)
_MOBILE = compile_pattern(r"07[02369][ -]?[0-9]{1,3}(?:[ -]?[0-9]{2,3}){2}")
_AREA = compile_pattern(
    r"0(?:8|1[013689]|2[136]|3[1356]|4[0246]|54|6[03]|90|[1-9][0-9]{2})-"
    r"[0-9]{2,3} ?[0-9]{2,3}(?: ?[0-9]{2})?"
)
_NAMED = ("tel", "tfn", "mobil", "phone", "ring")
_CALLED = compile_pattern(
    r"(?:tel|tele|telefon|tfn|mobil|phone|ring)[ .:]{1,3}[0-9](?:[ -]?[0-9]){6,10}"
)
_BESIDE = compile_pattern(r"(?<![^\W\d_])([^\W\d_]{2,})[ ^,_.-]{1,2}(?=([^\W\d_]{3,}))")
_NAMED_KINDS = frozenset({Kind.NAME, Kind.DOUBTFUL})
_WHOLE_DAY, _LAST_FOUR = 8, 4
_LEAST_CALL, _LONG_CALL = 8, 10
_JOINING = frozenset("._-/,+")


def kinds(text: str) -> Iterator[str]:
    """Give the kinds of what identifies anybody by its form, but for personal numbers."""
    return (what for what, stands in _PATTERNS if stands(text))


def has_full_name(text: str, lexicon: Lexicon) -> bool:
    """Tell whether a given and a family name stand side by side in a folded text.

    One of them at least must be nothing but a name.
    """
    for match in _BESIDE.finditer(text):
        pair = match[1], match[2]
        for given, family in (pair, pair[::-1]):
            if given in lexicon.given and lexicon.is_family(family):
                kinds = {lexicon.judge(given), lexicon.judge(family)}
                if Kind.NAME in kinds and kinds <= _NAMED_KINDS:
                    return True
    return False


def _apart(pattern: Pattern[str], text: str, *, joining: bool = True) -> Iterator[Match[str]]:
    """Give what stands by itself: no letter or digit beside it, nor what joins it to a digit."""
    for match in pattern.finditer(text):
        start, end = match.span()
        before, after = text[max(start - 2, 0) : start], text[end : end + 2]
        if before[-1:].isalnum() or after[:1].isalnum():
            continue
        if joining and (_is_joined(before[::-1]) or _is_joined(after)):
            continue
        yield match


def _is_joined(beside: str) -> bool:
    return beside[:1] in _JOINING and beside[1:].isalnum()


def _reserve(text: str) -> bool:
    for match in _apart(_RESERVE, text, joining=False):
        day, last = match[1], match[2]
        whole = (day,) if len(day) == _WHOLE_DAY else (f"19{day}", f"20{day}")
        if len(last) == _LAST_FOUR and any(map(is_day, whole)):
            return True
    return any(True for _ in _apart(_YEARLY, text))


def _phone(text: str) -> bool:
    if any(word in text for word in _NAMED) and any(True for _ in _apart(_CALLED, text)):
        return True
    if "46" in text and any(True for _ in _apart(_ABROAD, text)):
        return True
    if any(_count(match[0]) == _LONG_CALL for match in _apart(_MOBILE, text)):
        return True
    return any(_LEAST_CALL <= _count(m[0]) <= _LONG_CALL for m in _apart(_AREA, text))


def _count(text: str) -> int:
    return sum(map(str.isdigit, text))


def _mail(text: str) -> bool:
    return "@" in text and _MAIL.search(text) is not None


def _hsa(text: str) -> bool:
    return any(not m.start() or not text[m.start() - 1].isalnum() for m in _HSA.finditer(text))


_PATTERNS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("reserve number", _reserve),
    ("phone number", _phone),
    ("e-mail address", _mail),
    ("HSA-id", _hsa),
)
