"""What to look for: every way in which one value of an original may be written elsewhere.

What is not looked for, because it would be found everywhere: names of fewer than three letters
(four for staff), other than as part of a full name; names that are ordinary words of an image's
header (`data/plain_words.txt`), other than as part of her full name; identifiers of fewer than
four characters or five digits.

The caches are bounded; they hold identifiers in this process's memory only.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from re import compile as compile_pattern
from typing import NamedTuple
from unicodedata import normalize

from deid.dates import parse_date
from deid.identity.identifying import Role
from deid.identity.named import of_her, of_staff, plain_words
from deid.identity.numbers import is_personal, plain, tens
from deid.identity.spelling import (
    Edge,
    Needle,
    Reach,
    date_writings,
    fold,
    number_writings,
    short_date_writings,
    spellings,
)

_WORD = compile_pattern(r"[^\W\d_]+")
_RUN = compile_pattern(r"[0-9]{4,}")
_DIGITS = compile_pattern(r"\d[\d+\- ]{4,}\d")
_CALL = compile_pattern(r"\+?\d(?:[ \-()/.]{0,2}\d){6,14}")
_MAIL = compile_pattern(r"([^\s@,;:<>\\]{1,64})@[^\s@,;:<>\\]+\.[a-z]{2,}")
_COMPONENTS = compile_pattern(r"[\^&,;\r\n]")
_LEAST_TEXT, _LEAST_DIGITS, _LEAST_PLACE, _LONG_NUMBER = 4, 5, 5, 8
_LEAST_DEVICE, _LEAST_CALL = 6, 8
_TEXT_BINARY = Reach.TEXT | Reach.BINARY
_TEXT_INTEGER = Reach.TEXT | Reach.INTEGER
_TEXT_DATE = Reach.TEXT | Reach.DATE
_SWEDEN, _ABROAD = "46", "00"
# A study's worth is a few hundred; with more the search would be an attack, not a check
MOST = 20_000


class Traces(NamedTuple):
    """What one value leaves to look for.

    Attributes:
        needles: For the second eye.
        words: Folded words, for the first.
        numbers: Runs of digits, for the first.
    """

    needles: tuple[Needle, ...]
    words: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()


@lru_cache(maxsize=2048)
def traces(role: Role, value: str) -> Traces:
    """Give what is to be looked for of a value that tells who somebody is.

    Of a value with too much to look for, one more than `MOST` needles are given.
    """
    needles: dict[Needle, None] = {}
    for needle in _SOUGHT[role](value):
        needles[needle] = None
        if len(needles) > MOST:
            break
    return Traces(tuple(needles), frozenset(_words(role, value)), frozenset(_numbers(role, value)))


def _words(role: Role, value: str) -> Iterator[str]:
    """Give the folded words of a person's name, of her address and of what she can be mailed by."""
    if role in {Role.NAME, Role.STAFF, Role.ADDRESS}:
        for word in map(fold, _WORD.findall(normalize("NFC", value))):
            if len(word) > 1 and (role is not Role.STAFF or word not in plain_words()):
                yield word
    if role in {Role.PHONE, Role.COMMENT}:
        for match in _MAIL.finditer(fold(value)):
            yield from (word for word in _WORD.findall(match[1]) if len(word) > 1)


def _numbers(role: Role, value: str) -> Iterator[str]:
    if role in {Role.IDENTIFIER, Role.ACCESSION, Role.PHONE, Role.ADDRESS, Role.NAME}:
        meant = plain(value)
        joined = "".join(c for c in meant if c not in "+-() ")
        yield from _RUN.findall(f"{meant} {joined}")
        yield from tens(meant)
    elif role is Role.COMMENT:
        for match in _CALL.finditer(plain(value)):
            yield from _RUN.findall(f"{match[0]} {''.join(filter(str.isdigit, match[0]))}")


def _her_name(name: str) -> Iterator[Needle]:
    yield from of_her(name)
    yield from _numbered(name)


def _staff_name(name: str) -> Iterator[Needle]:
    yield from of_staff(name)
    yield from _numbered(name)


def _numbered(name: str) -> Iterator[Needle]:
    for found in _DIGITS.findall(name):
        yield from _number(found, "identifier")


def _identifier(number: str) -> Iterator[Needle]:
    yield from _number(number, "identifier")


def _accession(number: str) -> Iterator[Needle]:
    yield from _number(number, "accession number")


def _number(number: str, what: str) -> Iterator[Needle]:
    meant = plain(number)
    parts = dict.fromkeys((number, meant, meant.split("^")[0].strip()))
    written = {fold(part) for part in parts}
    written |= {"".join(c for c in text if c.isalnum()) for text in written}
    for text in written:
        least = _LEAST_DIGITS if text.isdigit() else _LEAST_TEXT
        if len(text) >= least and text not in plain_words():
            long = sum(map(str.isdigit, text)) >= _LONG_NUMBER
            yield Needle(text, what, Edge.WORD, Reach.ALL if long else _TEXT_INTEGER)
    hers = (ten for ten in tens(meant) if what == "identifier" or is_personal(ten))
    for writings in dict.fromkeys(map(number_writings, (*parts, *hers))):
        for text in writings:
            yield Needle(text, what, Edge.DIGIT, Reach.ALL)
            if text.isdigit():
                yield Needle(text[::-1], what, Edge.DIGIT, _TEXT_BINARY)


def _phone(value: str) -> Iterator[Needle]:
    """Write a telephone number with and without the country's; and what it is mailed by."""
    for match in _CALL.finditer(plain(value)):
        digits = "".join(filter(str.isdigit, match[0]))
        for text in dict.fromkeys((digits, *_dialled(digits))):
            if len(text) >= _LEAST_CALL:
                yield Needle(text, "phone number", Edge.DIGIT, _TEXT_INTEGER | Reach.BINARY)
        yield Needle(fold(match[0]), "phone number", Edge.DIGIT, _TEXT_BINARY)
    for match in _MAIL.finditer(fold(value)):
        yield Needle(match[0].rstrip("."), "e-mail address", Edge.WORD, _TEXT_BINARY)


def _dialled(digits: str) -> Iterator[str]:
    bare = digits.removeprefix(_ABROAD)
    if bare.startswith(_SWEDEN):
        yield f"0{bare.removeprefix(_SWEDEN).removeprefix('0')}"
    elif digits.startswith("0"):
        yield f"{_SWEDEN}{digits[1:]}"


def _address(value: str) -> Iterator[Needle]:
    for line in {value, *_COMPONENTS.split(value)}:
        yield from _phrase(line, "address")


def _place(value: str) -> Iterator[Needle]:
    yield from _phrase(value, "institution")


def _detail(value: str) -> Iterator[Needle]:
    yield from _phrase(value, "patient detail")


def _device(value: str) -> Iterator[Needle]:
    """Give the name of a unit as it stands: of letters and digits, or of many of these."""
    text = fold(value.strip())
    words = [fold(word) for word in _WORD.findall(text)]
    told = any(len(word) > 1 and word not in plain_words() for word in words)
    if len(text) >= (_LEAST_PLACE if told else _LEAST_DEVICE) and (told or _RUN.search(text)):
        yield Needle(text, "device", Edge.WORD, Reach.TEXT)


def _phrase(place: str, what: str) -> Iterator[Needle]:
    place = place.strip()
    words = [fold(word) for word in _WORD.findall(place)]
    if len(place) >= _LEAST_PLACE and any(len(w) > 1 and w not in plain_words() for w in words):
        for spelling in spellings(place):
            yield Needle(spelling, what, Edge.WORD, _TEXT_BINARY)


def _birth_date(value: str) -> Iterator[Needle]:
    yield from _dated(value, "birth date", _TEXT_DATE)
    yield from _shortly(value, "birth date")


def _study_date(value: str) -> Iterator[Needle]:
    yield from _dated(value, "study date", Reach.TEXT)
    yield from _shortly(value, "study date")


def _date(value: str) -> Iterator[Needle]:
    yield from _dated(value, "study date", Reach.TEXT)


def _dated(value: str, what: str, reach: Reach) -> Iterator[Needle]:
    day = parse_date(value)
    for written in date_writings(day) if day is not None else ():
        whole = reach | Reach.INTEGER if written.isdigit() else reach
        yield Needle(written, what, Edge.DIGIT, whole)


def _shortly(value: str, what: str) -> Iterator[Needle]:
    day = parse_date(value)
    for written in short_date_writings(day) if day is not None else ():
        yield Needle(written, what, Edge.DIGIT, Reach.TEXT)


_SOUGHT: Mapping[Role, Callable[[str], Iterator[Needle]]] = {
    Role.NAME: _her_name,
    Role.STAFF: _staff_name,
    Role.IDENTIFIER: _identifier,
    Role.ACCESSION: _accession,
    Role.PHONE: _phone,
    Role.COMMENT: _phone,
    Role.ADDRESS: _address,
    Role.PLACE: _place,
    Role.DEVICE: _device,
    Role.DETAIL: _detail,
    Role.BIRTH_DATE: _birth_date,
    Role.STUDY_DATE: _study_date,
    Role.DATE: _date,
}
