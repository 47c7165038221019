"""What a finished object says about itself, and that nothing lies around it.

Part of the second eye: it shares no rule and no pattern with the first.
"""

from collections.abc import Iterable, Iterator, Mapping
from re import compile as compile_pattern

from deid.findings import Finding
from deid.profiles.profile import Profile
from deid.second_eye.hay import Value, Values
from deid.source import Parsed
from deid.values import where

_AGE = compile_pattern(r"(\d{3})([DWMY])")
_YEARS = {"D": 365, "W": 52, "M": 12, "Y": 1}
_NAME, _ID, _BIRTH_DATE, _AGE_TAG = 0x00100010, 0x00100020, 0x00100030, 0x00101010
_REMOVED, _DATES_MODIFIED = 0x00120062, 0x00280303
_METHOD_CODES, _CODE_VALUE = 0x00120064, 0x00080100
_SOP_CLASS, _SOP_INSTANCE = 0x00080016, 0x00080018
_MEDIA_CLASS, _MEDIA_INSTANCE = 0x00020002, 0x00020003


def claims(
    parsed: Parsed,
    values: Values,
    profile: Profile,
    pseudonym: str,
    *,
    codes: Iterable[str] | Iterable[tuple[str, str]],
    size: int,
) -> Iterator[Finding]:
    """Check what the object claims about itself, and that nothing lies around it.

    Args:
        parsed: The object as read.
        values: All of its elements.
        profile: For what must have been done.
        pseudonym: Whom it must be about.
        codes: CID 7050 codes that it must claim, in this order.
        size: Bytes of the whole file.
    """
    top = {value.tag: _text(value) for value in values if not value.above}
    yield from _statements(top, profile, pseudonym)
    claimed = [_text(v) for v in values if v.tag == _CODE_VALUE and v.above[:1] == (_METHOD_CODES,)]
    if claimed != [code if isinstance(code, str) else code[0] for code in codes]:
        yield Finding(where((_METHOD_CODES,)), "statement")
    if _is_older(top, profile.age_cap):
        yield Finding(where((_AGE_TAG,)), "age")
    if any(parsed.preamble):
        yield Finding("preamble", "bytes before the file")
    if parsed.pixels is None and parsed.end != size:
        yield Finding("end", "bytes behind the header")
    if parsed.pixels is not None and parsed.pixels.end != size:
        yield Finding("end", "bytes behind the pixels")


def _statements(top: Mapping[int, str], profile: Profile, pseudonym: str) -> Iterator[Finding]:
    expected = {
        _REMOVED: "YES",
        _DATES_MODIFIED: _dates_modified(profile.options),
        _ID: pseudonym,
        _NAME: pseudonym,
        _BIRTH_DATE: "",
        _SOP_INSTANCE: top.get(_MEDIA_INSTANCE, ""),
        _SOP_CLASS: top.get(_MEDIA_CLASS, ""),
    }
    if not pseudonym:
        yield Finding(where((_ID,)), "statement")
    for tag, value in expected.items():
        if top.get(tag, "") != value:
            yield Finding(where((tag,)), "statement")


def _dates_modified(options: frozenset[str]) -> str:
    """Give what must be said of dates (PS3.3 §C.12.1, (0028,0303))."""
    if "retain_longitudinal_full_dates" in options:
        return "UNMODIFIED"
    return "MODIFIED" if "retain_longitudinal_modified_dates" in options else "REMOVED"


def _is_older(top: Mapping[int, str], cap: int) -> bool:
    """Tell whether an age is above the cap, in whichever unit."""
    age = _AGE.fullmatch(top.get(_AGE_TAG, ""))
    return age is not None and int(age[1]) / _YEARS[age[2]] > cap


def _text(value: Value) -> str:
    return value.data.decode("latin-1").strip(" \0")
