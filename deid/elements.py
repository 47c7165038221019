"""Build a Dataset from bytes, element by element, without converting a single value.

pydicom's own reader converts and warns while it reads, and its warnings quote values. Here
every leaf stays the bytes it was; nesting is bounded, and no length is believed before it is
known to fit (PS3.5 §7.1, §7.5).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import count
from struct import unpack_from
from typing import NamedTuple

from pydicom.charset import python_encoding
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from deid.errors import Reason, UnreadableError

UNDEFINED = 0xFFFFFFFF
PIXEL_DATA = 0x7FE00010
# Float and Double Float Pixel Data stand where Pixel Data does (PS3.3 §C.7.6.24)
PIXELS = frozenset({PIXEL_DATA, 0x7FE00008, 0x7FE00009})
ITEM = 0xFFFEE000
ITEM_END = 0xFFFEE00D
SEQUENCE_END = 0xFFFEE0DD
CHARACTER_SET = 0x00080005
DEFAULT_ENCODING = "iso8859"

# PS3.5 Table 7.1-1: these have two reserved bytes and a length of four
LONG_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
SHORT_VRS = frozenset(
    {"AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT"}
    | {"PN", "SH", "SL", "SS", "ST", "TM", "UI", "UL", "US"}
)
_VR = {vr.encode(): vr for vr in LONG_VRS | SHORT_VRS}
_DEEPEST = 24
# Heads of elements and items in a header, and in its per-frame functional groups: a tomosynthesis
# of a thousand frames, each with a dozen groups, has well under 100 000 there (an estimate)
_MOST_HEADS, _MOST_IN_FRAMES = 50_000, 200_000
_PER_FRAME = 0x52009230


class ShortError(Exception):
    """More bytes are needed than are at hand."""


@dataclass(frozen=True, repr=False)
class Bytes:
    """The first bytes of a file, how many the whole has, and how many heads were read of it."""

    data: bytes
    size: int
    heads: Iterator[int] = field(default_factory=count)

    @cached_property
    def at_hand(self) -> int:
        """How many bytes can be read without asking."""
        return min(len(self.data), self.size)

    def need(self, end: int) -> None:
        """Raise unless the bytes up to `end` exist and are at hand."""
        if end > self.size:
            raise UnreadableError(Reason.TRUNCATED)
        if end > len(self.data):
            raise ShortError


@dataclass(frozen=True, repr=False)
class Coding:
    """How a stretch of bytes is to be read: VR coding, character set and depth."""

    implicit: bool
    charset: str | list[str]
    depth: int = 0


class Head(NamedTuple):
    """The header of one element.

    Attributes:
        tag: Group and element as one number.
        vr: Value representation; None in implicit coding.
        length: Of the value in bytes, or `UNDEFINED`.
        value: Offset of the value.
    """

    tag: int
    vr: str | None
    length: int
    value: int


@lru_cache(maxsize=16384)
def known_vr(tag: int) -> str | None:
    """Look a tag up in PS3.6; None for what it does not hold, and for private tags."""
    try:
        return str(dictionary_VR(tag))
    except KeyError:
        return None


def encodings(terms: bytes) -> str | list[str]:
    """Map a Specific Character Set to Python codecs; what is unknown reads as Latin-1."""
    names = terms.decode("ascii", "replace").replace("\0", "").split("\\")
    codecs = [python_encoding.get(name.strip(), DEFAULT_ENCODING) for name in names]
    return codecs[0] if len(codecs) == 1 else codecs


def read_head(source: Bytes, at: int, *, implicit: bool) -> Head:
    """Read one element header, explicit or implicit VR little endian."""
    if at + 8 > source.at_hand:
        source.need(at + 8)
    if next(source.heads) > _MOST_HEADS:
        raise malformed()
    group, number, length = unpack_from("<HHI", source.data, at)
    tag = group << 16 | number
    if implicit or group == ITEM >> 16:
        return Head(tag, None, length, at + 8)
    vr = _VR.get(source.data[at + 4 : at + 6])
    if vr is None:
        raise malformed()
    if vr in LONG_VRS:
        if at + 12 > source.at_hand:
            source.need(at + 12)
        return Head(tag, vr, unpack_from("<I", source.data, at + 8)[0], at + 12)
    return Head(tag, vr, length >> 16, at + 8)


def read_dataset(
    source: Bytes, at: int, *, stop: int | None, coding: Coding
) -> tuple[Dataset, int]:
    """Read elements up to `stop`, an item delimiter or, at the top, the pixel data.

    Args:
        source: The bytes.
        at: Where the first element starts.
        stop: Where the last one ends; None for an item of undefined length.
        coding: How to read them.

    Returns:
        The dataset, and the offset behind its last element (delimiter included).
    """
    if coding.depth > _DEEPEST:
        raise malformed()
    found: dict[BaseTag, DataElement | RawDataElement] = {}
    while stop is None or at < stop:
        head = read_head(source, at, implicit=coding.implicit)
        if head.tag == ITEM_END and stop is None:
            at = head.value
            break
        if coding.depth == 0 and head.tag in PIXELS:
            break
        element, at = _read_element(source, head, coding)
        if (stop is not None and at > stop) or head.tag in found or head.tag >> 16 == ITEM >> 16:
            raise malformed()
        found[element.tag] = element
        if head.tag == CHARACTER_SET and isinstance(element, RawDataElement):
            coding = Coding(coding.implicit, encodings(element.value or b""), coding.depth)
    dataset = Dataset(found)
    dataset.set_original_encoding(coding.implicit, True, coding.charset)  # noqa: FBT003 -- pydicom
    return dataset, at


def _read_element(
    source: Bytes, head: Head, coding: Coding
) -> tuple[DataElement | RawDataElement, int]:
    vr = known_vr(head.tag) if head.vr in {None, "UN"} else head.vr
    undefined = head.length == UNDEFINED
    private = bool(head.tag >> 16 & 1)
    if undefined and (vr in {"OB", "OW", "OB or OW"} or head.tag == PIXEL_DATA):
        end = _skip_fragments(source, head.value)
        return _raw(source, head, end - 8, coding), end
    if undefined or (vr == "SQ" and not private):
        if coding.depth == 0 and head.tag == _PER_FRAME:
            source = Bytes(source.data, source.size, count(_MOST_HEADS - _MOST_IN_FRAMES))
        implicit = coding.implicit or head.vr == "UN"
        inner = Coding(implicit, coding.charset, coding.depth + 1)
        items, end = _read_items(source, head, inner)
        sequence = DataElement(
            BaseTag(head.tag), "SQ", items, is_undefined_length=undefined, already_converted=True
        )
        return sequence, end
    end = head.value + head.length
    if end > source.at_hand:
        source.need(end)
    return _raw(source, head, end, coding), end


def _raw(source: Bytes, head: Head, end: int, coding: Coding) -> RawDataElement:
    value = source.data[head.value : end]
    implicit = coding.implicit
    return RawDataElement(
        BaseTag(head.tag),
        head.vr,
        head.length,
        value,
        head.value,
        implicit,
        True,  # noqa: FBT003 -- pydicom
    )


def _read_items(source: Bytes, head: Head, coding: Coding) -> tuple[Sequence, int]:
    undefined = head.length == UNDEFINED
    at = head.value
    stop = None if undefined else at + head.length
    if stop is not None:
        source.need(stop)
    items = []
    while stop is None or at < stop:
        item = read_head(source, at, implicit=True)
        if item.tag == SEQUENCE_END and undefined:
            at = item.value
            break
        if item.tag != ITEM:
            raise malformed()
        end = None if item.length == UNDEFINED else item.value + item.length
        if end is not None:
            source.need(end)
        dataset, at = read_dataset(source, item.value, stop=end, coding=coding)
        items.append(dataset)
    if stop is not None and at != stop:
        raise malformed()
    return Sequence(items), at


def _skip_fragments(source: Bytes, at: int) -> int:
    while True:
        item = read_head(source, at, implicit=True)
        if item.tag == SEQUENCE_END:
            return item.value
        if item.tag != ITEM or item.length == UNDEFINED:
            raise malformed()
        at = item.value + item.length
        source.need(at)


def malformed() -> UnreadableError:
    """Make the error for bytes that cannot be DICOM."""
    return UnreadableError(Reason.MALFORMED)
