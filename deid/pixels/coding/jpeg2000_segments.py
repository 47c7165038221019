"""A code stream of JPEG 2000 or HTJ2K, segment by segment (ITU-T T.800 Annex A, T.814).

Packets are stepped over by the lengths of the tile-parts, and `riders` looks for what is no packet;
all around them must be what the standard asks for. Comments of the main header are marked to be
cut out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import unpack_from

from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
)

from deid.pixels.coding.codecs import Layout
from deid.pixels.coding.jpeg_segments import Cut, check_padding, suspect

JPEG_2000_FAMILY = frozenset({JPEG2000Lossless, JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K})
_START = b"\xff\x4f\xff\x51"
_END = b"\xff\xd9"
_SIZE, _TILE_PART, _DATA, _COMMENT = 0xFF51, 0xFF90, 0xFF93, 0xFF64
_CAPABILITIES, _STYLE, _STYLE_OF = 0xFF50, 0xFF52, 0xFF53
_QUANTISE, _QUANTISE_OF, _LENGTHS, _PACKETS = 0xFF5C, 0xFF5D, 0xFF55, 0xFF58
# Comments that pass as they are, whole, without their kind (Latin text). All others are cut out.
_HARMLESS = re.compile(
    rb"\0\x01("
    rb"Kakadu-v?\d\.\d(\.\d)?"
    rb"|Created by (GDCM/)?OpenJPEG version \d\.\d(\.\d)?"
    rb"|Creator: JasPer Version \d\.\d{3}\.\d"
    rb"|OpenJPH Ver \d\.\d\d?\.\d\d?\."
    rb")\0?"
)
_MOST_SEGMENTS = 1000
_MOST_TILE_PARTS = 1 << 16
_MOST_LEVELS = 32
_LONG_PARTS = 0x40


@dataclass
class _Stream:
    """What is known of a code stream so far."""

    layout: Layout
    tiles: int = 0
    levels: set[int] = field(default_factory=set)
    exponents: set[int] = field(default_factory=set)
    announced: list[int] = field(default_factory=list)
    seen: set[tuple[int, int]] = field(default_factory=set)
    parts: dict[int, int] = field(default_factory=dict)
    lengths: list[int] = field(default_factory=list)
    packets: list[int] = field(default_factory=list)

    def take(self, marker: int, body: bytes) -> None:
        """Check one segment of a header that is no comment."""
        once = (marker, body[0] if marker in _MANY else 0)
        check = _CHECKS.get(marker)
        if check is None or once in self.seen:
            raise suspect()
        self.seen.add(once)
        check(self, body)

    def size(self, body: bytes) -> None:
        _, x1, y1, x0, y0, width, height, left, top, count = unpack_from(">H8IH", body)
        layout = self.layout
        agrees = (y1 - y0, x1 - x0, count) == (layout.rows, layout.columns, layout.samples)
        if not agrees or len(body) != 36 + 3 * count or not width or not height:
            raise suspect()
        bits = [(bits & 0x7F) + 1 for bits in body[36::3]]
        steps = {*body[37::3], *body[38::3]}
        if max(bits) > layout.allocated or steps != {1}:
            raise suspect()
        self.tiles = -((left - x1) // width) * -((top - y1) // height)

    def capabilities(self, body: bytes) -> None:
        parts = unpack_from(">I", body)[0].bit_count()
        if len(body) != 4 + 2 * parts:
            raise suspect()

    def style(self, body: bytes) -> None:
        self._levels(body[0], body[5:])

    def style_of(self, body: bytes) -> None:
        self._levels(body[1], body[2:])

    def _levels(self, flags: int, coding: bytes) -> None:
        levels = coding[0]
        if levels > _MOST_LEVELS or len(coding) != 5 + (levels + 1) * (flags & 1):
            raise suspect()
        self.levels.add(levels)

    def quantise(self, body: bytes) -> None:
        style, steps = body[0] & 0x1F, body[1:]
        if style == 0:  # exponents alone, in the upper five bits
            if any(step & 7 for step in steps):
                raise suspect()
            self.exponents.add(len(steps))
        elif style == 2 and not len(steps) % 2:  # noqa: PLR2004 -- a word each
            self.exponents.add(len(steps) // 2)
        elif style != 1 or len(steps) != 2:  # noqa: PLR2004 -- one word for all
            raise suspect()

    def quantise_of(self, body: bytes) -> None:
        self.quantise(body[1:])

    def announce(self, body: bytes) -> None:
        """Note the lengths that TLM gives of the tile-parts."""
        index, length = body[1] >> 4 & 3, 4 if body[1] & _LONG_PARTS else 2
        step = index + length
        if index > 2 or (len(body) - 2) % step:  # noqa: PLR2004 -- bytes
            raise suspect()
        for at in range(2, len(body), step):
            self.announced.append(int.from_bytes(body[at + index : at + step], "big"))

    def count_packets(self, body: bytes) -> None:
        """Note the lengths that PLT gives of the packets, seven bits to a byte."""
        length = 0
        for byte in body[1:]:
            length = length << 7 | byte & 0x7F
            if not byte & 0x80:
                self.packets.append(length)
                length = 0

    def begin(self, tile: int, part: int) -> None:
        """Start a tile-part: those of a tile come in order."""
        if tile >= self.tiles or part != self.parts.get(tile, 0):
            raise suspect()
        self.parts[tile] = part + 1
        self.seen.clear()  # a tile may have its own
        self.packets.clear()

    def finish(self) -> None:
        """Check that no table is longer than needed, and no tile or length is left over."""
        if len(self.parts) != self.tiles or self.announced not in ([], self.lengths):
            raise suspect()
        if not self.exponents <= {3 * levels + 1 for levels in self.levels}:
            raise suspect()


_CHECKS = {
    _SIZE: _Stream.size,
    _CAPABILITIES: _Stream.capabilities,
    _STYLE: _Stream.style,
    _STYLE_OF: _Stream.style_of,
    _QUANTISE: _Stream.quantise,
    _QUANTISE_OF: _Stream.quantise_of,
    _LENGTHS: _Stream.announce,
    _PACKETS: _Stream.count_packets,
}
_MANY = frozenset({_STYLE_OF, _QUANTISE_OF, _LENGTHS, _PACKETS})


def walk_jpeg2000(data: bytes, layout: Layout) -> tuple[Cut, ...]:
    """Check one code stream; give the stretches to cut out: comments of the main header.

    Raises:
        SuspectError: It is not exactly one code stream of the picture that the header
            describes; a JP2 file is none.
    """
    if not data.startswith(_START):
        raise suspect()
    stream = _Stream(layout)
    cuts: list[Cut] = []
    at = 2
    for marker, start, end in _segments(data, at, _TILE_PART):
        at = end
        body = data[start + 4 : end]
        if marker == _PACKETS:  # belongs to a tile-part
            raise suspect()
        if marker != _COMMENT:
            stream.take(marker, body)
        elif not _HARMLESS.fullmatch(body):
            cuts.append((start, end))
    for _ in range(_MOST_TILE_PARTS):
        at = _tile_part(data, at, stream)
        if data[at : at + 2] == _END:
            stream.finish()
            check_padding(data, at + 2)
            return tuple(cuts)
    raise suspect()


def _segments(data: bytes, at: int, last: int) -> Iterator[tuple[int, int, int]]:
    """Give marker, start and end of the segments before a marker."""
    for _ in range(_MOST_SEGMENTS):
        marker, length = unpack_from(">HH", data, at)
        if marker == last:
            return
        end = at + 2 + length
        if length < 3 or end > len(data):  # noqa: PLR2004 -- its own two bytes, and something
            raise suspect()
        yield marker, at, end
        at = end
    raise suspect()


def _tile_part(data: bytes, at: int, stream: _Stream) -> int:
    """Check one tile-part (T.800 A.4.2) and step behind it."""
    marker, size, tile, length, part, _ = unpack_from(">HHHIBB", data, at)
    if (marker, size) != (_TILE_PART, 10):
        raise suspect()
    stop = at + length if length else data.rindex(_END)
    stream.begin(tile, part)
    begin = at + 12
    for name, start, end in _segments(data, begin, _DATA):
        begin, body = end, data[start + 4 : end]
        if name == _COMMENT and _HARMLESS.fullmatch(body):
            continue
        if name in {_SIZE, _CAPABILITIES, _LENGTHS}:
            raise suspect()
        stream.take(name, body)
    body_length = stop - begin - 2
    if not 0 <= body_length <= len(data) - begin - 2:
        raise suspect()
    if stream.packets and sum(stream.packets) != body_length:
        raise suspect()
    stream.lengths.append(stop - at)
    return stop
