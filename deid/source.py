"""Read a DICOM object without its pixels, and say where the pixels lie."""

from collections.abc import Callable
from dataclasses import dataclass
from io import SEEK_END
from struct import unpack
from typing import BinaryIO

from pydicom.config import IGNORE
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, AllTransferSyntaxes, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from deid.elements import (
    DEFAULT_ENCODING,
    ITEM,
    PIXEL_DATA,
    SEQUENCE_END,
    UNDEFINED,
    Bytes,
    Coding,
    ShortError,
    malformed,
    read_dataset,
    read_head,
)
from deid.errors import Reason, UnreadableError
from deid.values import items, number, raw, text, value_of

PREAMBLE = 128
MAGIC = b"DICM"
_META = 0x0002
_TRANSFER_SYNTAX = 0x00020010
_ENCAPSULATED = ("1.2.840.10008.1.2.4.", "1.2.840.10008.1.2.5")
# JPIP refers to pixels elsewhere; MPEG-2, MPEG-4 and HEVC (4.100 to 4.108) are video
_NOT_STILL = ("1.2.840.10008.1.2.4.94", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.10")
# Most headers fit the first; with private blobs or a thousand frames the second.
WINDOWS = (1 << 17, 1 << 22, 1 << 26)
_MOST_FRAGMENTS = 1 << 18
_NUMBER_OF_FRAMES = 0x00280008
_MOST_FRAMES = 1 << 16
_MOST_DIGITS = 9
_SUBSAMPLED = {"YBR_FULL_422": 2 / 3, "YBR_PARTIAL_422": 2 / 3, "YBR_PARTIAL_420": 1 / 2}


@dataclass(frozen=True)
class Slice:
    """Bytes of the source that pass through untouched: absolute offset and length."""

    offset: int
    length: int


@dataclass(frozen=True, repr=False)
class Lazy:
    """Bytes that are made when they are written, so that one frame at a time is in memory.

    Attributes:
        make: Makes them out of the source, the same each time.
        length: How many they are.
    """

    make: Callable[[BinaryIO], bytes]
    length: int


Piece = bytes | Slice | Lazy


@dataclass(frozen=True)
class Pixels:
    """Where the Pixel Data element (7FE0,0010) lies in the source, in absolute offsets.

    Attributes:
        start: First byte of the element's tag.
        value: First byte of its value (encapsulated: of the Basic Offset Table item).
        end: One past the element, sequence delimiter included.
        encapsulated: The value is a sequence of fragments (PS3.5 §A.4).
    """

    start: int
    value: int
    end: int
    encapsulated: bool = False


@dataclass(frozen=True, repr=False)
class Parsed:
    """One object as read: everything but the pixels, which stay where they are.

    Attributes:
        preamble: The 128 bytes before the file's mark.
        meta: File meta, group 0002.
        header: All elements before the pixels.
        pixels: Where they are; None if there are none that can be looked at.
        transfer_syntax: How it is written.
        end: One past the last element of the header.
    """

    preamble: bytes
    meta: FileMetaDataset
    header: Dataset
    pixels: Pixels | None
    transfer_syntax: UID
    end: int = 0


def parse(reader: BinaryIO) -> Parsed:
    """Read the header of a Part 10 file and locate its pixel data (PS3.10 §7).

    Leaves of the header stay raw elements; only nesting is resolved. What follows the pixel
    data is left out.

    Raises:
        UnreadableError: No Part 10 file, cut short, malformed, or of a transfer syntax that
            is not supported: video, and what `convert` has not converted.
    """
    size = reader.seek(0, SEEK_END)
    for window in WINDOWS:
        reader.seek(0)
        source = Bytes(reader.read(window), size)
        try:
            return _parse(reader, source)
        except ShortError:
            continue
    raise malformed()


def _parse(reader: BinaryIO, source: Bytes) -> Parsed:
    start = PREAMBLE + len(MAGIC)
    if source.data[PREAMBLE:start] != MAGIC:
        raise UnreadableError(Reason.NOT_DICOM)
    meta, at = read_meta(source, start)
    syntax = _transfer_syntax(meta)
    coding = Coding(syntax == ImplicitVRLittleEndian, DEFAULT_ENCODING)
    header, at = read_dataset(source, at, stop=source.size, coding=coding)
    pixels = None
    if at < source.size:
        pixels = _locate(reader, source, at, header=header, syntax=syntax)
    return Parsed(source.data[:PREAMBLE], meta, header, pixels, syntax, at)


def read_meta(source: Bytes, at: int) -> tuple[FileMetaDataset, int]:
    """Read group 0002 by its elements; its declared length may lie."""
    end = at
    while end + 8 <= source.size:
        head = read_head(source, end, implicit=False) if _is_meta(source, end) else None
        if head is None:
            break
        end = head.value + head.length
        source.need(end)
    elements, _ = read_dataset(source, at, stop=end, coding=Coding(False, DEFAULT_ENCODING))  # noqa: FBT003 -- explicit VR
    meta = FileMetaDataset()
    for tag in elements.keys():  # noqa: SIM118 -- iterating a Dataset converts its elements
        meta[tag] = elements.get_item(tag)
    meta.set_original_encoding(False, True, DEFAULT_ENCODING)  # noqa: FBT003 -- pydicom
    return meta, end


def _is_meta(source: Bytes, at: int) -> bool:
    source.need(at + 8)
    return int.from_bytes(source.data[at : at + 2], "little") == _META


def _transfer_syntax(meta: FileMetaDataset) -> UID:
    element = meta.get_item(_TRANSFER_SYNTAX) if _TRANSFER_SYNTAX in meta else None
    if not isinstance(element, RawDataElement):
        raise malformed()
    uid = UID(text(element, DEFAULT_ENCODING), IGNORE)
    native = uid in {ImplicitVRLittleEndian, ExplicitVRLittleEndian}
    still = uid.startswith(_ENCAPSULATED) and not uid.startswith(_NOT_STILL)
    if uid not in AllTransferSyntaxes or not (native or still):
        raise UnreadableError(Reason.TRANSFER_SYNTAX)
    return uid


def _locate(
    reader: BinaryIO, source: Bytes, at: int, *, header: Dataset, syntax: UID
) -> Pixels | None:
    head = read_head(source, at, implicit=syntax == ImplicitVRLittleEndian)
    if head.tag != PIXEL_DATA:
        return None
    if (head.length == UNDEFINED) != syntax.is_encapsulated:
        raise malformed()
    frames = count_frames(header)
    if syntax.is_encapsulated:
        end, fragments = _walk_fragments(reader, head.value, source.size)
        if fragments < frames:
            raise UnreadableError(Reason.TRUNCATED)
        return Pixels(at, head.value, end, encapsulated=True)
    end = head.value + head.length
    if end > source.size or head.length < expected(header, frames):
        raise UnreadableError(Reason.TRUNCATED)
    return Pixels(at, head.value, end)


def count_frames(header: Dataset) -> int:
    """Give the Number of Frames (PS3.3 §C.7.6.6); absent or empty, it is one.

    What cannot be read must not pass as one frame: nobody would look at the others.
    """
    element = header.get_item(_NUMBER_OF_FRAMES) if _NUMBER_OF_FRAMES in header else None
    if element is None:
        return 1
    value = raw(element).strip(b" \0")
    if items(element) is not None or not (value.isdigit() or not value):
        raise malformed()
    if len(value) > _MOST_DIGITS or not 0 < int(value or b"1") <= _MOST_FRAMES:
        raise malformed()
    return int(value or b"1")


def expected(header: Dataset, frames: int) -> int:
    """Give the bytes that native frames take (PS3.5 §8.1.1); 0 if the header does not say."""
    rows, columns = number(header, 0x00280010), number(header, 0x00280011)
    samples, bits = number(header, 0x00280002) or 1, number(header, 0x00280100)
    share = _SUBSAMPLED.get(value_of(header, 0x00280004), 1.0)
    return int((rows * columns * samples * frames * bits + 7) // 8 * share)


def _walk_fragments(reader: BinaryIO, at: int, size: int) -> tuple[int, int]:
    """Step over fragments by their item headers; give the end and how many there are."""
    for count in range(_MOST_FRAGMENTS):
        if at + 8 > size:
            raise UnreadableError(Reason.TRUNCATED)
        reader.seek(at)
        tag_group, tag_number, length = unpack("<HHI", reader.read(8))
        tag = tag_group << 16 | tag_number
        at += 8
        if tag == SEQUENCE_END and not length:
            return at, max(count - 1, 0)
        if tag != ITEM or length == UNDEFINED:
            raise malformed()
        at += length
    raise malformed()
