"""What a code stream of JPEG 2000 or HTJ2K would cost to decode, by its headers (T.800 Annex B).

A decoder makes room for every precinct and every code block that the headers speak of before it
reads a byte of them: a kilobyte can ask for gigabytes. So they are counted before anybody decodes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import error as StructError  # noqa: N812 -- a class, named like a function
from struct import unpack_from

import numpy as np
import numpy.typing as npt

_START = b"\xff\x4f\xff\x51"
_END, _TILE_PART, _DATA = 0xFFD9, 0xFF90, 0xFF93
_STYLE, _STYLE_OF = 0xFF52, 0xFF53
_SIZES_AT = 8  # of Xsiz: behind SOC, and marker, length and capabilities of SIZ
_DEPTHS_AT = 42
_SIGN = 0x80
_MOST_LAYERS = 32
# Of all tiles and colours. The largest film in tiles of 128 by 128 has half as many precincts, and
# in code blocks of 32 by 32 a third as many blocks; one takes 2 kB, and the other 200 bytes.
_MOST_PRECINCTS = 1 << 15
_MOST_BLOCKS = 1 << 17
_MOST_LEVELS = 32
_MOST_SEGMENTS = 1 << 18
_WHOLE = 15  # the exponent of a precinct whose size is not given

Edges = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Picture:
    """What SIZ says (T.800 A.5.1): edges of tiles, and for each colour whether it has a sign."""

    rows: int
    columns: int
    down: tuple[Edges, Edges]
    along: tuple[Edges, Edges]
    signed: tuple[bool, ...]


def read_picture(data: bytes) -> Picture | None:
    """Read the size of a code stream; None if it has none, or more tiles than anybody makes."""
    try:
        right, bottom, left, top, width, height, first, upper = unpack_from(">8I", data, _SIZES_AT)
        (colours,) = unpack_from(">H", data, _DEPTHS_AT - 2)
        depths = data[_DEPTHS_AT : _DEPTHS_AT + 3 * colours : 3]
        tiles = -((first - right) // width) * -((upper - bottom) // height)
    except (StructError, ZeroDivisionError):
        return None
    if not data.startswith(_START) or len(depths) != colours or not 0 < tiles <= _MOST_PRECINCTS:
        return None
    signed = tuple(bool(depth & _SIGN) for depth in depths)
    down, along = _edges(upper, height, (top, bottom)), _edges(first, width, (left, right))
    return Picture(bottom - top, right - left, down, along, signed)


def _edges(origin: int, size: int, picture: tuple[int, int]) -> tuple[Edges, Edges]:
    """Give where tiles start and end on one axis of the reference grid (T.800 B.3)."""
    start, end = picture
    starts = np.arange(origin, end, size, dtype=np.int64)
    return np.maximum(starts, start), np.minimum(starts + size, end)


def is_costly(data: bytes, picture: Picture) -> bool:
    """Tell whether any coding style asks for more than bounded memory, or cannot be read."""
    try:
        return not all(_is_bounded(layers, coding, picture) for layers, coding in _styles(data))
    except (StructError, IndexError, ValueError):
        return True


def _styles(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give layers and coding of every COD and COC, of tiles too, as levels, sizes and precincts."""
    at, tile = 2, 0
    for _ in range(_MOST_SEGMENTS):
        (marker,) = unpack_from(">H", data, at)
        if marker == _END:
            return
        if marker == _DATA:
            at = tile if tile > at else len(data)
            if at >= len(data):  # the last one, whose length need not be given
                return
            continue
        (length,) = unpack_from(">H", data, at + 2)
        body = data[at + 4 : at + 2 + length]
        if marker == _TILE_PART:
            tile = at + unpack_from(">I", body, 2)[0]
        elif marker == _STYLE:
            yield unpack_from(">H", body, 2)[0], _coding(body[0], body[5:])
        elif marker == _STYLE_OF:
            yield 1, _coding(body[1], body[2:])
        at += 2 + length
    raise ValueError


def _coding(flags: int, coding: bytes) -> bytes:
    """Give levels, sizes of code blocks, and the sizes of precincts for every resolution."""
    levels = coding[0]
    whole = bytes([_WHOLE << 4 | _WHOLE]) * (levels + 1)
    precincts = coding[5 : 6 + levels] if flags & 1 else whole
    if levels > _MOST_LEVELS or len(precincts) != levels + 1:
        raise ValueError
    return coding[:3] + precincts


def _is_bounded(layers: int, coding: bytes, picture: Picture) -> bool:
    """Count as if all tiles and colours were coded so (T.800 B.5 to B.7)."""
    levels, width, height, *precincts = coding
    count = blocks = 0
    for resolution, sizes in enumerate(precincts):
        reduced, bands = levels - resolution, 3 if resolution else 1
        across, down = sizes & 15, sizes >> 4
        if resolution and not (across and down):
            return False
        count += _parts(picture, reduced, (across, down))
        half = 1 if resolution else 0  # a band is half as large as its resolution
        block = min(width + 2 + half, across), min(height + 2 + half, down)
        blocks += bands * _parts(picture, reduced, block)
    colours = len(picture.signed)
    fits = count * colours <= _MOST_PRECINCTS and blocks * colours <= _MOST_BLOCKS
    return fits and 0 < layers <= _MOST_LAYERS


def _parts(picture: Picture, reduced: int, sizes: tuple[int, int]) -> int:
    """Count the parts of 2 to the power of sizes, across and down, into which tiles are cut."""
    across, down = sizes
    return _cut(picture.along, reduced, across) * _cut(picture.down, reduced, down)


def _cut(edges: tuple[Edges, Edges], reduced: int, size: int) -> int:
    first, last = (-(-edge >> reduced) for edge in edges)
    parts = -(-last >> size) - (first >> size)
    return int(parts[last > first].sum())
