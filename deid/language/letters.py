"""When a single letter is a side, a class, a unit or a word, and no initial."""

from collections.abc import Mapping

_SIDES = frozenset("lrvhbLRVHBSD")
_WORDS = frozenset("aiåoöxàwAIÅ")
_CLASSES = frozenset("abcdefgipmnruxABCDEFGIPMNRUX")
# Units behind a number, classes and codes before one
_BEHIND_NUMBERS = frozenset("NGTVAWKFCgmlshxdtv")
_BEFORE_NUMBERS = frozenset("TNMBCGPURESDZVALKQHIvmntcbulr")


def is_view(context: Mapping[str, frozenset[str]], *words: str) -> bool:
    """Tell whether a side's letter belongs beside any of these words."""
    return not context["views"].isdisjoint(words)


def is_side(letter: str) -> bool:
    """Tell whether a letter may mean a side."""
    return letter in _SIDES


def is_said_of(letter: str, before: str, context: Mapping[str, frozenset[str]]) -> bool:
    """Tell whether a letter is a class of what stands before it, or newtons of a force."""
    if before in context["graded"]:
        return letter in _CLASSES
    return letter == "N" and before.isdigit() and len(before) > 1


def may_stand(
    letter: str, before: str, after: str, context: Mapping[str, frozenset[str]], *, dotted: bool
) -> bool:
    """Tell whether a letter between two words (in small letters) is more than an initial.

    `dotted`: a full stop is behind it.
    """
    if letter in _SIDES or (before in context["graded"] and letter in _CLASSES):
        return True
    if _is_beside_number(letter, before, after):
        return True
    if letter == "W" and after in context["filters"]:
        return True
    if letter not in _WORDS or dotted:
        return False
    return letter.islower() or (len(after) > 1 and after.isalpha())


def _is_beside_number(letter: str, before: str, after: str) -> bool:
    if before[-1:].isdigit() and letter in _BEHIND_NUMBERS:
        return True
    return after[:1].isdigit() and letter in _BEFORE_NUMBERS
