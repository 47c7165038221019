"""What a finished header must look like: what it claims, and of what kinds its values are.

Part of the second eye: it shares no rule and no pattern with the first.
"""

from collections.abc import Iterator
from math import isfinite
from re import compile as compile_pattern

from pydicom.dataset import Dataset

from deid.findings import Finding
from deid.identifiers import Identifiers
from deid.profile import Profile
from deid.source import Parsed
from deid.values import Leaf, Path, items, raw, value_of, vrs, walk, where

_OURS = compile_pattern(r"2\.25\.(0|[1-9]\d{0,38})")
_STANDARD = compile_pattern(r"1\.2\.840\.10008(\.(0|[1-9]\d*))+")
_AGE = compile_pattern(r"(\d{3})Y")
_DATE_VRS = frozenset({"DA", "DT"})
_SHAPED = _DATE_VRS | {"PN", "UI", "AS", "CS", "DS", "IS", "TM"}
_CODE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _")
_DECIMAL = frozenset("0123456789+-.eE")
_AGE_SIZE, _CODE_SIZE, _NUMBER_SIZE = 4, 16, 56
_META = frozenset({0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012})
_META_TEXT = 0x00020013
_NAME, _ID, _BIRTH_DATE, _AGE_TAG = 0x00100010, 0x00100020, 0x00100030, 0x00101010
_METHOD_CODES = 0x00120064
_DUMMY_NAME = "REMOVED"
_DUMMY_DATE = "19700101"
_FULL_DATE = 8


def statements(parsed: Parsed, profile: Profile, pseudonym: str, size: int) -> Iterator[Finding]:
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


def shapes(parsed: Parsed, identifiers: Identifiers, pseudonym: str) -> Iterator[Finding]:
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
        if vrs(element) & _SHAPED:
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
    if not all(_is_formed(kind, value) for kind in kinds for value in values if value):
        return "not what its kind says"
    return ""


def _is_formed(kind: str, value: str) -> bool:
    """Tell whether a value is one of its VR (PS3.5 §6.2); of others it is not asked."""
    if kind == "AS":
        return len(value) == _AGE_SIZE and value[:3].isdigit() and value[3] in "DWMY"
    if kind == "CS":
        return len(value) <= _CODE_SIZE and not set(value) - _CODE
    if kind == "IS":
        return value.lstrip("+-").isdigit() and -(1 << 31) <= int(value) < 1 << 31
    if kind == "DS":
        return not set(value) - _DECIMAL and _is_number(value)
    return kind != "TM" or _is_time(value.replace(":", ""))


def _is_number(value: str) -> bool:
    try:
        return isfinite(float(value)) and len(value) <= _NUMBER_SIZE
    except ValueError:
        return False


def _is_time(value: str) -> bool:
    whole, _, part = value.partition(".")
    fields = [whole[at : at + 2] for at in range(0, len(whole), 2)]
    limits = (23, 59, 60)
    return (
        1 <= len(fields) <= len(limits)
        and all(len(f) == 2 and f.isdigit() for f in fields)  # noqa: PLR2004 -- two digits each
        and all(int(f) <= most for f, most in zip(fields, limits, strict=False))
        and (not part or (part.isdigit() and len(fields) == len(limits)))
    )


def _is_clean_uid(uid: str) -> bool:
    return bool(_OURS.fullmatch(uid) or _STANDARD.fullmatch(uid)) and len(uid) <= 64  # noqa: PLR2004 -- PS3.5 §9.1


def _same_day(old: str, new: str) -> bool:
    day = old.replace(".", "")[:_FULL_DATE]
    full = len(day) == _FULL_DATE and day.isdigit()
    return full and day != _DUMMY_DATE and new.startswith(day)
