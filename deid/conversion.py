"""Deflated and big endian objects become Explicit VR Little Endian, block by block.

Of the two no value is changed (PS3.5 §A.2, §A.3, §A.5): the one is unpacked, the other has the
bytes of its numbers turned round. The rest of the walk then knows one byte order.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import SEEK_END, BytesIO
from itertools import chain
from struct import pack
from typing import BinaryIO

from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian

from deid.big_endian import turned
from deid.elements import (
    DEFAULT_ENCODING,
    UNDEFINED,
    Bytes,
    Coding,
    ShortError,
    malformed,
    read_dataset,
    read_head,
)
from deid.errors import DeidError, Reason, UnreadableError
from deid.headers.made import made
from deid.serialise import encode, encode_element
from deid.source import MAGIC, PREAMBLE, WINDOWS, count_frames, expected, read_meta
from deid.values import value_of

_TRANSFER_SYNTAX, _GROUP_LENGTH = 0x00020010, 0x00020000
_CONVERTED = (DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian)
_BLOCK = 1 << 17
_UNKNOWN = 1 << 62
_SPARE = 1 << 26  # bytes that pixel data may have too many: whoever looks at it refuses any
_RAW_DEFLATE = -15  # RFC 1951, the largest window (PS3.5 §A.5)


@dataclass(frozen=True, repr=False)
class Conversion:
    """An object as it would be in Explicit VR Little Endian.

    Attributes:
        size: How many bytes it will be, up to the end of its pixel data.
        blocks: Its bytes, made as they are asked for; each raises `UnreadableError` where the
            original is cut short or malformed.
    """

    size: int
    blocks: Iterator[bytes]


def convert(reader: BinaryIO, *, limit: int) -> Conversion | None:
    """Begin to convert an object; None if it needs no conversion, or is no DICOM object.

    No more is read than what its size follows from: of a deflated object the header.

    Args:
        reader: The whole original.
        limit: Most bytes that it may become.

    Raises:
        UnreadableError: It is malformed, cut short in its header, or would become too large.
    """
    size = reader.seek(0, SEEK_END)
    reader.seek(0)
    start = reader.read(WINDOWS[0])
    if not any(uid.encode() in start for uid in _CONVERTED):
        return None
    try:
        meta, at = read_meta(Bytes(start, size), PREAMBLE + len(MAGIC))
    except (DeidError, ShortError):
        return None
    syntax = value_of(meta, _TRANSFER_SYNTAX)
    if start[PREAMBLE : PREAMBLE + len(MAGIC)] != MAGIC or syntax not in _CONVERTED:
        return None
    head = start[:PREAMBLE] + MAGIC + _file_meta(meta)
    if syntax == ExplicitVRBigEndian:
        length, blocks = size - at, turned(reader, at, size)
    else:
        length, blocks = _unpacked(_inflate(reader, at))
    if len(head) + length > limit:
        raise UnreadableError(Reason.BOMB)
    return Conversion(len(head) + length, chain((head,), blocks))


def _file_meta(meta: Dataset) -> bytes:
    """Write file meta information anew, with another transfer syntax and its own length."""
    new = Dataset({tag: element for tag, element in meta.items() if tag != _GROUP_LENGTH})
    new.set_original_encoding(False, True, DEFAULT_ENCODING)  # noqa: FBT003 -- pydicom
    new[_TRANSFER_SYNTAX] = made(_TRANSFER_SYNTAX, "UI", ExplicitVRLittleEndian)
    written = encode(new, implicit=False)
    length = made(_GROUP_LENGTH, "UL", pack("<I", len(written)))
    return encode_element(length, implicit=False) + written


def _inflate(reader: BinaryIO, at: int) -> Iterator[bytes]:
    """Unpack a deflated stream in blocks, none larger than a block, however it was packed.

    Raises:
        UnreadableError: It ends before its end, or is no such stream.
    """
    unpacker = zlib.decompressobj(_RAW_DEFLATE)
    while not unpacker.eof:
        packed = unpacker.unconsumed_tail
        if not packed:
            reader.seek(at)
            packed = reader.read(_BLOCK)
            at += len(packed)
        try:
            block = unpacker.decompress(packed, _BLOCK)
        except zlib.error:
            raise malformed() from None
        if block:
            yield block
        elif not packed:
            raise UnreadableError(Reason.TRUNCATED)


def _unpacked(blocks: Iterator[bytes]) -> tuple[int, Iterator[bytes]]:
    """Unpack a header; give the length of the dataset up to the end of its pixel data, and it.

    What comes after that is never unpacked.
    """
    start, ended = b"", False
    for window in WINDOWS:
        buffer = BytesIO(start)
        buffer.seek(0, SEEK_END)
        while buffer.tell() < window and not ended:
            ended = not buffer.write(next(blocks, b""))
        start = buffer.getvalue()
        try:
            end = _end(Bytes(start, len(start) if ended else _UNKNOWN))
        except ShortError:
            continue
        return end, _upto(end, chain((start,), blocks))
    raise malformed()


def _end(source: Bytes) -> int:
    """Find the end of the pixel data by its length; without any, the end of the dataset."""
    coding = Coding(implicit=False, charset=DEFAULT_ENCODING)
    header, at = read_dataset(source, 0, stop=source.size, coding=coding)
    if at == source.size:
        return at
    head = read_head(source, at, implicit=False)
    if head.length == UNDEFINED:
        raise malformed()
    if head.length > expected(header, count_frames(header)) + _SPARE:
        raise UnreadableError(Reason.BOMB)
    return head.value + head.length


def _upto(end: int, blocks: Iterator[bytes]) -> Iterator[bytes]:
    left = end
    for block in blocks:
        yield block[:left]
        left -= len(block)
        if left <= 0:
            return
    raise UnreadableError(Reason.TRUNCATED)
