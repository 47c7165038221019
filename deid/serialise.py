"""Write a clean header, so that the pixels start at a known offset (PS3.10 §7, PS3.5 §7)."""

from collections.abc import Sequence as Pieces
from struct import pack

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.uid import ImplicitVRLittleEndian

from deid.elements import DEFAULT_ENCODING, ITEM, LONG_VRS, SEQUENCE_END, UNDEFINED
from deid.headers.header import CleanHeader
from deid.headers.made import made, written_vr
from deid.source import Piece
from deid.values import charset_of, elements, items, value_of

_PREAMBLE = bytes(128) + b"DICM"
_TRANSFER_SYNTAX = 0x00020010
_GROUP_LENGTH = 0x00020000
_SHORTEST_LONG = 0x10000


def serialise(
    clean_header: CleanHeader, pixel_pieces: Pieces[Piece]
) -> tuple[tuple[Piece, ...], int]:
    """Put an object together: empty preamble, file meta, header, and the pixel pieces as given.

    Returns:
        All pieces, and the offset in bytes at which the pixel data element starts.
    """
    implicit = value_of(clean_header.meta, _TRANSFER_SYNTAX) == ImplicitVRLittleEndian
    meta = encode(clean_header.meta, implicit=False)
    length = encode_element(made(_GROUP_LENGTH, "UL", pack("<I", len(meta))), implicit=False)
    head = b"".join((_PREAMBLE, length, meta, encode(clean_header.dataset, implicit=implicit)))
    return (head, *pixel_pieces), len(head)


def encode(dataset: Dataset, *, implicit: bool) -> bytes:
    """Write a dataset in little endian; raw values byte for byte, sequences with lengths."""
    charset = charset_of(dataset)
    return b"".join(
        encode_element(element, implicit=implicit, charset=charset)
        for _, element in elements(dataset)
    )


def encode_element(
    element: DataElement | RawDataElement,
    *,
    implicit: bool,
    charset: str | list[str] = DEFAULT_ENCODING,
) -> bytes:
    """Write one element with all that is in it."""
    within = items(element)
    if within is not None:
        return _head(element, "SQ", value := _items(within, implicit), implicit=implicit) + value
    if isinstance(element, DataElement):
        return _converted(element, implicit=implicit, charset=charset)
    value = element.value or b""
    vr = _explicit_vr(element)
    if element.length == UNDEFINED:
        end = pack("<HHI", SEQUENCE_END >> 16, SEQUENCE_END & 0xFFFF, 0)
        return _head(element, vr, None, implicit=implicit) + value + end
    return _head(element, vr, value, implicit=implicit) + value


def _explicit_vr(element: RawDataElement) -> str:
    return str(element.VR) if element.VR else written_vr(element)


def _head(
    element: DataElement | RawDataElement, vr: str, value: bytes | None, *, implicit: bool
) -> bytes:
    group, number = element.tag >> 16, element.tag & 0xFFFF
    length = UNDEFINED if value is None else len(value)
    if implicit:
        return pack("<HHI", group, number, length)
    if vr not in LONG_VRS and length < _SHORTEST_LONG:
        return pack("<HH2sH", group, number, vr.encode(), length)
    code = vr if vr in LONG_VRS else "UN"  # PS3.5 §6.2.2: too long for its VR
    return pack("<HH2sxxI", group, number, code.encode(), length)


def _items(within: Pieces[Dataset], implicit: bool) -> bytes:  # noqa: FBT001 -- private, named by its caller
    written = []
    for item in within:
        value = encode(item, implicit=implicit)
        written += [pack("<HHI", ITEM >> 16, ITEM & 0xFFFF, len(value)), value]
    return b"".join(written)


def _converted(
    element: DataElement, *, implicit: bool, charset: str | list[str] = DEFAULT_ENCODING
) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = implicit, True
    write_data_element(buffer, element, charset)
    return bytes(buffer.getvalue())
