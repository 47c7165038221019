"""Write Apache Parquet while rows come: no library, no temporary file, memory of one row group.

Of the format (parquet-format 2.x) the least that every reader knows: version 1 data pages, PLAIN
values, optional columns by bit-packed definition levels, no compression. Metadata is written in
Thrift's compact protocol.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice
from typing import Any

from catalog.releases.columns import Column, Values

ROWS = 5_000
_MAGIC = b"PAR1"
_MAKER = "mammo-dataspace"

# Types of Thrift's compact protocol
_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12
_SHORT_LIST, _SHORT_STEP = 14, 15
# Words of parquet.thrift
_OPTIONAL, _PLAIN, _RLE, _UNCOMPRESSED, _DATA_PAGE, _UTF8 = 1, 0, 3, 0, 0, 0


class _Type(IntEnum):
    BOOLEAN = 0
    INT64 = 2
    DOUBLE = 5
    BYTE_ARRAY = 6


_TYPES = {
    Values.TEXT: _Type.BYTE_ARRAY,
    Values.WHOLE: _Type.INT64,
    Values.NUMBER: _Type.DOUBLE,
    Values.TRUTH: _Type.BOOLEAN,
}
Field = tuple[int, int, Any]


@dataclass(frozen=True)
class _Chunk:
    """Where one column of one row group lies, and how many values it has."""

    offset: int
    size: int
    values: int


def parquet(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Yield a Parquet file of rows, by column names; None is null."""
    yield _MAGIC
    offset, groups = len(_MAGIC), []
    rest = iter(rows)
    while batch := list(islice(rest, ROWS)):
        chunks = []
        for column in columns:
            page = _page(column, [row[column.name] for row in batch])
            chunks.append(_Chunk(offset, len(page), len(batch)))
            offset += len(page)
            yield page
        groups.append(chunks)
    footer = _footer(columns, groups)
    yield footer + struct.pack("<I", len(footer)) + _MAGIC


def _page(column: Column, values: list[Any]) -> bytes:
    levels = _bits([value is not None for value in values])
    levels = _varint(len(levels) << 1 | 1) + levels
    there = [value for value in values if value is not None]
    data = struct.pack("<I", len(levels)) + levels + _plain(column.values, there)
    page = [
        (1, _I32, len(values)),
        (2, _I32, _PLAIN),
        (3, _I32, _RLE),
        (4, _I32, _RLE),
    ]
    header = [(1, _I32, _DATA_PAGE), (2, _I32, len(data)), (3, _I32, len(data)), (5, _STRUCT, page)]
    return _struct(header) + data


def _plain(kind: Values, there: list[Any]) -> bytes:
    if kind is Values.TRUTH:
        return _bits(there)
    if kind is Values.TEXT:
        texts = (value.encode() for value in there)
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return struct.pack(f"<{len(there)}{'q' if kind is Values.WHOLE else 'd'}", *there)


def _bits(flags: list[bool]) -> bytes:
    """Pack truths, eight to a byte, the first in the lowest bit."""
    whole = sum(1 << place for place, flag in enumerate(flags) if flag)
    return whole.to_bytes((len(flags) + 7) // 8, "little")


def _footer(columns: Sequence[Column], groups: list[list[_Chunk]]) -> bytes:
    root: list[Field] = [(4, _BINARY, "instances"), (5, _I32, len(columns))]
    schema = [root, *(_element(column) for column in columns)]
    return _struct(
        [
            (1, _I32, 1),
            (2, _LIST, (_STRUCT, schema)),
            (3, _I64, sum(chunks[0].values for chunks in groups)),
            (4, _LIST, (_STRUCT, [_group(columns, chunks) for chunks in groups])),
            (6, _BINARY, _MAKER),
        ]
    )


def _element(column: Column) -> list[Field]:
    told: list[Field] = [
        (1, _I32, _TYPES[column.values]),
        (3, _I32, _OPTIONAL),
        (4, _BINARY, column.name),
    ]
    text: list[Field] = [(6, _I32, _UTF8), (10, _STRUCT, [(1, _STRUCT, [])])]
    return told + (text if column.values is Values.TEXT else [])


def _group(columns: Sequence[Column], chunks: list[_Chunk]) -> list[Field]:
    told = [
        [(2, _I64, chunk.offset), (3, _STRUCT, _chunk(column, chunk))]
        for column, chunk in zip(columns, chunks, strict=True)
    ]
    size = sum(chunk.size for chunk in chunks)
    return [(1, _LIST, (_STRUCT, told)), (2, _I64, size), (3, _I64, chunks[0].values)]


def _chunk(column: Column, chunk: _Chunk) -> list[Field]:
    return [
        (1, _I32, _TYPES[column.values]),
        (2, _LIST, (_I32, [_PLAIN, _RLE])),
        (3, _LIST, (_BINARY, [column.name])),
        (4, _I32, _UNCOMPRESSED),
        (5, _I64, chunk.values),
        (6, _I64, chunk.size),
        (7, _I64, chunk.size),
        (9, _I64, chunk.offset),
    ]


def _struct(fields: Sequence[Field]) -> bytes:
    written, last = bytearray(), 0
    for number, kind, value in fields:
        step = number - last
        written += (
            bytes([step << 4 | kind])
            if step <= _SHORT_STEP
            else bytes([kind]) + _varint(number << 1)
        )
        written += _value(kind, value)
        last = number
    return bytes(written) + b"\0"


def _value(kind: int, value: Any) -> bytes:  # noqa: ANN401 # by kind
    if kind == _STRUCT:
        return _struct(value)
    if kind == _BINARY:
        text: bytes = value.encode()
        return _varint(len(text)) + text
    if kind == _LIST:
        of, values = value
        many = len(values)
        head = bytes([many << 4 | of]) if many <= _SHORT_LIST else bytes([0xF0 | of])
        head += b"" if many <= _SHORT_LIST else _varint(many)
        return head + b"".join(_value(of, one) for one in values)
    return _varint(int(value) << 1)  # zigzag; no number here is below zero


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:  # noqa: PLR2004 # seven bits to a byte
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(written) + bytes([number])
