"""Which attributes and content items of an original tell who somebody is, and how they do.

The second eye's own list: Table E.1-1 (PS3.15 Annex E) names more attributes, of which most do
not tell it in so many words; here are those whose values can be looked for elsewhere.
"""

from collections.abc import Mapping
from enum import Enum, auto
from functools import lru_cache

from pydicom.datadict import private_dictionary_VR
from pydicom.dataset import Dataset

from deid.values import Leaf, elements, items, kinds_of, value_of


class Role(Enum):
    """How the value of an attribute tells who somebody is."""

    NAME = auto()
    STAFF = auto()
    IDENTIFIER = auto()
    ACCESSION = auto()
    PHONE = auto()
    ADDRESS = auto()
    PLACE = auto()
    DEVICE = auto()
    DETAIL = auto()
    COMMENT = auto()
    BIRTH_DATE = auto()
    STUDY_DATE = auto()
    DATE = auto()
    UID = auto()


_PATIENT_GROUP = 0x0010
# Patient, other patient, insurance, record locator, trial subject, study, procedure, step,
# admission, episode, order, specimen, results, label
_IDENTIFIERS = (
    *(0x00100020, 0x00101000, 0x00101050, 0x00101090, 0x00120040, 0x00120042, 0x00200010),
    *(0x00380010, 0x00380060, 0x00400009, 0x00400253, 0x00401001, 0x00402006, 0x00402007),
    *(0x00402016, 0x00402017, 0x0040050A, 0x00400512, 0x00400551, 0x004006FA, 0x40080040),
    *(0x40080200, 0x22000005),
)
_PHONES = (0x00080094, 0x00102154, 0x00102155, 0x00401103, 0x00401104, 0x00402010, 0x00402011)
_ADDRESSES = (0x00101040, 0x00102152, 0x00080092, 0x00401102, 0x0040A353, 0x4008011A)
# Institution, department, location, residence, service, AE titles of file meta
_PLACES = (
    *(0x00080080, 0x00080081, 0x00081040, 0x00020016, 0x00020017, 0x00020018, 0x00080055),
    *(0x00102299, 0x00120031, 0x00120060, 0x00120081, 0x00321020, 0x00321033, 0x0038001E),
    *(0x00380300, 0x00380400, 0x00400011, 0x00400243, 0x00401005, 0x00402009, 0x00404036),
    *(0x0040A027, 0x04000564),
)
# Station, serial number, plate, generator, cassette, gantry, detector, source, label
_DEVICES = (
    *(0x00081000, 0x00081010, 0x00181000, 0x00181004, 0x00181005, 0x00181007, 0x00181008),
    *(0x00181009, 0x00181010, 0x00181011, 0x0018700A, 0x00189367, 0x00189371, 0x00189373),
    *(0x00160051, 0x00400001, 0x00400010, 0x00400241, 0x00400242, 0x3010002D, 0x04000563),
)
# Occupation, religion, rank, branch of service
_DETAILS = (0x00102180, 0x001021F0, 0x00101080, 0x00101081)
_NAMES = (0x00100012, 0x0016004D, 0x00880910)
_BIRTH_DATES = (0x00100030,)
_STUDY_DATES = (
    *(0x00080012, 0x00080020, 0x00080021, 0x00080022, 0x00080023, 0x0008002A, 0x00400244),
)
# Published with a coding scheme, or of the unit: they tell nothing of her
_GENERAL_DATES = frozenset({0x00080106, 0x00080107, 0x0040DB06, 0x0040DB07, 0x0040DB0D})
_DATED_GROUPS = frozenset({0x0008, 0x0010, 0x0012, 0x0020, 0x0032, 0x0038, 0x0040, 0x0070, 0x4008})
_TEXT_VRS = frozenset({"LO", "LT", "SH", "ST", "UC", "UT"})
_ROLES: Mapping[int, Role] = {
    0x00080050: Role.ACCESSION,
    **dict.fromkeys(_IDENTIFIERS, Role.IDENTIFIER),
    **dict.fromkeys(_PHONES, Role.PHONE),
    **dict.fromkeys(_ADDRESSES, Role.ADDRESS),
    **dict.fromkeys(_PLACES, Role.PLACE),
    **dict.fromkeys(_DEVICES, Role.DEVICE),
    **dict.fromkeys(_DETAILS, Role.DETAIL),
    **dict.fromkeys(_NAMES, Role.STAFF),
    **dict.fromkeys(_BIRTH_DATES, Role.BIRTH_DATE),
    **dict.fromkeys(_STUDY_DATES, Role.STUDY_DATE),
    0x00100012: Role.NAME,
}
# PS3.15 Table E.3.4-1: what a text or a person name tells, by the code of its concept
_CONCEPTS: Mapping[str, Role] = {
    **dict.fromkeys(("121029", "121036"), Role.NAME),
    **dict.fromkeys(("121008", "113870", "121435", "128774", "113724"), Role.STAFF),
    **dict.fromkeys(("121030", "121020", "121021", "113871", "128775"), Role.IDENTIFIER),
    **dict.fromkeys(("125010", "121041", "111700", "111705"), Role.IDENTIFIER),
    "121022": Role.ACCESSION,
    **dict.fromkeys(("121009", "113873", "121017", "121197"), Role.PLACE),
    **dict.fromkeys(("121434", "122128", "121121"), Role.PLACE),
    **dict.fromkeys(("121013", "121016", "121193", "121196"), Role.DEVICE),
    **dict.fromkeys(("113877", "113880", "110119", "74711-3"), Role.DEVICE),
}
# What a code names, by the sequence it stands in: a person, an institution
_CODED: Mapping[int, Mapping[int, Role]] = {
    0x00401101: {0x00080100: Role.IDENTIFIER, 0x00080104: Role.STAFF, 0x00080119: Role.IDENTIFIER},
    0x00080082: {0x00080100: Role.PLACE, 0x00080104: Role.PLACE, 0x00080119: Role.PLACE},
}
_CONCEPT_NAME, _CODE_VALUE = 0x0040A043, 0x00080100
_CONTENT = frozenset({0x0040A123, 0x0040A160})


@lru_cache(maxsize=16384)
def role_of(tag: int, said: str | None) -> Role | None:
    """Give what an attribute tells, by its tag and the VR it says it has; None if nothing."""
    kinds = kinds_of(tag, said)
    role = _ROLES.get(tag)
    if role is not None or kinds & {"SQ"}:
        return role if not kinds & {"SQ"} else None
    if "PN" in kinds:
        return Role.NAME if tag >> 16 == _PATIENT_GROUP else Role.STAFF
    if "UI" in kinds:
        return Role.UID
    if kinds & {"DA", "DT"}:
        return Role.DATE
    if tag >> 16 == _PATIENT_GROUP and kinds & _TEXT_VRS:
        return Role.COMMENT
    return None


def is_dated(tag: int) -> bool:
    """Tell whether a date is of her or her examination, so that it is looked for in texts."""
    return tag >> 16 in _DATED_GROUPS and tag not in _GENERAL_DATES


def role_within(tag: int, dataset: Dataset, sequence: int) -> Role | None:
    """Give what an attribute tells by where it stands: in a content item, or as part of a code.

    Args:
        tag: Of the attribute.
        dataset: It stands in.
        sequence: Tag of the sequence that the dataset is an item of; 0 at the top.
    """
    if tag in _CONTENT:
        return _CONCEPTS.get(_concept(dataset))
    return _CODED.get(sequence, {}).get(tag)


def _concept(item: Dataset) -> str:
    found: Leaf | None = next((e for tag, e in elements(item) if tag == _CONCEPT_NAME), None)
    named = items(found) if found is not None else None
    return value_of(named[0], _CODE_VALUE) if named else ""


@lru_cache(maxsize=4096)
def private_vr(tag: int, creator: str) -> str | None:
    """Give the VR pydicom knows for a private element that does not say its own."""
    try:
        return str(private_dictionary_VR(tag, creator))
    except KeyError:
        return None
