"""Where each frame lies in the source.

Encapsulated pixel data is a run of items, one or more to a frame (PS3.5 §A.4); which belong
to which frame is said by the Basic or the Extended Offset Table, or follows from the counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from struct import unpack
from typing import BinaryIO

from deid.errors import Reason, SuspectError, UnreadableError
from deid.findings import Finding
from deid.pixels.coding.codecs import JPEG_2000_PLAIN, JPEG_LS, Layout, decoded, read_layout
from deid.pixels.coding.packed import spans
from deid.source import Parsed, Pixels
from deid.values import raw

_ITEM = 0xFFFEE000
ITEM_HEAD = 8
_BYTE = 8
_EXTENDED = 0x7FE00001
_EXTENDED_LENGTHS = 0x7FE00002
_END_MARKS = (b"\xff\xd9",)  # EOI of JPEG and JPEG-LS, EOC of JPEG 2000
_TAIL = 16
# The largest films and detectors give some 35 million pixels, the longest tomosynthesis
# some 2 thousand million. To write one frame anew takes up to six times its bytes.
_MOST_PIXELS = 5 << 23
# Of one frame, where to decode it and write it anew takes more: JPEG 2000 holds each pixel in four
# bytes beside the frame, and again for what it writes, 14 bytes in all; JPEG-LS takes nine.
_MOST_CODED = dict.fromkeys(JPEG_2000_PLAIN, 3 << 23) | dict.fromkeys(JPEG_LS, 9 << 22)
_MOST_IN_ALL = 1 << 33
_MOST_BYTES = 5 << 24  # of one frame as it is stored


@dataclass(frozen=True)
class Fragment:
    """One item of encapsulated pixel data: offset and length of its value in the source.

    `bit` is where in its first byte a native frame starts, which has pixels of one bit.
    """

    offset: int
    length: int
    bit: int = 0


Frame = tuple[Fragment, ...]


@dataclass(frozen=True, repr=False)
class Frames:
    """The frames of one object, by place.

    Attributes:
        layout: How pixels are stored.
        places: For each frame its fragments; a native frame is one.
        table: The Basic Offset Table held offsets.
        extended: There is an Extended Offset Table, and these are its lengths.
        cut: Frames by index whose places are only what is to be kept of them.
    """

    layout: Layout
    places: tuple[Frame, ...]
    table: bool = False
    extended: tuple[int, ...] = ()
    cut: frozenset[int] = frozenset()


def locate_frames(reader: BinaryIO, parsed: Parsed) -> Frames:
    """Find every frame without reading any.

    Raises:
        UnreadableError: An offset table is no table of offsets.
        SuspectError: It cannot be told what belongs to which frame, or there is more of it
            than any detector gives.
    """
    layout = read_layout(parsed.header)
    pixels = parsed.pixels
    area = layout.rows * layout.columns
    if pixels is None or area > _MOST_PIXELS or area * layout.frames > _MOST_IN_ALL:
        raise SuspectError(Reason.UNDECODABLE)
    most = _MOST_CODED.get(parsed.transfer_syntax, _MOST_PIXELS)
    if layout.frame_length > _MOST_BYTES or area > most:
        raise SuspectError(Reason.UNDECODABLE)
    if pixels.encapsulated:
        if layout.allocated == 1:
            raise SuspectError(Reason.UNDECODABLE)  # no code stream of single bits is read here
        return _locate_fragments(reader, parsed, decoded(layout, parsed.transfer_syntax))
    if _EXTENDED in parsed.header or _EXTENDED_LENGTHS in parsed.header:
        raise SuspectError(Reason.UNDECODABLE)  # of no use, and of any content
    return Frames(layout, _locate_native(pixels, layout))


def _locate_native(pixels: Pixels, layout: Layout) -> tuple[Frame, ...]:
    length = (layout.frame_bits * layout.frames + _BYTE - 1) // _BYTE
    spare = pixels.end - pixels.value - length
    if not 0 <= spare <= 1:  # more would be pixels of no frame; less is cut short
        raise SuspectError(Reason.UNDECODABLE)
    return tuple(
        (Fragment(pixels.value + start, length, bit),)
        for start, length, bit in spans(layout.frame_bits, layout.frames)
    )


@contextmanager
def in_frame(index: int, what: str = "cannot be decoded") -> Iterator[None]:
    """Let an error about pixels that cannot be decoded say in which frame, from 0."""
    try:
        yield
    except SuspectError as error:
        if error.reason is not Reason.UNDECODABLE or error.findings:
            raise
        raise SuspectError(error.reason, (Finding(f"frame {index + 1}", what),)) from error


def read_frame(reader: BinaryIO, frame: Frame) -> bytes:
    """Read the stored bytes of one frame."""
    parts = []
    for fragment in frame:
        reader.seek(fragment.offset)
        parts.append(reader.read(fragment.length))
    return b"".join(parts) if len(parts) > 1 else parts[0]


def _locate_fragments(reader: BinaryIO, parsed: Parsed, layout: Layout) -> Frames:
    pixels = parsed.pixels
    if pixels is None:
        raise SuspectError(Reason.UNDECODABLE)
    table, *fragments = _walk(reader, pixels.value, pixels.end)
    if not fragments:
        raise SuspectError(Reason.UNDECODABLE)
    if table.length not in (0, 4 * layout.frames):
        raise UnreadableError(Reason.MALFORMED)
    reader.seek(table.offset)
    basic = unpack(f"<{table.length // 4}I", reader.read(table.length))
    extended = _longs(parsed, _EXTENDED)
    lengths = _longs(parsed, _EXTENDED_LENGTHS)
    if len(extended) != len(lengths) or (extended and basic):
        raise SuspectError(Reason.UNDECODABLE)
    starts = extended or basic
    places = _by_table(fragments, starts) if starts else _by_count(reader, fragments, layout.frames)
    if len(places) != layout.frames or not _agree(places, lengths):
        raise SuspectError(Reason.UNDECODABLE)
    return Frames(layout, places, table=bool(basic), extended=lengths if extended else ())


def _agree(places: tuple[Frame, ...], lengths: tuple[int, ...]) -> bool:
    """Tell whether the lengths of an Extended Offset Table are those of the frames, less a pad."""
    return not lengths or all(
        len(frame) == 1 and frame[0].length - length in (0, 1)
        for frame, length in zip(places, lengths, strict=True)
    )


def _longs(parsed: Parsed, tag: int) -> tuple[int, ...]:
    element = parsed.header.get_item(tag) if tag in parsed.header else None
    value = raw(element) if element is not None else b""
    if len(value) % 8:
        raise SuspectError(Reason.UNDECODABLE)
    return unpack(f"<{len(value) // 8}Q", value)


def _walk(reader: BinaryIO, start: int, end: int) -> Iterator[Fragment]:
    at = start
    while at + ITEM_HEAD <= end:
        reader.seek(at)
        group, element, length = unpack("<HHI", reader.read(ITEM_HEAD))
        if group << 16 | element != _ITEM:
            return
        yield Fragment(at + ITEM_HEAD, length)
        at += ITEM_HEAD + length


def _by_table(fragments: list[Fragment], starts: tuple[int, ...]) -> tuple[Frame, ...]:
    """Cut the fragments where the offset table says that frames begin."""
    base = fragments[0].offset
    index = {fragment.offset - base: number for number, fragment in enumerate(fragments)}
    if starts[0] != 0 or any(start not in index for start in starts):
        raise UnreadableError(Reason.MALFORMED)
    cuts = [*(index[start] for start in starts), len(fragments)]
    if any(here >= there for here, there in pairwise(cuts)):
        raise SuspectError(Reason.UNDECODABLE)
    return tuple(tuple(fragments[here:there]) for here, there in pairwise(cuts))


def _by_count(reader: BinaryIO, fragments: list[Fragment], count: int) -> tuple[Frame, ...]:
    """Cut without a table: one fragment a frame, one frame, or where a code stream ends."""
    if len(fragments) == count:
        return tuple((fragment,) for fragment in fragments)
    if count == 1:
        return (tuple(fragments),)
    frames: list[Frame] = []
    current: list[Fragment] = []
    for fragment in fragments:
        current.append(fragment)
        tail = min(_TAIL, fragment.length)
        reader.seek(fragment.offset + fragment.length - tail)
        if reader.read(tail).rstrip(b"\0").endswith(_END_MARKS):
            frames.append(tuple(current))
            current = []
    if current:
        raise SuspectError(Reason.UNDECODABLE)
    return tuple(frames)
