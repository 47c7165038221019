"""Names to look for: in every spelling, with endings and titles, put together and backwards."""

from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from re import compile as compile_pattern
from unicodedata import normalize

from deid.identity.spelling import Edge, Needle, Reach, fold, joined_spellings, spellings

_WORD = compile_pattern(r"[^\W\d_]+")
_MARKS = (" ", "^", ",", ", ", "_", "-", ".", "/")
_LEAST_NAME, _LEAST_STAFF, _LEAST_BINARY, _REVERSED = 3, 4, 6, 5
# A name of so many letters is looked for with an ending or a title, and inside other words
_GENITIVE, _INSIDE = 5, 7
_TITLES = ("fru", "herr", "pat", "patient", "dr")
_TEXT_BINARY = Reach.TEXT | Reach.BINARY


@lru_cache(maxsize=1)
def plain_words() -> frozenset[str]:
    """Load the words of which none alone is taken for a name."""
    lines = (files("deid") / "data" / "plain_words.txt").read_text("utf-8").splitlines()
    return frozenset(w for line in lines if not line.startswith("#") for w in line.split())


@lru_cache(maxsize=1)
def _plain_text() -> str:
    return "\n".join(sorted(plain_words()))


def of_her(name: str) -> Iterator[Needle]:
    """Give what to look for of her name."""
    yield from _names(name, _LEAST_NAME)


def of_staff(name: str) -> Iterator[Needle]:
    """Give what to look for of another's name.

    Staff write where a name belongs what they do: ordinary words alone are no name.
    """
    if not set(map(fold, _WORD.findall(name))) <= plain_words():
        yield from _names(name, _LEAST_STAFF)


def _names(name: str, least: int) -> Iterator[Needle]:
    for group in normalize("NFC", name).split("="):
        words = _WORD.findall(group)
        alone = {word for word in words if len(word) >= least and fold(word) not in plain_words()}
        for word in alone:
            yield from _spelled(word)
        for one, other in _pairs(words):
            yield from _together(one, other, apart=not {one, other} & alone)


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    """Give the first word with each other one, both ways round."""
    for word in words[1:4]:
        yield words[0], word
        yield word, words[0]


@lru_cache(maxsize=2048)
def _spelled(word: str) -> tuple[Needle, ...]:
    """Give a word of a name in every spelling, with endings and titles, and backwards."""
    found = []
    for spelling in spellings(word):
        reach = _TEXT_BINARY if len(spelling) >= _LEAST_BINARY else Reach.TEXT
        found.append(Needle(spelling, "name", Edge.LETTER, reach))
        if len(word) < _GENITIVE:
            continue
        if len(word) >= _INSIDE and spelling not in _plain_text():
            found.append(Needle(spelling, "name", Edge.NONE, Reach.TEXT))
        else:
            glued = (f"{spelling}s", *(title + spelling for title in _TITLES))
            found.extend(Needle(text, "name", Edge.LETTER, Reach.TEXT) for text in glued)
    backwards = fold(word)[::-1]
    if len(word) >= _REVERSED and backwards not in plain_words():
        found.append(Needle(backwards, "name", Edge.LETTER, _TEXT_BINARY))
    return tuple(found)


def _together(one: str, other: str, *, apart: bool) -> Iterator[Needle]:
    """Write two words of a name as one, and `apart` if neither is looked for alone."""
    if len(one + other) >= (_LEAST_STAFF if apart else _LEAST_BINARY):
        reach = _TEXT_BINARY if len(one + other) >= _LEAST_BINARY else Reach.TEXT
        for spelling in joined_spellings(one, other, ""):
            yield Needle(spelling, "name", Edge.LETTER, reach)
    for mark in _MARKS if apart else ():
        for spelling in joined_spellings(one, other, mark):
            yield Needle(spelling, "name", Edge.LETTER, Reach.TEXT)
