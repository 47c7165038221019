"""How changed frames are put between the others, which keep their bytes (PS3.5 §A.4)."""

from collections.abc import Mapping, Sequence
from struct import pack

from deid.errors import Reason, SuspectError
from deid.pixels.coding.frames import ITEM_HEAD, Frame, Frames
from deid.source import Lazy, Parsed, Piece, Slice

Run = tuple[int, bytes | Lazy]
_DELIMITER = b"\xfe\xff\xdd\xe0\0\0\0\0"
_LONGEST_OFFSET = 0xFFFFFFFF


def length_of(piece: bytes | Lazy) -> int:
    """Give the bytes a piece takes, made or not."""
    return piece.length if isinstance(piece, Lazy) else len(piece)


def splice_native(parsed: Parsed, runs: Sequence[Run]) -> tuple[Piece, ...]:
    """Build the element again with runs at absolute offsets in place of what lies there."""
    if parsed.pixels is None:
        raise SuspectError(Reason.UNCHECKED)
    pieces: list[Piece] = []
    at = parsed.pixels.start
    for offset, data in runs:
        if offset > at:
            pieces.append(Slice(at, offset - at))
        pieces.append(data)
        at = offset + length_of(data)
    if at < parsed.pixels.end:
        pieces.append(Slice(at, parsed.pixels.end - at))
    return tuple(pieces)


def splice_encapsulated(
    parsed: Parsed, frames: Frames, changed: Mapping[int, bytes | Lazy]
) -> tuple[tuple[Piece, ...], dict[str, bytes]]:
    """Build the element again with some frames exchanged.

    Returns:
        The pieces of the whole element, and header elements that change with it: the
        Extended Offset Table and its lengths, where the object has them (PS3.3 §C.7.6.3.1.8).
    """
    pixels = parsed.pixels
    if pixels is None:
        raise SuspectError(Reason.UNCHECKED)
    body: list[Piece] = []
    starts: list[int] = []
    at = 0
    for index, frame in enumerate(frames.places):
        starts.append(at)
        whole = index not in frames.cut
        pieces, length = _items(frame, changed.get(index), whole=whole)
        body += pieces
        at += length
    header = Slice(pixels.start, pixels.value - pixels.start)
    table = _table(starts) if frames.table else pack("<HHI", 0xFFFE, 0xE000, 0)
    changes = {}
    if frames.extended:
        lengths = [
            _length(frames, index, changed.get(index)) for index in range(len(frames.extended))
        ]
        changes["ExtendedOffsetTable"] = pack(f"<{len(starts)}Q", *starts)
        changes["ExtendedOffsetTableLengths"] = pack(f"<{len(lengths)}Q", *lengths)
    return (header, table, *body, _DELIMITER), changes


def _length(frames: Frames, index: int, data: bytes | Lazy | None) -> int:
    if data is not None:
        return length_of(data)
    if index in frames.cut:
        return sum(fragment.length for fragment in frames.places[index])
    return frames.extended[index]


def _items(frame: Frame, data: bytes | Lazy | None, *, whole: bool) -> tuple[list[Piece], int]:
    if data is not None:
        length = length_of(data)
        return [pack("<HHI", 0xFFFE, 0xE000, length), data], ITEM_HEAD + length
    if not whole:
        length = sum(fragment.length for fragment in frame)
        pad = length % 2
        head = pack("<HHI", 0xFFFE, 0xE000, length + pad)
        kept = [Slice(fragment.offset, fragment.length) for fragment in frame]
        return [head, *kept, *[b"\0"] * pad], ITEM_HEAD + length + pad
    first, last = frame[0], frame[-1]
    start = first.offset - ITEM_HEAD
    length = last.offset + last.length - start
    return [Slice(start, length)], length


def _table(starts: list[int]) -> bytes:
    """Write a Basic Offset Table; an empty one is legal where offsets are too long for it."""
    if starts[-1] > _LONGEST_OFFSET:
        starts = []
    return pack(f"<HHI{len(starts)}I", 0xFFFE, 0xE000, 4 * len(starts), *starts)
