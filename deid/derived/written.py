"""Whole objects of our own: what they take from the image's clean header, and their bytes.

Nothing is taken from anywhere else: no clock and no chance. Dates are the image's shifted ones,
UIDs are keyed from the image's clean ones, so the same image and keys give the same bytes.
"""

from dataclasses import dataclass
from struct import pack

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from deid.elements import DEFAULT_ENCODING
from deid.headers.made import DUMMY_DATE, made
from deid.headers.statements import file_meta
from deid.identity.pseudonym import Subkeys, device, uid
from deid.serialise import encode, encode_element
from deid.values import value_of

ALGORITHM, VERSION = "mammo-dataspace breast", "1"
_MAKER, _MODEL = "mammo-dataspace", "deid.derived"
_META_LENGTH = 0x00020000
# Patient, Patient Study, Clinical Trial's de-identification, General Study and Frame of Reference
_COPIED = (
    *(0x00080005, 0x00080020, 0x00080030, 0x00080050, 0x00080090, 0x00081030),
    *(0x00100010, 0x00100020, 0x00100021, 0x00100030, 0x00100040, 0x00101010),
    *(0x00120062, 0x00120063, 0x00120064, 0x00280303),
    *(0x0020000D, 0x00200010),
)
_SOP_CLASS, _SOP_INSTANCE = 0x00080016, 0x00080018
_STUDY, _SERIES = 0x0020000D, 0x0020000E
_INSTANCE_NUMBER = 0x00200013
_EMPTY = (
    *((0x00080020, "DA"), (0x00080030, "TM"), (0x00080050, "SH"), (0x00080090, "PN")),
    *((0x00100030, "DA"), (0x00100040, "CS"), (0x00200010, "SH")),
)
# Content, acquisition, series and study: the first that has a date, and the time beside it
_WHEN = (
    *((0x00080023, 0x00080033), (0x00080022, 0x00080032)),
    *((0x00080021, 0x00080031), (0x00080020, 0x00080030)),
)


@dataclass(frozen=True, repr=False)
class DerivedObject:
    """One object as it is to be stored.

    Attributes:
        kind: "SEG" or "SR".
        data: The whole file (PS3.10).
        pixel_offset: Bytes before the pixel data element; of all, if it has none.
    """

    kind: str
    data: bytes
    pixel_offset: int


@dataclass(frozen=True)
class Purpose:
    """What distinguishes a kind of object: class, modality, series and names of its UIDs."""

    kind: str
    sop_class: str
    series_number: int


def begin(header: Dataset, purpose: Purpose, subkeys: Subkeys) -> Dataset:
    """Start an object beside an image: the modules that every composite object has.

    Args:
        header: The image's clean header.
        purpose: What is to be made.
        subkeys: For UIDs.
    """
    name = purpose.kind.lower()
    image, study = value_of(header, _SOP_INSTANCE), value_of(header, _STUDY)
    date, time = _when(header)
    begun = Dataset()
    begun.set_original_encoding(False, True, header.original_character_set or DEFAULT_ENCODING)  # noqa: FBT003 -- pydicom
    for tag, vr in _EMPTY:
        begun[tag] = made(tag, vr, "")
    for tag in _COPIED:
        if tag in header:
            begun[tag] = header.get_item(tag)
    number = value_of(header, _INSTANCE_NUMBER)
    for element in (
        made(_SOP_CLASS, "UI", purpose.sop_class),
        made(_SOP_INSTANCE, "UI", uid(subkeys, f"{image}/{name}")),
        made(0x00080023, "DA", date),
        made(0x00080033, "TM", time),
        made(0x00080060, "CS", purpose.kind),
        made(0x00080070, "LO", _MAKER),
        made(0x00081090, "LO", _MODEL),
        made(0x00181000, "LO", device(subkeys, ALGORITHM)),
        made(0x00181020, "LO", VERSION),
        made(_SERIES, "UI", uid(subkeys, f"{study}/{name}-series")),
        made(0x00200011, "IS", str(purpose.series_number)),
        made(_INSTANCE_NUMBER, "IS", number if number.isdigit() else "1"),
    ):
        begun[element.tag] = element
    return begun


def _when(header: Dataset) -> tuple[str, str]:
    """Give the shifted date and the time that the image has, for what was made of it."""
    for date, time in _WHEN:
        if value_of(header, date):
            return value_of(header, date), value_of(header, time) or "000000"
    return DUMMY_DATE, "000000"


def reference(header: Dataset, frame: int | None = None) -> Dataset:
    """Refer to the image, or to one of its frames by index (PS3.3 §10.8)."""
    item = Dataset()
    item.ReferencedSOPClassUID = value_of(header, _SOP_CLASS)
    item.ReferencedSOPInstanceUID = value_of(header, _SOP_INSTANCE)
    if frame is not None:
        item.ReferencedFrameNumber = frame + 1
    return item


def series_of(header: Dataset) -> str:
    """Give the image's Series Instance UID."""
    return value_of(header, _SERIES)


def add(dataset: Dataset, keyword: str, *sequence: Dataset) -> None:
    """Add a sequence by its keyword."""
    setattr(dataset, keyword, Sequence(sequence))


def finish(
    begun: Dataset, purpose: Purpose, syntax: UID, frame: bytes | None = None
) -> DerivedObject:
    """Write an object, with one encapsulated frame if it has pixels (PS3.5 §A.4)."""
    meta = encode(file_meta(begun, syntax), implicit=False)
    length = encode_element(made(_META_LENGTH, "UL", pack("<I", len(meta))), implicit=False)
    head = b"".join((bytes(128), b"DICM", length, meta, encode(begun, implicit=False)))
    return DerivedObject(purpose.kind, head + _pixels(frame), len(head))


def _pixels(frame: bytes | None) -> bytes:
    if frame is None:
        return b""
    frame += b"\0" * (len(frame) % 2)
    return b"".join(
        (
            pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF),
            pack("<HHII", 0xFFFE, 0xE000, 4, 0),
            pack("<HHI", 0xFFFE, 0xE000, len(frame)),
            frame,
            pack("<HHI", 0xFFFE, 0xE0DD, 0),
        )
    )
