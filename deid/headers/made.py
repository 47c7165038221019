"""Elements we make ourselves: replacements that are valid for their VR (PS3.5 §6.2)."""

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from deid.elements import DEFAULT_ENCODING, known_vr

DUMMY_TEXT = "REMOVED"
DUMMY_DATE = "19700101"
TEXT_VRS = frozenset({"AE", "LO", "LT", "SH", "ST", "UC", "UR", "UT"})

_TEXTS = {
    "AS": "000Y",
    "DA": DUMMY_DATE,
    "DS": "0",
    "DT": f"{DUMMY_DATE}000000",
    "IS": "0",
    "TM": "000000",
    "UR": "about:blank",
}
_SIZES = {"AT": 4, "FD": 8, "FL": 4, "OB": 2, "OD": 8, "OF": 4, "OL": 4, "OV": 8, "OW": 2}
_SIZES |= {"SL": 4, "SS": 2, "SV": 8, "UL": 4, "UN": 2, "US": 2, "UV": 8}


def made(tag: int, vr: str, value: str | bytes) -> RawDataElement:
    """Make an element from its value, padded to even length."""
    data = value.encode() if isinstance(value, str) else value
    if len(data) % 2:
        data += b"\0" if vr in {"UI", "OB", "UN"} else b" "
    return RawDataElement(BaseTag(tag), vr, len(data), data, 0, False, True)  # noqa: FBT003 -- pydicom


def dummy(vr: str) -> str | bytes:
    """Give a value that is valid for a VR and says nothing."""
    return b"\0" * _SIZES[vr] if vr in _SIZES else _TEXTS.get(vr, DUMMY_TEXT)


def written_vr(element: DataElement | RawDataElement) -> str:
    """Give the VR a replacement is written with: that of PS3.6, else the element's own."""
    vr = known_vr(int(element.tag)) or ""
    if not vr or " or " in vr:
        vr = element.VR if element.VR not in {None, "UN"} else vr or "UN"
    return str(vr).split(" or ", maxsplit=1)[0]


def coded(code: str, meaning: str) -> Dataset:
    """Make a code sequence item of DICOM's own scheme (PS3.3 §8.8)."""
    parts = (
        made(0x00080100, "SH", code),
        made(0x00080102, "SH", "DCM"),
        made(0x00080104, "LO", meaning),
    )
    item = Dataset({part.tag: part for part in parts})
    item.set_original_encoding(False, True, DEFAULT_ENCODING)  # noqa: FBT003 -- pydicom
    return item
