"""What a finished header must look like: of what kinds its elements and values are.

Part of the second eye: it shares no rule and no pattern with the first.
"""

from collections.abc import Iterator, Mapping
from math import isfinite
from re import Pattern
from re import compile as compile_pattern

from deid.findings import Finding
from deid.identity.identifiers import Identifiers
from deid.profiles.private import SafePrivate
from deid.profiles.profile import Profile
from deid.second_eye.hay import Value, Values, place
from deid.values import is_registered

_OURS = compile_pattern(r"2\.25\.(0|[1-9]\d{0,38})")
_STANDARD = compile_pattern(r"1\.2\.840\.10008(?=[\d.]{1,20}\Z)(\.(0|[1-9]\d{0,2}))+")
_ANY_UID = compile_pattern(r"[0-2](\.(0|[1-9]\d*))+")
_DATE_VRS = frozenset({"DA", "DT"})
_META_GROUP, _CURVES, _OVERLAYS = 0x0002, 0x5000, 0x6000
_META = frozenset(
    {0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012, 0x00020013}
)
_DUMMY_NAME = b"REMOVED"
_DUMMY_DATE = "19700101"
_FULL_DATE, _LONGEST_UID, _LONGEST_CODE, _LARGEST = 8, 64, 16, 1 << 31
# Whole values as nearly all of them are written; what is not, is looked at part by part
_DECIMAL = compile_pattern(rb"[ +-]?[0-9]{1,15}(?:\.[0-9]{0,15})?(?:[eE][+-]?[0-9]{1,2})? ?")
_INTEGER = compile_pattern(rb"[ +-]?[0-9]{1,9} ?")
_CODE = compile_pattern(rb"[A-Z0-9_ ]{0,16}\0?")
_PARTS: Mapping[str, Pattern[str]] = {
    "AS": compile_pattern(r"[0-9]{3}[DWMY]"),
    "CS": compile_pattern(r"[A-Z0-9_ ]{1,16}"),
    "DA": compile_pattern(r"[0-9]{4}(?:[0-9]{2}(?:[0-9]{2})?|\.[0-9]{2}\.[0-9]{2})?"),
    "DS": compile_pattern(r"[0-9+\-.eE]{1,56}"),
    "DT": compile_pattern(r"[0-9]{4,14}(?:\.[0-9]{1,6})?(?:[+-][0-9]{4})?"),
    "IS": compile_pattern(r"[+-]*[0-9]{1,11}"),
    "TM": compile_pattern(
        r"(?:[01][0-9]|2[0-3])(?::?[0-5][0-9](?::?(?:[0-5][0-9]|60)(?:\.[0-9]+)?)?)?"
    ),
}
_WHOLE = {"DS": _DECIMAL, "IS": _INTEGER, "CS": _CODE}
_SHAPED = frozenset({*_PARTS, "PN", "UI"})
# Of private elements: numbers, codes and text that was cleaned; bytes and sequences never
_PRIVATE_VRS = frozenset(
    {"AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "SH", "SL", "SS"}
    | {"ST", "SV", "TM", "UC", "UI", "UL", "US", "UT", "UV"}
)
_CREATORS, _FIRST_BLOCK = range(0x10, 0x100), 0x1000


def shapes(
    values: Values, identifiers: Identifiers, profile: Profile, pseudonym: str
) -> Iterator[Finding]:
    """Check what kinds of elements and values there are, at every depth."""
    name = frozenset({b"", pseudonym.encode(), _DUMMY_NAME})
    uids = _ANY_UID if "retain_uids" in profile.options else None
    moved = {} if "retain_longitudinal_full_dates" in profile.options else identifiers.dates
    for value in values:
        what = _out_of_place(value, profile.options)
        if what:
            yield Finding(place(value), what)
        kinds = value.kind.vrs & _SHAPED
        if kinds and value.data:
            for kind in kinds:
                if not _is_shaped(kind, value, name, uids):
                    yield Finding(place(value), _MISSHAPEN.get(kind, "not what its kind says"))
            if kinds & _DATE_VRS and _is_original(value, moved):
                yield Finding(place(value), "original date")
    if any(value.tag >> 16 & 1 for value in values):
        yield from _private(values, profile.safe_private, profile.options)


_MISSHAPEN = {"PN": "person name", "UI": "unknown UID"}


def _out_of_place(value: Value, options: frozenset[str]) -> str:
    group = value.tag >> 16
    if group == _META_GROUP and value.tag not in _META:
        return "file meta"
    drawn = group & 0xFF00 if not group & 1 else 0
    if drawn == _OVERLAYS and "clean_graphics" in options and not value.above:
        return ""
    return "overlay or curve" if drawn in {_CURVES, _OVERLAYS} else ""


def _is_shaped(kind: str, value: Value, name: frozenset[bytes], uids: Pattern[str] | None) -> bool:
    data = value.data
    if kind == "PN":
        return name.issuperset(part.strip(b" \0") for part in data.split(b"\\"))
    whole = _WHOLE.get(kind)
    if whole is not None and whole.fullmatch(data):
        return True
    parts = [part.strip(" \0") for part in data.decode("latin-1").split("\\")]
    if kind == "UI":
        return all(_is_clean_uid(part, uids) for part in parts if part)
    form = _PARTS[kind]
    return all(form.fullmatch(part) and _is_valid(kind, part) for part in parts if part)


def _is_valid(kind: str, part: str) -> bool:
    if kind == "IS":
        return part[1:].isdigit() | part.isdigit() and -_LARGEST <= int(part) < _LARGEST
    if kind == "DS":
        try:
            return isfinite(float(part))
        except ValueError:
            return False
    return True


def _is_clean_uid(uid: str, uids: Pattern[str] | None) -> bool:
    if is_registered(uid):
        return True
    if len(uid) > _LONGEST_UID:
        return False
    if uids is not None:
        return uids.fullmatch(uid) is not None
    return (_OURS.fullmatch(uid) or _STANDARD.fullmatch(uid)) is not None


def _is_original(value: Value, dates: Mapping[tuple[int, ...], str]) -> bool:
    before = dates.get(value.path, "")
    if not before:
        return False
    after = (part.strip(" \0") for part in value.data.decode("latin-1").split("\\"))
    return any(
        _same_day(old.strip(), new) for old, new in zip(before.split("\\"), after, strict=False)
    )


def _same_day(old: str, new: str) -> bool:
    day = old.replace(".", "")[:_FULL_DATE]
    full = len(day) == _FULL_DATE and day.isdigit()
    return full and day != _DUMMY_DATE and new.replace(".", "").startswith(day)


def _private(
    values: Values, safe: SafePrivate | None, options: frozenset[str]
) -> Iterator[Finding]:
    """Check that private elements are on the list, of a listed kind, and that none is idle."""
    creators = {(*v.path, -1): v for v in values if _is_creator(v.tag)}
    used = set()
    allowed = safe if "retain_safe_private" in options else None
    for value in values:
        if not value.tag >> 16 & 1 or _is_creator(value.tag):
            continue
        block = (*value.above, value.tag & 0xFFFF0000 | value.tag >> 8 & 0xFF, -1)
        creator = creators.get(block)
        used.add(block)
        if creator is None or not _is_listed(value, creator, allowed):
            yield Finding(place(value), "private element")
    for block, creator in creators.items():
        if block not in used or "LO" not in creator.kind.vrs:
            yield Finding(place(creator), "private element")


def _is_creator(tag: int) -> bool:
    return bool(tag >> 16 & 1) and tag & 0xFFFF in _CREATORS


def _is_listed(value: Value, creator: Value, safe: SafePrivate | None) -> bool:
    if safe is None or value.tag & 0xFFFF < _FIRST_BLOCK:
        return False
    vr = value.said or ""
    named = creator.data.decode("latin-1").strip(" \0")
    return vr in _PRIVATE_VRS and safe.rule(named, value.tag, vr) is not None
