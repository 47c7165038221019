"""A code stream of JPEG or JPEG-LS, segment by segment (ITU-T T.81 Annex B, T.87 Annex C).

Whatever a decoder steps over could carry text. Every segment must be one that the picture needs,
of the form the standard gives it; comments and application segments are marked to be cut out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from struct import unpack_from
from types import MappingProxyType

import numpy as np
from pydicom.uid import (
    UID,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

from deid.errors import Reason, SuspectError
from deid.pixels.coding.codecs import Layout

Cut = tuple[int, int]

_START = b"\xff\xd8"
_END, _SCAN, _HUFFMAN, _QUANTISERS, _RESTART, _LS = 0xD9, 0xDA, 0xC4, 0xDB, 0xDD, 0xF8
_RESTARTS = range(0xD0, 0xD8)
_FOREIGN = frozenset({0xFE, *range(0xE0, 0xF0)})  # COM, APP0 to APP15
_SEQUENTIAL, _LOSSLESS, _JPEG_LS = frozenset({0xC0, 0xC1}), frozenset({0xC3}), frozenset({0xF7})
_FRAMES = MappingProxyType(
    {
        JPEGBaseline8Bit: _SEQUENTIAL,
        JPEGExtended12Bit: _SEQUENTIAL,
        JPEGLossless: _LOSSLESS,
        JPEGLosslessSV1: _LOSSLESS,
        JPEGLSLossless: _JPEG_LS,
        JPEGLSNearLossless: _JPEG_LS,
    }
)
JPEG_FAMILY = frozenset(_FRAMES)
# Segments that pass as they are: the whole body must match. All others are cut out.
_HARMLESS: Mapping[int, re.Pattern[bytes]] = MappingProxyType(
    {
        0xE0: re.compile(rb"JFIF\0\x01[\0-\x02][\0-\x02].{4}\0\0", re.DOTALL),  # without thumbnail
        0xE8: re.compile(  # SPIFF (T.84 Annex F) without directory, and colour transforms
            rb"SPIFF\0\x02\0[\0-\x04][\x01\x03](\0\0..){2}[\0-\x0f][\x01-\x10][\0-\x06]"
            rb"[\0-\x02](\0\0..){2}"
            rb"|\0\0\0\x01\xff\xd8"
            rb"|mrfx[\0-\x03]",
            re.DOTALL,
        ),
        0xEE: re.compile(rb"Adobe\0[de].{4}[\0-\x02]", re.DOTALL),
        0xFE: re.compile(
            rb"LEAD Technologies Inc\. V1\.\d\d\0?"
            rb"|MITRA_DICOM_STANDARD"
            rb"|CREATOR: gd-jpeg v1\.0 \(using IJG JPEG v\d\d\), "
            rb"(default quality|quality = \d{1,3})\n?"
        ),
    }
)
_PRESET = 1  # LSE of coding parameters; the others carry palettes and sizes
_PRESET_LENGTH = 11
_MOST_SEGMENTS = 1000
_CHUNK = 1 << 20
_TABLE = 64
_LONGEST_CODE = 16
_MOST_BITS = 16
_MOST_COMPONENTS = 4
_PADDING = 16


def suspect() -> SuspectError:
    """Make the error for bytes that nobody can vouch for."""
    return SuspectError(Reason.UNDECODABLE)


def check_padding(data: bytes, at: int) -> None:
    """Let a few zeros follow a code stream, or the one 0xFF that some encoders pad with.

    Raises:
        SuspectError: Anything else follows.
    """
    rest = data[at : at + _PADDING + 1]
    if len(rest) > _PADDING or (rest.strip(b"\0") and rest != b"\xff"):
        raise suspect()


@dataclass
class _Stream:
    """What is known of a code stream so far."""

    layout: Layout
    kinds: frozenset[int]
    components: dict[int, int] = field(default_factory=dict)
    scanned: set[int] = field(default_factory=set)
    codes: set[int] = field(default_factory=set)
    quantisers: set[int] = field(default_factory=set)
    restarts: bool = False

    def take(self, marker: int, body: bytes) -> None:
        """Check one segment that is neither comment nor application data."""
        if marker in self.kinds:
            self._frame(body)
        elif marker == _SCAN:
            self._scan(body)
        elif marker == _HUFFMAN and self.kinds != _JPEG_LS:
            self._huffman(body)
        elif marker == _QUANTISERS and self.kinds == _SEQUENTIAL:
            self._quantise(body)
        elif marker == _RESTART and len(body) == 2:  # noqa: PLR2004 -- bytes
            self.restarts = body != b"\0\0"
        elif (marker, body[:1], len(body)) != (_LS, bytes([_PRESET]), _PRESET_LENGTH):
            raise suspect()

    def finish(self) -> None:
        """Check that every component was scanned, and every table is one of theirs."""
        if not self.components or self.scanned != set(self.components):
            raise suspect()
        if self.quantisers - set(self.components.values()):
            raise suspect()

    def _frame(self, body: bytes) -> None:
        bits, rows, columns, count = unpack_from(">BHHB", body)
        layout = self.layout
        agrees = (rows, columns, count) == (layout.rows, layout.columns, layout.samples)
        if self.components or not agrees or not 1 < bits <= layout.allocated:
            raise suspect()
        self.components = {body[6 + 3 * i]: body[8 + 3 * i] for i in range(count)}
        if len(body) != 6 + 3 * count or len(self.components) != count:
            raise suspect()

    def _scan(self, body: bytes) -> None:
        count = body[0]
        names = set(body[1 : 1 + 2 * count : 2])
        known = names <= set(self.components) and not names & self.scanned
        if not 0 < count <= _MOST_COMPONENTS or len(body) != 4 + 2 * count or not known:
            raise suspect()
        if len(names) != count:
            raise suspect()
        self.scanned |= names
        self.codes.clear()

    def _huffman(self, body: bytes) -> None:
        at = 0
        while at < len(body):
            table, counts = body[at], body[at + 1 : at + 1 + _LONGEST_CODE]
            at += 1 + _LONGEST_CODE + sum(counts)
            values = body[at - sum(counts) : at]
            room = sum(count << _LONGEST_CODE - 1 - i for i, count in enumerate(counts))
            sane = len(counts) == _LONGEST_CODE and at <= len(body) and room <= 1 << _LONGEST_CODE
            if not sane or len(set(values)) != len(values) or table in self.codes:
                raise suspect()
            if table & 0xEC or not self._codes(table >> 4, values):
                raise suspect()
            self.codes.add(table)

    def _codes(self, alternating: int, values: bytes) -> bool:
        """Tell whether codes are lengths in bits, or for AC runs of zeros and lengths."""
        if alternating:
            return self.kinds == _SEQUENTIAL and all(value & 15 < 15 for value in values)  # noqa: PLR2004 -- bits
        return all(value <= _MOST_BITS for value in values)

    def _quantise(self, body: bytes) -> None:
        at = 0
        while at < len(body):
            wide, table = body[at] >> 4, body[at] & 15
            at += 1 + _TABLE * (1 + wide)
            if wide > 1 or table in self.quantisers or at > len(body):
                raise suspect()
            self.quantisers.add(table)


def walk_jpeg(data: bytes, layout: Layout, syntax: UID) -> tuple[Cut, ...]:
    """Check one code stream; give the stretches to cut out: comments and application segments.

    Entropy-coded data is only searched for markers; `riders` looks at what is left over in it.

    Raises:
        SuspectError: It is not exactly one code stream of the picture that the header describes.
    """
    if not data.startswith(_START):
        raise suspect()
    stream = _Stream(layout, _FRAMES[syntax])
    cuts: list[Cut] = []
    at = len(_START)
    for _ in range(_MOST_SEGMENTS):
        start, at = at, _step(data, at)
        marker = data[at - 1]
        if marker == _END:
            stream.finish()
            check_padding(data, at)
            return tuple(cuts)
        end = at + unpack_from(">H", data, at)[0]
        body = data[at + 2 : end]
        if len(body) != end - at - 2:
            raise suspect()
        if marker not in _FOREIGN:
            stream.take(marker, body)
        elif marker not in _HARMLESS or not _HARMLESS[marker].fullmatch(body):
            cuts.append((start, end))
        at = _behind_scan(data, end, stream) if marker == _SCAN else end
    raise suspect()


def _step(data: bytes, at: int) -> int:
    """Step over a marker and what may fill the space before it."""
    if data[at] != 0xFF:  # noqa: PLR2004 -- every marker starts so
        raise suspect()
    limit = at + _PADDING
    while data[at] == 0xFF and at < limit:  # noqa: PLR2004
        at += 1
    return at + 1


def _behind_scan(data: bytes, at: int, stream: _Stream) -> int:
    """Find the marker that ends entropy-coded data (T.81 B.1.1.5, T.87 A.1: stuffing)."""
    least = 0x80 if stream.kinds == _JPEG_LS else 1
    while at < len(data):
        part = np.frombuffer(data, np.uint8, min(_CHUNK, len(data) - at), at)
        places = np.flatnonzero(part[:-1] == 0xFF)  # noqa: PLR2004
        following = part[places + 1]
        ends = following >= least
        if stream.restarts:
            ends &= (following < _RESTARTS.start) | (following >= _RESTARTS.stop)
        if ends.any():
            return at + int(places[ends.argmax()])
        at += max(len(part) - 1, 1)
    raise suspect()
