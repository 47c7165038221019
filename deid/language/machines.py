"""Whether somebody is named where a machine should say what it is."""

from re import compile as compile_pattern

from deid.language.lexicon import Kind, Lexicon, small
from deid.language.tokens import humps

_WORD = compile_pattern(r"[^\W\d_]+")
_BETWEEN_NAMES = compile_pattern(r"[\W_]{1,3}")
_TITLE_GAP = compile_pattern(r"\.?[ ^_]{0,2}")
_LEAST_NAME = 3


def names_somebody(text: str, lexicon: Lexicon) -> bool:
    """Tell whether a word is a name and nothing else, or stands where a name does.

    Words need not be known; those of makers and models may be names besides.
    """
    end, last = 0, ""
    for match in _WORD.finditer(text):
        word, gap = small(match[0]), text[end : match.start()]
        if _is_name(match[0], lexicon):
            return True
        if last and _BETWEEN_NAMES.fullmatch(gap):
            if lexicon.is_full_name(last, word) or lexicon.is_full_name(word, last):
                return True
            titled = last in lexicon.context["honorifics"] and _TITLE_GAP.fullmatch(gap)
            if titled and len(word) >= _LEAST_NAME and not lexicon.is_harmless(word):
                return True
        end, last = match.end(), word
    return False


def _is_name(said: str, lexicon: Lexicon) -> bool:
    if lexicon.is_harmless(small(said)):
        return False
    return any(_is_only_a_name(small(part), lexicon) for part in (said, *humps(said)))


def _is_only_a_name(word: str, lexicon: Lexicon) -> bool:
    if len(word) < _LEAST_NAME or word in lexicon.context["makers"]:
        return False
    return lexicon.judge(word) is Kind.NAME
