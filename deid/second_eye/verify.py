"""The second eye for headers: looks at the finished bytes and knows no rule of the first.

It asks one question of every value at every depth, whatever its tag: does it still say who this
is? And it checks what the object claims about itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from io import SEEK_END
from itertools import chain
from re import compile as compile_pattern
from typing import BinaryIO, NamedTuple

from deid.errors import Reason, SuspectError
from deid.findings import Finding
from deid.identity.identifiers import Identifiers
from deid.identity.index import pieces
from deid.identity.numbers import is_personal, is_personal_window, windows
from deid.identity.pseudonym import Person
from deid.identity.spelling import Needle, Reach, stands_in
from deid.language.lexicon import load_lexicon
from deid.language.numerals import numerals, spells
from deid.profiles.profile import Profile
from deid.second_eye import anybody
from deid.second_eye.claims import claims
from deid.second_eye.content_items import incoherent
from deid.second_eye.hay import Hay, Value, Values, gather, heap, place, says
from deid.second_eye.sections import REACH, Kind, Section
from deid.second_eye.shapes import shapes
from deid.source import Parsed, parse
from deid.values import value_of

_UID = compile_pattern(r"[0-9]+(?:\.[0-9]+){2,}")
_ID = 0x00100020
# Maker, model, software, code meaning: these may be called after people
_PUBLISHED = frozenset({0x00080070, 0x00081090, 0x00181020, 0x00080104})
# What an option keeps is not looked for (PS3.15 Table E.1-1)
_KEPT_BY = {
    "retain_device_identity": "device",
    "retain_institution_identity": "institution",
    "retain_longitudinal_full_dates": "study date",
}
_WHOLE = compile_pattern(rb"(?<![^\\ +])(?:1[89]|20)?([0-9]{10})(?:\.0*)?(?![^\\ \0])")
_PERSONAL, _TELLING, _WHOLE_DAY, _SHORTEST = 10, 6, 8, 4
_SPELLING = frozenset({Section.NUMBER, Section.INTEGER, Section.BINARY, Section.DATE})
_NUMERIC = (Section.NUMBER, Section.INTEGER)
_PATTERNED = (Section.TEXT, Section.TOKEN, Section.BINARY)


class Finished(NamedTuple):
    """A finished object as read, and how many bytes it has."""

    parsed: Parsed
    size: int


Codes = Iterable[str] | Iterable[tuple[str, str]]
Hits = dict[Section, list[Needle]]


def verify(
    finished_reader: BinaryIO,
    *,
    identifiers: Identifiers,
    profile: Profile,
    person: Person | None = None,
    applied: Codes | None = None,
) -> tuple[Finding, ...]:
    """Look for anything in a finished object that says who it is about.

    Args:
        finished_reader: The whole object as it will be stored.
        identifiers: Of the original, from `harvest`.
        profile: For what may be in the object, and what it must claim to have been done.
        person: Whom it must now be about; without, it must at least agree with itself.
        applied: CID 7050 codes that it must claim; without, those of the profile.

    Returns:
        What was found, by place and kind; empty if the header is clean.

    Raises:
        SuspectError: It could not be checked, which is not the same as clean.
    """
    finished = read(finished_reader)
    return look(finished, identifiers=identifiers, profile=profile, person=person, applied=applied)


def read(finished_reader: BinaryIO) -> Finished:
    """Read the header of a finished object.

    Raises:
        SuspectError: It cannot be read.
    """
    try:
        size = finished_reader.seek(0, SEEK_END)
        return Finished(parse(finished_reader), size)
    except Exception:  # noqa: BLE001 -- whatever stops the check, it was not checked
        raise SuspectError(Reason.UNCHECKED) from None


def look(
    finished: Finished,
    *,
    identifiers: Identifiers,
    profile: Profile,
    person: Person | None = None,
    applied: Codes | None = None,
) -> tuple[Finding, ...]:
    """Verify an object that has been read already.

    Raises:
        SuspectError: It could not be checked.
    """
    parsed, size = finished
    try:
        values = gather(parsed, profile.safe_private)
        pseudonym = person.pseudonym if person else value_of(parsed.header, _ID)
        codes = profile.codes if applied is None else applied
        found = chain(
            claims(parsed, values, profile, pseudonym, codes=codes, size=size),
            shapes(values, identifiers, profile, pseudonym),
            incoherent(values),
            _sweep(values, identifiers, profile.options),
        )
        return tuple(dict.fromkeys(found))
    except Exception:  # noqa: BLE001 -- whatever stops the check, it was not checked
        raise SuspectError(Reason.UNCHECKED) from None


def kinds_in(text: str, identifiers: Identifiers) -> frozenset[str]:
    """Give the kinds of what stands in a text, such as the name of a file."""
    kind = Kind(Section.TEXT, frozenset({"UT"}))
    values = [Value((), 0, None, kind, text.encode("utf-8", "replace"), "utf-8")]
    return frozenset(finding.what for finding in _sweep(values, identifiers, frozenset()))


def _sweep(values: Values, identifiers: Identifiers, options: frozenset[str]) -> Iterator[Finding]:
    """Look for every spelling of every identifier, every original UID, and anybody's."""
    hay = heap(values)
    kept = {what for option, what in _KEPT_BY.items() if option in options}
    uids = "retain_uids" not in options
    reach = REACH if uids else {**REACH, Section.UID: Reach.NUMBER}
    known = identifiers.index
    hits: Hits = {}
    words = pieces(hay.whole)
    for needle in known.candidates(hay.whole, words):
        for section, text in hay.sections.items():
            if needle.reach & reach[section] and needle.what not in kept and _in(needle, text):
                hits.setdefault(section, []).append(needle)
    if hits:
        yield from _places(values, hits)
    yield from _patterns(values, hay, {n: w for n, w in known.numbers.items() if w not in kept})
    yield from _whole_numbers(values)
    yield from _spelled(values, identifiers, full_dates="retain_longitudinal_full_dates" in options)
    yield from _uids(values, hay, identifiers.uids, retained=not uids)
    if not words.isdisjoint(load_lexicon().given):
        yield from _full_names(values, hay)


def _in(needle: Needle, text: str) -> bool:
    return needle.text in text and stands_in(needle, text)


def _places(values: Values, hits: Hits) -> Iterator[Finding]:
    """Say at which elements needles stand; in a token no letters are a name by chance."""
    for value in values:
        for section, text in says(value) if value.data else ():
            words = text.replace("^", " ").split() if section is Section.TOKEN else ()
            for needle in hits.get(section, ()):
                whole = section is Section.TOKEN and needle.what == "name"
                if needle.text in words if whole else stands_in(needle, text):
                    yield Finding(place(value), needle.what)


def _patterns(values: Values, hay: Hay, known: Mapping[str, str]) -> Iterator[Finding]:
    """Look for known numbers in any spacing, and for what identifies anybody."""
    whole = {section: hay.sections[section] for section in _PATTERNED}
    if not any(True for text in whole.values() for _ in _kinds(text, known)):
        return
    for value in values:
        for section, text in says(value) if value.data else ():
            if section in whole:
                yield from (Finding(place(value), kind) for kind in _kinds(text, known))


def _whole_numbers(values: Values) -> Iterator[Finding]:
    """Look for personal numbers of anybody where numbers stand, and nothing stands beside them."""
    for value in values:
        if len(value.data) >= _PERSONAL and value.kind.section in _NUMERIC:
            for match in _WHOLE.finditer(value.data):
                if is_personal(match[1].decode("ascii")):
                    yield Finding(place(value), "personal number")


def _spelled(values: Values, identifiers: Identifiers, *, full_dates: bool) -> Iterator[Finding]:
    """Look for her numbers and dates in the digits of numbers, however these are written."""
    known = {number.lstrip("0") for number in identifiers.numbers if number.isdigit()}
    numbers = frozenset(number for number in known if len(number) >= _TELLING)
    days = {day[:_WHOLE_DAY] for day in identifiers.dates.values() if not full_dates}
    dated = numbers | {day for day in days if len(day) == _WHOLE_DAY and day.isdigit()}
    for value in values:
        if len(value.data) < _SHORTEST or value.kind.section not in _SPELLING:
            continue
        sought = numbers if value.kind.section is Section.DATE else dated
        if spells(numerals(value.data, value.kind.vrs), sought):
            yield Finding(place(value), "identifier")


def _kinds(text: str, known: Mapping[str, str]) -> Iterator[str]:
    for digits, gaps in windows(text):
        if digits in known:
            yield known[digits]
        if is_personal_window(digits, gaps):
            yield "personal number"
    yield from anybody.kinds(text)


def _full_names(values: Values, hay: Hay) -> Iterator[Finding]:
    """Look for full names of anybody, other than of makers, products and published codes."""
    lexicon = load_lexicon()
    if not anybody.has_full_name(hay.sections[Section.TEXT], lexicon):
        return
    for value in values:
        if value.data and value.tag not in _PUBLISHED:
            said = (text for section, text in says(value) if section is Section.TEXT)
            if any(anybody.has_full_name(text, lexicon) for text in said):
                yield Finding(place(value), "full name")


def _uids(
    values: Values, hay: Hay, originals: frozenset[str], *, retained: bool
) -> Iterator[Finding]:
    """Look for original UIDs; where they are retained, they may stand where UIDs do."""
    sections = hay.sections.keys() - ({Section.UID} if retained else set())
    if not any(_has_uid(hay.sections[section], originals) for section in sections):
        return
    for value in values:
        for section, text in says(value) if value.data else ():
            if section in sections and _has_uid(text, originals):
                yield Finding(place(value), "original UID")


def _has_uid(text: str, originals: frozenset[str]) -> bool:
    return not originals.isdisjoint(_UID.findall(text))
