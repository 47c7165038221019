"""Bytes behind the last packet of a tile of JPEG 2000 or HTJ2K (T.800 A.4.2, Annex B).

Only the lengths in packet headers say where packets end. OpenJPEG adds them up before it decodes
anything, and refuses a tile with less than they say: so a tile without its last byte must be
refused. Each tile is tried as an image of its own.
"""

from collections import defaultdict
from collections.abc import Iterator
from struct import pack, unpack_from

import imagecodecs

_SIZE, _TILE_PART, _LENGTHS = 0xFF51, 0xFF90, 0xFF55
_END = b"\xff\xd9"
_DATA = b"\xff\x93"
_PART_HEAD = 12  # bytes of SOT
_SIZES = ">8I"
_SIZES_AT = 6  # in the segment SIZ: behind its marker, length and capabilities
_MOST_TILES = 4096


def has_tail(data: bytes) -> bool:
    """Tell whether a tile of a walked stream goes on behind its last packet.

    Zeros there tell nothing: they are empty packets, or no more than a number.
    """
    header, tiles = _read(data)
    if len(tiles) > _MOST_TILES:
        return True
    return any(_is_longer(_header_of(header, tile), parts) for tile, parts in tiles.items())


def _read(data: bytes) -> tuple[bytes, dict[int, list[bytes]]]:
    """Give the main header without lengths of tile-parts, and the tile-parts of each tile."""
    kept, at = [data[:2]], 2
    for marker, end in _segments(data):
        if marker != _LENGTHS:
            kept.append(data[at:end])
        at = end
    tiles = defaultdict(list)
    last = data.rindex(_END)
    while at < last:
        tile, length = unpack_from(">HI", data, at + 4)
        stop = at + length if length else last
        tiles[tile].append(data[at:stop])
        at = stop
    return b"".join(kept), tiles


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    at = 2
    while True:
        marker, length = unpack_from(">HH", data, at)
        if marker == _TILE_PART:
            return
        at += 2 + length
        yield marker, at


def _header_of(header: bytes, tile: int) -> bytes:
    """Make the image as large as one tile, which stays where it is on the reference grid."""
    at = 2 + _SIZES_AT
    right, bottom, left, top, width, height, first, upper = unpack_from(_SIZES, header, at)
    down, along = divmod(tile, -((first - right) // width))
    first, upper = first + along * width, upper + down * height
    right, bottom = min(right, first + width), min(bottom, upper + height)
    left, top = max(left, first), max(top, upper)
    sizes = pack(_SIZES, right, bottom, left, top, width, height, first, upper)
    return header[:at] + sizes + header[at + len(sizes) :]


def _is_longer(header: bytes, parts: list[bytes]) -> bool:
    """Tell whether a tile is whole without its last byte that is not zero."""
    *before, last = parts
    code = last.index(_DATA) + len(_DATA)
    cut = len(last[code:].rstrip(b"\0"))
    if not cut:  # zeros alone
        return False
    shown = [_as_first(part) for part in (*before, last[: code + cut - 1])]
    try:
        imagecodecs.jpeg2k_decode(header + b"".join(shown) + _END)
    except imagecodecs.Jpeg2kError:
        return False
    return True


def _as_first(part: bytes) -> bytes:
    """Write a tile-part as one of the first tile, with its length."""
    return part[:4] + pack(">HI", 0, len(part)) + part[_PART_HEAD - 2 :]
