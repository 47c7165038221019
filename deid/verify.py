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

from pydicom.dataset import Dataset

from deid.errors import Reason, SuspectError
from deid.findings import Finding
from deid.identifiers import Identifiers
from deid.profile import Profile
from deid.pseudonym import Person
from deid.source import Parsed, parse
from deid.spelling import Needle, Reach, fold, stands_in
from deid.values import Leaf, Path, items, raw, value_of, vrs, walk, where

_UID = compile_pattern(rb"\d+(?:\.\d+){2,}")
_OURS = compile_pattern(r"2\.25\.(0|[1-9]\d{0,38})")
_STANDARD = compile_pattern(r"1\.2\.840\.10008(\.(0|[1-9]\d*))+")
_AGE = compile_pattern(r"(\d{3})Y")
_BETWEEN = b"\x1e"
_BINARY_VRS = frozenset(
    {"AT", "FD", "FL", "OB", "OD", "OF", "OL", "OV", "OW", "SL", "SS", "SV", "UL", "US", "UV"}
)
_NUMBER_VRS = frozenset({"AS", "DS", "IS", "TM"})
_DATE_VRS = frozenset({"DA", "DT"})
_META = frozenset({0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012})
_META_TEXT = 0x00020013
_NAME, _ID, _BIRTH_DATE, _AGE_TAG = 0x00100010, 0x00100020, 0x00100030, 0x00101010
# Replaced by tokens, in whose letters a short name can stand by chance
_TOKENS = frozenset({_NAME, _ID, 0x00080050, 0x00181000, 0x0018700A, 0x00189371})
_METHOD_CODES = 0x00120064
_DUMMY_NAME = "REMOVED"
_DUMMY_DATE = "19700101"
_FULL_DATE = 8


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
            _statements(parsed, profile, pseudonym, size),
            _shapes(parsed, identifiers, pseudonym),
            _sweep(parsed, identifiers),
        )
        return tuple(dict.fromkeys(found))
    except Exception:  # noqa: BLE001 -- whatever stops the check, it was not checked
        raise SuspectError(Reason.UNCHECKED) from None


def _statements(parsed: Parsed, profile: Profile, pseudonym: str, size: int) -> Iterator[Finding]:
    """Check what the object claims about itself, and that nothing lies around it."""
    header = parsed.header
    expected = {
        0x00120062: "YES",
        0x00280303: "MODIFIED",
        _ID: pseudonym,
        _NAME: pseudonym,
        _BIRTH_DATE: "",
        0x00080018: value_of(parsed.meta, 0x00020003),
        0x00080016: value_of(parsed.meta, 0x00020002),
    }
    if not pseudonym:
        yield Finding(where((_ID,)), "statement")
    for tag, value in expected.items():
        if value_of(header, tag) != value:
            yield Finding(where((tag,)), "statement")
    if _codes(header) != [code for code, _ in profile.codes]:
        yield Finding(where((_METHOD_CODES,)), "statement")
    age = _AGE.fullmatch(value_of(header, _AGE_TAG))
    if age is not None and int(age[1]) > profile.age_cap:
        yield Finding(where((_AGE_TAG,)), "age")
    if any(parsed.preamble):
        yield Finding("preamble", "bytes before the file")
    if parsed.pixels is None or parsed.pixels.end != size:
        yield Finding("end", "bytes behind the pixels")


def _codes(header: Dataset) -> list[str]:
    element = header.get_item(_METHOD_CODES) if _METHOD_CODES in header else None
    within = items(element) if element is not None else None
    return [value_of(item, 0x00080100) for item in within or ()]


def _shapes(parsed: Parsed, identifiers: Identifiers, pseudonym: str) -> Iterator[Finding]:
    """Check what kinds of elements and values there are, at every depth."""
    for path, _, _ in walk(parsed.meta):
        if path[-1] not in _META | {_META_TEXT}:
            yield Finding(where(path), "file meta")
    for path, element, _ in walk(parsed.header):
        group = path[-1] >> 16
        if group & 1:
            yield Finding(where(path), "private element")
        elif group & 0xFF00 in {0x5000, 0x6000}:
            yield Finding(where(path), "overlay or curve")
        kinds = vrs(element)
        if kinds & {"PN", "UI", "DA", "DT"}:
            what = _shape(path, element, identifiers, pseudonym)
            if what:
                yield Finding(where(path), what)


def _shape(path: Path, element: Leaf, identifiers: Identifiers, pseudonym: str) -> str:
    kinds = vrs(element)
    values = [v.strip(" \0") for v in raw(element).decode("latin-1").split("\\")]
    if "PN" in kinds and not {*values} <= {"", pseudonym, _DUMMY_NAME}:
        return "person name"
    if "UI" in kinds and not all(map(_is_clean_uid, filter(None, values))):
        return "unknown UID"
    if kinds & _DATE_VRS:
        before = identifiers.dates.get(path, "").split("\\")
        pairs = zip(before, values, strict=False)
        if any(_same_day(old.strip(), new) for old, new in pairs):
            return "original date"
    return ""


def _is_clean_uid(uid: str) -> bool:
    return bool(_OURS.fullmatch(uid) or _STANDARD.fullmatch(uid)) and len(uid) <= 64  # noqa: PLR2004 -- PS3.5 §9.1


def _same_day(old: str, new: str) -> bool:
    day = old.replace(".", "")[:_FULL_DATE]
    full = len(day) == _FULL_DATE and day.isdigit()
    return full and day != _DUMMY_DATE and new.startswith(day)


@dataclass(frozen=True, repr=False)
class _Hay:
    """Values in which to look, with the paths they stand at."""

    reach: Reach
    values: list[tuple[Path, bytes]]

    def forms(self) -> tuple[str, ...]:
        """Read all values at once in each encoding they may have."""
        return _forms(_BETWEEN.join(value for _, value in self.values))


def _forms(value: bytes) -> tuple[str, ...]:
    if value.isascii() and b"\0" not in value:
        return (value.decode("ascii").lower(),)
    bare = value.replace(b"\0", b"").replace(b"\xff\xfe", b" ")  # as in UTF-16
    forms = [fold(value.decode("latin-1"))]
    if bare != value:
        forms.append(fold(bare.decode("latin-1")))
    try:
        forms.append(fold(value.decode("utf-8")))
    except UnicodeDecodeError:
        forms.append(fold(value.decode("utf-8", "ignore")))
    return tuple(dict.fromkeys(forms))


def _hays(parsed: Parsed) -> tuple[_Hay, ...]:
    reaches = (Reach.TEXT, Reach.DATE, Reach.NUMBER, Reach.BINARY)
    hays = {reach: _Hay(reach, []) for reach in reaches}
    hays[Reach.TEXT].values.append(((), parsed.preamble))
    for path, element, _ in chain(walk(parsed.meta), walk(parsed.header)):
        value = raw(element)
        if value:
            hays[_reach(vrs(element))].values.append((path, value))
    return tuple(hays.values())


def _reach(kinds: frozenset[str]) -> Reach:
    if kinds <= _DATE_VRS:
        return Reach.DATE
    if kinds <= _NUMBER_VRS:
        return Reach.NUMBER
    return Reach.BINARY if kinds <= _BINARY_VRS or "OW" in "".join(kinds) else Reach.TEXT


def _sweep(parsed: Parsed, identifiers: Identifiers) -> Iterator[Finding]:
    """Look for every spelling of every identifier, and every original UID, everywhere."""
    for hay in _hays(parsed):
        needles = [needle for needle in identifiers.needles if hay.reach in needle.reach]
        forms = hay.forms()
        hits = [needle for needle in needles if any(stands_in(needle, form) for form in forms)]
        if hits:
            yield from _places(hits, hay)
        yield from _uids(hay, identifiers.uids)


def _places(hits: list[Needle], hay: _Hay) -> Iterator[Finding]:
    """Say at which elements needles stand; in a token no letters are a name by chance."""
    for path, value in hay.values:
        token = bool(path) and path[-1] in _TOKENS
        for form in _forms(value):
            words = form.replace("^", " ").split()
            for needle in hits:
                whole = token and needle.what == "name"
                if needle.text in words if whole else stands_in(needle, form):
                    yield Finding(where(path) or "preamble", needle.what)


def _uids(hay: _Hay, originals: frozenset[str]) -> Iterator[Finding]:
    for path, value in hay.values:
        for match in _UID.finditer(value):
            if match[0].decode("ascii") in originals:
                yield Finding(where(path) or "preamble", "original UID")
