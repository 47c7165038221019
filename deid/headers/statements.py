"""What a clean object says about itself (PS3.15 E.1.1), and its file meta information."""

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence

from deid.elements import DEFAULT_ENCODING
from deid.headers.made import coded, made
from deid.identity.pseudonym import Person, Subkeys
from deid.profiles.profile import Profile
from deid.profiles.table import CLEAN_PIXELS, FULL_DATES, MODIFIED_DATES
from deid.values import Leaf, value_of

# Ours, for every object we write (PS3.7 §D.3.3.2)
IMPLEMENTATION_CLASS = "2.25.302871538227719563034790523190870421376"
IMPLEMENTATION_VERSION = "MAMMO-DATASPACE"

_SOP_CLASS, _SOP_INSTANCE = 0x00080016, 0x00080018
_LONGEST = 64
BURNED_IN = 0x00280301


def applied_codes(profile: Profile, *, pixels_looked_at: bool) -> tuple[tuple[str, str], ...]:
    """Give the codes of what was done to an object, in the order of PS3.16 CID 7050."""
    pixels = [(CLEAN_PIXELS.code, CLEAN_PIXELS.meaning)] if pixels_looked_at else []
    return tuple(sorted([*profile.codes, *pixels]))


def statements(
    profile: Profile,
    person: Person,
    subkeys: Subkeys,
    *,
    applied: tuple[tuple[str, str], ...],
    pixels_looked_at: bool,
) -> tuple[Leaf, ...]:
    """Say who it is now, and what was done (PS3.15 E.1.1, PS3.3 §C.12.1)."""
    method = (
        f"{profile.name}/{profile.version}",
        f"PS3.15 {profile.edition}",
        f"rules {profile.digest[:16]}",
        f"key {subkeys.version}",
    )
    codes = Sequence(coded(code, meaning) for code, meaning in applied)
    burned_in = [made(BURNED_IN, "CS", "NO")] if pixels_looked_at else []
    return (
        made(0x00100010, "PN", person.pseudonym),
        made(0x00100020, "LO", person.pseudonym),
        made(0x00120062, "CS", "YES"),
        made(0x00120063, "LO", "\\".join(part[:_LONGEST] for part in method)),
        DataElement(0x00120064, "SQ", codes, already_converted=True),
        *burned_in,
        made(0x00280303, "CS", _dates(profile.options)),
    )


def _dates(options: frozenset[str]) -> str:
    if FULL_DATES in options:
        return "UNMODIFIED"
    return "MODIFIED" if MODIFIED_DATES in options else "REMOVED"


def file_meta(dataset: Dataset, syntax: str) -> FileMetaDataset:
    """Make a new file meta group; AE titles and other traces of the source stay behind."""
    meta = FileMetaDataset()
    for element in (
        made(0x00020001, "OB", b"\0\1"),
        made(0x00020002, "UI", value_of(dataset, _SOP_CLASS)),
        made(0x00020003, "UI", value_of(dataset, _SOP_INSTANCE)),
        made(0x00020010, "UI", syntax),
        made(0x00020012, "UI", IMPLEMENTATION_CLASS),
        made(0x00020013, "SH", IMPLEMENTATION_VERSION),
    ):
        meta[element.tag] = element
    meta.set_original_encoding(False, True, DEFAULT_ENCODING)  # noqa: FBT003 -- pydicom
    return meta
