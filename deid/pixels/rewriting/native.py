"""Native frames written anew: only the rows with something to blank, when they are written.

Everything around them stays a slice of the source.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO

from deid.pixels.coding.arrays import Pixel
from deid.pixels.coding.codecs import Layout
from deid.pixels.coding.frames import Frames
from deid.pixels.coding.packed import is_kept_outside, put
from deid.pixels.coding.planes import COLOUR, load_frame, native_bytes, read_native
from deid.pixels.rewriting.blanking import Blank, Value, background, fill, is_proven, unproven
from deid.pixels.rewriting.high_bits import settle
from deid.pixels.rewriting.splicing import Run, splice_native
from deid.source import Lazy, Parsed, Piece

_BITS = 8


@dataclass(frozen=True, repr=False)
class _Rows:
    """Some rows of one frame, as they lie in the source, and what to blank in them.

    `bit` is where in the first byte they start; only pixels of one bit start within a byte.
    """

    offset: int
    length: int
    layout: Layout
    blank: Blank
    band: tuple[int, int]
    value: Value
    bit: int = 0

    def blanked(self, reader: BinaryIO) -> bytes:
        """Read the rows and blank them; all pixels around are compared."""
        before = self._read(reader)
        after = before.copy()
        mask = self.blank.mask(*self.band)
        fill(after, mask, self.value)
        data = native_bytes(after, self.layout)
        written = read_native(data, 0, self.layout)
        if len(data) != self.length or not is_proven(before, written, mask, self.value):
            raise unproven()
        return data

    def _read(self, reader: BinaryIO) -> Pixel:
        reader.seek(self.offset)
        return read_native(reader.read(self.length), 0, self.layout)

    def cleared(self, reader: BinaryIO, edges: dict[int, int]) -> bytes:
        """Blank rows of single bits; `edges` are bytes by offset that were changed before."""
        reader.seek(self.offset)
        before = bytearray(reader.read(self.length))
        for at in (0, self.length - 1):
            before[at] = edges.get(self.offset + at, before[at])
        mask = self.blank.mask(*self.band)
        after = put(bytes(before), self.bit, mask, self.value[0])
        if len(after) != self.length or not is_kept_outside(bytes(before), after, self.bit, mask):
            raise unproven()
        return after

    def middle(self, reader: BinaryIO) -> bytes:
        """Give all of `cleared` but the bytes at its ends."""
        return self.cleared(reader, {})[1:-1]


class NativeRewriting:
    """What is written anew of one object with native pixels."""

    def __init__(self, reader: BinaryIO, parsed: Parsed, frames: Frames) -> None:
        self._reader = reader
        self._parsed = parsed
        self._frames = frames
        self._runs: list[Run] = []
        self._edges: dict[int, int] = {}

    def blank(self, index: int, frame: Pixel, blank: Blank) -> None:
        """Blank a part of a frame."""
        value = background(frame, blank, self._frames.layout)
        take = self._pack if self._frames.layout.allocated == 1 else self._take
        for band in blank.bands():
            take(index, blank, band, value)

    def settle(self, index: int, frame: Pixel, blank: Blank | None) -> None:
        """Write a whole frame with nothing beyond Bits Stored, and blank a part of it."""
        value = () if blank is None else background(frame, blank, self._frames.layout)
        (place,) = self._frames.places[index]
        make = partial(_settled, self._parsed, self._frames, (index, blank, value))
        self._runs.append((place.offset, Lazy(make, place.length)))

    def pieces(self) -> tuple[Piece, ...]:
        """Give the whole element."""
        edges = [(offset, bytes([byte])) for offset, byte in self._edges.items()]
        return splice_native(self._parsed, sorted([*self._runs, *edges], key=_offset))

    def _take(self, index: int, blank: Blank, band: tuple[int, int], value: Value) -> None:
        (place,) = self._frames.places[index]
        for start, layout, one in _stretches(self._frames.layout, band, value):
            length = layout.frame_length
            rows = _Rows(place.offset + start, length, layout, blank, band, one)
            self._runs.append((rows.offset, Lazy(rows.blanked, length)))

    def _pack(self, index: int, blank: Blank, band: tuple[int, int], value: Value) -> None:
        """Blank pixels of one bit; the bytes at both ends may belong to other frames too."""
        (place,) = self._frames.places[index]
        skipped, bit = divmod(place.bit + band[0] * blank.shape[1], _BITS)
        length = -(-(bit + (band[1] - band[0]) * blank.shape[1]) // _BITS)
        layout = self._frames.layout
        rows = _Rows(place.offset + skipped, length, layout, blank, band, value, bit)
        data = rows.cleared(self._reader, self._edges)
        self._edges |= {rows.offset: data[0], rows.offset + length - 1: data[-1]}
        if length > 2:  # noqa: PLR2004 -- both ends
            self._runs.append((rows.offset + 1, Lazy(rows.middle, length - 2)))


def _offset(run: Run) -> int:
    return run[0]


def _stretches(
    layout: Layout, band: tuple[int, int], value: Value
) -> Iterator[tuple[int, Layout, Value]]:
    """Give where rows lie in a native frame: once, or for each plane of its own."""
    top, bottom = band
    part = replace(layout, rows=bottom - top, frames=1)
    if layout.planar and layout.samples > 1:
        part = replace(part, samples=1, planar=False)
        row = part.frame_length // part.rows
        for sample, one in enumerate(value):
            yield (sample * layout.rows + top) * row, part, (one,)
    else:
        yield top * (part.frame_length // part.rows), part, value


def _settled(
    parsed: Parsed,
    frames: Frames,
    change: tuple[int, Blank | None, Value],
    reader: BinaryIO,
) -> bytes:
    """Read a frame, and write it without bits beyond Bits Stored and with a part blanked."""
    index, blank, value = change
    layout = frames.layout
    frame = load_frame(reader, frames.places[index], parsed, layout)
    before = frame.copy()
    settle(frame, layout)
    low = (1 << layout.stored) - 1
    if frame.ndim != COLOUR and ((before ^ frame) & low).any():
        raise unproven()
    if blank is not None:
        before[...] = frame
        mask = blank.mask()
        fill(frame, mask, value)
        if not is_proven(before, frame, mask, value):
            raise unproven()
    return native_bytes(frame, layout)
