"""The second eye for headers: looks at the finished bytes and knows no rule of the first.

It asks one question of every value at every depth, whatever its tag: does it still say who this
is? And it checks what the object claims about itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import SEEK_END
from itertools import chain
from re import compile as compile_pattern
from typing import BinaryIO

from deid.errors import Reason, SuspectError
from deid.findings import Finding
from deid.identifiers import Identifiers
from deid.numbers import personal_numbers, plain, windows
from deid.profile import Profile
from deid.pseudonym import Person
from deid.shapes import shapes, statements
from deid.source import Parsed, parse
from deid.spelling import Needle, Reach, fold, stands_in
from deid.values import Path, charset_of, raw, readings, value_of, vrs, walk, where

_UID = compile_pattern(rb"\d+(?:\.\d+){2,}")
_BETWEEN = "\x1e"
_BINARY_VRS = frozenset(
    {"AT", "FD", "FL", "OB", "OD", "OF", "OL", "OV", "OW", "SL", "SS", "SV", "UL", "US", "UV"}
)
_NUMBER_VRS = frozenset({"AS", "DS", "TM"})
_DATE_VRS = frozenset({"DA", "DT"})
_ID = 0x00100020
# Replaced by tokens, in whose letters a short name can stand by chance
_TOKENS = frozenset({0x00100010, _ID, 0x00080050, 0x00181000, 0x0018700A, 0x00189371})
_LONG_NUMBER = 8


def verify(
    finished_reader: BinaryIO,
    *,
    identifiers: Identifiers,
    profile: Profile,
    person: Person | None = None,
) -> tuple[Finding, ...]:
    """Look for anything in a finished object that says who it is about.

    Args:
        finished_reader: The whole object as it will be stored.
        identifiers: Of the original, from `harvest`.
        profile: For what the object must claim to have been done.
        person: Whom it must now be about; without, it must at least agree with itself.

    Returns:
        What was found, by place and kind; empty if the header is clean.

    Raises:
        SuspectError: It could not be checked, which is not the same as clean.
    """
    try:
        size = finished_reader.seek(0, SEEK_END)
        parsed = parse(finished_reader)
        pseudonym = person.pseudonym if person else value_of(parsed.header, _ID)
        found = chain(
            statements(parsed, profile, pseudonym, size),
            shapes(parsed, identifiers, pseudonym),
            _sweep(parsed, identifiers),
        )
        return tuple(dict.fromkeys(found))
    except Exception:  # noqa: BLE001 -- whatever stops the check, it was not checked
        raise SuspectError(Reason.UNCHECKED) from None


@dataclass(frozen=True, repr=False)
class _Value:
    """One value: where it stands, its bytes, and all that it may say, folded."""

    path: Path
    raw: bytes
    said: tuple[str, ...]


def _hays(parsed: Parsed) -> dict[Reach, list[_Value]]:
    hays: dict[Reach, list[_Value]] = {reach: [] for reach in Reach}
    preamble = readings(parsed.preamble, "latin-1")
    hays[Reach.TEXT].append(_Value((), parsed.preamble, _folded(preamble)))
    for path, element, dataset in chain(walk(parsed.meta), walk(parsed.header)):
        value = raw(element)
        if value:
            said = _folded(readings(value, charset_of(dataset)))
            hays[_reach(vrs(element))].append(_Value(path, value, said))
    return hays


def _folded(said: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fold(plain(one)) for one in said))


def _reach(kinds: frozenset[str]) -> Reach:
    if kinds <= _DATE_VRS:
        return Reach.DATE
    if kinds <= _NUMBER_VRS:
        return Reach.NUMBER
    if "IS" in kinds:
        return Reach.INTEGER
    return Reach.BINARY if kinds <= _BINARY_VRS or "OW" in "".join(kinds) else Reach.TEXT


def _sweep(parsed: Parsed, identifiers: Identifiers) -> Iterator[Finding]:
    """Look for every spelling of every identifier, and every original UID, everywhere."""
    long = {
        needle.text: needle.what
        for needle in identifiers.needles
        if needle.text.isdigit() and len(needle.text) >= _LONG_NUMBER
    }
    for reach, values in _hays(parsed).items():
        hay = _BETWEEN.join(one for value in values for one in value.said)
        needles = (needle for needle in identifiers.needles if reach in needle.reach)
        hits = [needle for needle in needles if stands_in(needle, hay)]
        yield from _places(hits, values)
        yield from _uids(values, identifiers.uids)
        if reach is Reach.TEXT:
            yield from _numbers(values, long)


def _places(hits: list[Needle], values: list[_Value]) -> Iterator[Finding]:
    """Say at which elements needles stand; in a token no letters are a name by chance."""
    if not hits:
        return
    for value in values:
        token = bool(value.path) and value.path[-1] in _TOKENS
        for one in value.said:
            words = one.replace("^", " ").split()
            for needle in hits:
                whole = token and needle.what == "name"
                if needle.text in words if whole else stands_in(needle, one):
                    yield Finding(where(value.path) or "preamble", needle.what)


def _numbers(values: list[_Value], known: dict[str, str]) -> Iterator[Finding]:
    """Look for known numbers in any spacing, and for personal identity numbers of anybody."""
    for value in values:
        for one in value.said:
            for digits, _ in windows(one):
                if digits in known:
                    yield Finding(where(value.path) or "preamble", known[digits])
            for _ in personal_numbers(one):
                yield Finding(where(value.path) or "preamble", "personal number")


def _uids(values: list[_Value], originals: frozenset[str]) -> Iterator[Finding]:
    for value in values:
        for match in _UID.finditer(value.raw):
            if match[0].decode("ascii") in originals:
                yield Finding(where(value.path) or "preamble", "original UID")
