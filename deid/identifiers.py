"""Everything in an original that says who it is about, in every spelling: the second eye's needles.

What is not looked for, because it would be found everywhere: names of fewer than three letters
(four for staff), other than as part of a full name; names that are ordinary words of a
mammography header (`data/plain_words.txt`), other than as part of a full name; identifiers of
fewer than four characters or five digits; a place that is also its equipment's maker or model.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import chain
from re import compile as compile_pattern
from unicodedata import normalize

from deid.dates import parse_date
from deid.errors import Reason, SuspectError
from deid.numbers import is_personal, plain, tens
from deid.source import Parsed
from deid.spelling import (
    Edge,
    Needle,
    Reach,
    date_writings,
    fold,
    joined_spellings,
    number_writings,
    short_date_writings,
    spellings,
)
from deid.values import Leaf, Path, charset_of, is_registered, raw, readings, value_of, vrs, walk

_WORD = compile_pattern(r"[^\W\d_]+")
_MARKS = (" ", "^", ",", ", ", "_", "-", ".", "/")
_DIGITS = compile_pattern(r"\d[\d+\- ]{4,}\d")
_STANDARD = "1.2.840.10008."
_ACCESSION = 0x00080050
_PATIENT_GROUP = 0x0010
# Patient, other patient, study, procedure, step, admission, episode, order, trial subject,
# record locator, telephone and insurance
_IDENTIFIERS = frozenset(
    {0x00100020, 0x00101000, 0x00101090, 0x00102154, 0x00120040, 0x00200010, 0x00321064}
    | {0x00380010, 0x00380060, 0x00400009, 0x00400253, 0x00401001, 0x00402016, 0x00402017}
    | {_ACCESSION, 0x00101050}
)
_ADDRESS = 0x00101040
_PLACES = frozenset(
    {0x00080080, 0x00080081, 0x00081010, 0x00081040, 0x00020016, 0x00020017, 0x00020018}
    | {0x00080055, 0x00321033}
)
_MAKERS = (0x00080070, 0x00081090)
_DATES = {
    0x00080012: ("study date", Reach.TEXT),
    0x00080020: ("study date", Reach.TEXT),
    0x00080021: ("study date", Reach.TEXT),
    0x00080022: ("study date", Reach.TEXT),
    0x00080023: ("study date", Reach.TEXT),
    0x0008002A: ("study date", Reach.TEXT),
    0x00400244: ("study date", Reach.TEXT),
    0x00100030: ("birth date", Reach.DATE),
}
# These name instances; a number under the standard's root in them is no standard UID
_INSTANCES = frozenset({0x00020003, 0x00080018, 0x00081155, 0x0020000D, 0x0020000E, 0x00200052})
_LEAST_NAME, _LEAST_STAFF, _LEAST_BINARY = 3, 4, 6
_LEAST_TEXT, _LEAST_DIGITS, _LEAST_PLACE, _LONG_NUMBER = 4, 5, 5, 8
# A name of so many letters is looked for with an ending or a title, and inside other words
_GENITIVE, _INSIDE = 5, 7
_TITLES = ("fru", "herr", "pat", "patient", "dr")
_COMPONENTS = compile_pattern(r"[\^&,;]")
# A study's worth is a few hundred; with more the search would be an attack, not a check
_MOST = 20_000


@dataclass(frozen=True, repr=False)
class Identifiers:
    """What must not be left in a finished object.

    Attributes:
        needles: Spellings to look for.
        uids: UIDs of the original that are not the standard's own.
        dates: What every date element was, by its path.
    """

    needles: tuple[Needle, ...]
    uids: frozenset[str]
    dates: Mapping[Path, str]


def together(own: Identifiers, others: Iterable[Identifiers]) -> Identifiers:
    """Add to an object's identifiers those of other objects of the same person."""
    needles, uids = dict.fromkeys(own.needles), set(own.uids)
    for other in others:
        needles.update(dict.fromkeys(other.needles))
        uids |= other.uids
    return Identifiers(tuple(needles), frozenset(uids), own.dates)


def harvest(parsed: Parsed) -> Identifiers:
    """Collect the identifiers of an original, at every depth and in its file meta.

    Raises:
        SuspectError: There are too many to look for.
    """
    needles: dict[Needle, None] = {}
    uids: set[str] = set()
    dates: dict[Path, str] = {}
    words, seen = plain_words(), set[tuple[int, str]]()
    makers = fold(" ".join(value_of(parsed.header, tag) for tag in _MAKERS))
    for path, element, dataset in chain(walk(parsed.meta), walk(parsed.header)):
        kinds, tag = vrs(element), path[-1]
        if kinds & {"SQ"} or not raw(element):
            continue
        value = readings(raw(element), charset_of(dataset))[0]
        parts = list(dict.fromkeys(part.strip(" \0") for part in value.split("\\")))
        if "UI" in kinds:
            uids.update(uid for uid in parts if _is_own(uid, tag))
        elif kinds & {"DA", "DT"}:
            dates[path] = value.strip(" \0")
        new = [part for part in parts if (tag, part) not in seen]
        seen.update((tag, part) for part in new)
        for needle in _needles(tag, element, new, words):
            needles[needle] = None
            if len(needles) > _MOST:
                raise SuspectError(Reason.UNCHECKED)
    kept = (n for n in needles if n.what != "institution" or n.text not in makers)
    return Identifiers(tuple(kept), frozenset(uids), dates)


def _is_own(uid: str, tag: int) -> bool:
    if not uid or is_registered(uid):
        return False
    return not uid.startswith(_STANDARD) or tag in _INSTANCES


def _needles(tag: int, element: Leaf, parts: list[str], words: frozenset[str]) -> Iterator[Needle]:
    for part in parts:
        if "PN" in vrs(element):
            least = _LEAST_NAME if tag >> 16 == _PATIENT_GROUP else _LEAST_STAFF
            yield from _names(part, least, words)
        elif tag in _IDENTIFIERS:
            what = "accession number" if tag == _ACCESSION else "identifier"
            yield from _numbers(part, what, words)
        elif tag == _ADDRESS:
            for line in {part, *_COMPONENTS.split(part)}:
                yield from _phrase(line, "address", words)
        elif tag in _PLACES:
            yield from _phrase(part, "institution", words)
        elif tag in _DATES:
            yield from _dates(part, *_DATES[tag])


def _names(name: str, least: int, plain_ones: frozenset[str]) -> Iterator[Needle]:
    for group in normalize("NFC", name).split("="):
        words = _WORD.findall(group)
        alone = {word for word in words if len(word) >= least and fold(word) not in plain_ones}
        for word in alone:
            yield from _spelled(word, plain_ones)
        for one, other in _pairs(words):
            yield from _together(one, other, apart=not {one, other} & alone)
        for found in _DIGITS.findall(group):
            yield from _numbers(found, "identifier", plain_ones)


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    """Give the first word with each other one, both ways round."""
    for word in words[1:4]:
        yield words[0], word
        yield word, words[0]


def _spelled(word: str, plain_ones: frozenset[str]) -> Iterator[Needle]:
    for spelling in spellings(word):
        binary = Reach.BINARY if len(spelling) >= _LEAST_BINARY else Reach.TEXT
        yield Needle(spelling, "name", Edge.LETTER, Reach.TEXT | binary)
        if len(word) < _GENITIVE:
            continue
        if len(word) >= _INSIDE and not any(spelling in other for other in plain_ones):
            yield Needle(spelling, "name", Edge.NONE, Reach.TEXT)
        else:
            for glued in (f"{spelling}s", *(title + spelling for title in _TITLES)):
                yield Needle(glued, "name", Edge.LETTER, Reach.TEXT)


def _together(one: str, other: str, *, apart: bool) -> Iterator[Needle]:
    """Write two words of a name as one, and `apart` if neither is looked for alone."""
    if len(one + other) >= (_LEAST_STAFF if apart else _LEAST_BINARY):
        binary = Reach.BINARY if len(one + other) >= _LEAST_BINARY else Reach.TEXT
        for spelling in joined_spellings(one, other, ""):
            yield Needle(spelling, "name", Edge.LETTER, Reach.TEXT | binary)
    for mark in _MARKS if apart else ():
        for spelling in joined_spellings(one, other, mark):
            yield Needle(spelling, "name", Edge.LETTER, Reach.TEXT)


def _numbers(number: str, what: str, plain_ones: frozenset[str]) -> Iterator[Needle]:
    meant = plain(number)
    parts = dict.fromkeys((number, meant, meant.split("^")[0].strip()))
    written = {fold(part) for part in parts}
    written |= {"".join(c for c in text if c.isalnum()) for text in written}
    for text in written:
        least = _LEAST_DIGITS if text.isdigit() else _LEAST_TEXT
        if len(text) >= least and text not in plain_ones:
            long = sum(map(str.isdigit, text)) >= _LONG_NUMBER
            reach = Reach.ALL if long else Reach.TEXT | Reach.INTEGER
            yield Needle(text, what, Edge.WORD, reach)
    hers = (ten for ten, _ in tens(meant) if what == "identifier" or is_personal(ten))
    for personal in dict.fromkeys((*parts, *hers)):
        for text in number_writings(personal):
            yield Needle(text, what, Edge.DIGIT, Reach.ALL)


def _phrase(place: str, what: str, plain_ones: frozenset[str]) -> Iterator[Needle]:
    place = place.strip()
    words = [fold(word) for word in _WORD.findall(place)]
    if len(place) >= _LEAST_PLACE and any(len(w) > 1 and w not in plain_ones for w in words):
        for spelling in spellings(place):
            yield Needle(spelling, what, Edge.WORD, Reach.TEXT | Reach.BINARY)


def _dates(value: str, what: str, reach: Reach) -> Iterator[Needle]:
    day = parse_date(value)
    if day is None:
        return
    for written in date_writings(day):
        whole = Reach.INTEGER if written.isdigit() else Reach.TEXT
        yield Needle(written, what, Edge.DIGIT, Reach.TEXT | reach | whole)
    for written in short_date_writings(day):
        yield Needle(written, what, Edge.DIGIT, Reach.TEXT)


@lru_cache(maxsize=1)
def plain_words() -> frozenset[str]:
    """Load the words of which none alone is taken for a name."""
    lines = (files("deid") / "data" / "plain_words.txt").read_text("utf-8").splitlines()
    return frozenset(w for line in lines if not line.startswith("#") for w in line.split())
