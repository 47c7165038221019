"""Encapsulated frames written anew, one at a time in memory.

Each is written back losslessly in its transfer syntax; all other frames keep their bytes. A syntax
whose frames cannot be lossless, or not be written in bounded memory, is left: then the whole object
is written as the values its frames were decoded to, uncompressed (Explicit VR Little Endian), so
that nothing more is lost. It still says that it was compressed lossily, how much and how, where it
was (PS3.3 §C.7.6.1.1.5).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from struct import pack
from typing import BinaryIO

import numpy as np
from pydicom.uid import UID, ExplicitVRLittleEndian

from deid.errors import Reason, SuspectError
from deid.pixels.coding.arrays import Pixel
from deid.pixels.coding.codecs import Layout, decode
from deid.pixels.coding.encoding import LOSSY, REENCODED, encode, is_written_back
from deid.pixels.coding.frames import Frames
from deid.pixels.coding.planes import is_native, load_frame, native_bytes, stored_values
from deid.pixels.rewriting.blanking import Blank, Value, background, fill, is_proven, unproven
from deid.pixels.rewriting.native import NativeRewriting
from deid.pixels.rewriting.splicing import splice_encapsulated
from deid.source import Lazy, Parsed, Piece, Slice

HELD = 1 << 25  # bytes of encoded frames that are kept; all others are encoded again
_LONGEST = 0xFFFFFFFE
_BYTE = 8
_TABLES = ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")


@dataclass(frozen=True, repr=False)
class Rewritten:
    """The whole pixel element.

    Attributes:
        pieces: From its tag to its end.
        header_changes: Values of header elements that follow the pixels, by keyword; None for
            one that goes.
        transfer_syntax: Of the object with them, where it changes.
    """

    pieces: tuple[Piece, ...]
    header_changes: Mapping[str, bytes | None] = field(default_factory=dict)
    transfer_syntax: UID | None = None


class Rewriting:
    """What is written anew of one object, frame by frame; `held` is the bytes it may keep."""

    def __init__(
        self, reader: BinaryIO, parsed: Parsed, frames: Frames, *, held: int = HELD
    ) -> None:
        self._spare = held
        self._parsed = parsed
        self._frames = frames
        self._native = NativeRewriting(reader, parsed, frames)
        self._anew: dict[int, bytes | Lazy] = {}
        self._values: dict[int, tuple[Blank, Value]] = {}

    def settle(self, index: int, frame: Pixel, blank: Blank | None) -> None:
        """Write a native frame with nothing beyond Bits Stored."""
        self._native.settle(index, frame, blank)

    def blank(self, index: int, frame: Pixel, blank: Blank) -> None:
        """Blank a part of a frame, which is changed.

        Raises:
            SuspectError: It cannot be written back as it was around that part.
        """
        if is_native(self._parsed):
            self._native.blank(index, frame, blank)
            return
        layout, syntax = self._frames.layout, self._parsed.transfer_syntax
        change = blank, background(frame, blank, layout)
        if not is_written_back(layout, syntax):
            self._expand(index, change)
        elif syntax not in REENCODED or layout.photometric == "YBR_ICT":
            raise unproven()
        else:
            data = _reencode(frame, change, layout, syntax)
            self._anew[index] = self._lazy(index, change, data)

    def rewritten(self) -> Rewritten:
        """Give the whole element."""
        parsed = self._parsed
        if is_native(parsed):
            return Rewritten(self._native.pieces())
        if self._values:
            return _expanded(parsed, self._frames, self._values)
        if self._anew or self._frames.cut:
            return Rewritten(*splice_encapsulated(parsed, self._frames, self._anew))
        pixels = parsed.pixels
        if pixels is None:
            raise SuspectError(Reason.UNCHECKED)
        return Rewritten((Slice(pixels.start, pixels.end - pixels.start),))

    def _lazy(self, index: int, change: tuple[Blank, Value], data: bytes) -> bytes | Lazy:
        """Keep a few encoded frames; of the others keep what they are known by."""
        if len(data) <= self._spare:
            self._spare -= len(data)
            return data
        digest = sha256(data).digest()
        make = partial(_reencode_again, self._parsed, self._frames, (index, *change), digest)
        return Lazy(make, len(data))

    def _expand(self, index: int, change: tuple[Blank, Value]) -> None:
        layout = self._frames.layout
        whole = layout.frame_length * layout.frames
        # What a lossy codec made of a sign or of colours shared by pixels is not told by anything.
        if layout.samples > 1 or layout.signed or whole > _LONGEST:
            raise unproven()
        self._values[index] = change


def _reencode(frame: Pixel, change: tuple[Blank, Value], layout: Layout, syntax: UID) -> bytes:
    """Blank a frame in place and write it back; what was written is decoded and compared.

    Raises:
        SuspectError: The round trip changed anything.
    """
    blank, value = change
    kept = []
    for top, bottom in blank.bands():
        rows, mask = frame[top:bottom], blank.mask(top, bottom)
        kept.append((top, rows.copy(), mask))
        fill(rows, mask, value)
    data = encode(frame, layout, syntax)
    try:
        again = decode(data, layout, syntax)
    except SuspectError as error:
        raise unproven() from error
    if not np.array_equal(again, frame):
        raise unproven()
    for top, before, mask in kept:
        if not is_proven(before, again[top : top + len(mask)], mask, value):
            raise unproven()
    return data


def _reencode_again(
    parsed: Parsed,
    frames: Frames,
    change: tuple[int, Blank, Value],
    digest: bytes,
    reader: BinaryIO,
) -> bytes:
    """Encode a frame as it was when it was compared.

    Raises:
        SuspectError: It came out otherwise.
    """
    index, blank, value = change
    frame = load_frame(reader, frames.places[index], parsed, frames.layout)
    for top, bottom in blank.bands():
        fill(frame[top:bottom], blank.mask(top, bottom), value)
    data = encode(frame, frames.layout, parsed.transfer_syntax)
    if sha256(data).digest() != digest:
        raise unproven()
    return data


def _expanded(
    parsed: Parsed, frames: Frames, values: Mapping[int, tuple[Blank, Value]]
) -> Rewritten:
    """Give the element uncompressed (PS3.5 §A.2)."""
    layout = frames.layout
    length = layout.frame_length * layout.frames
    pad = length % 2
    vr = b"OW" if layout.allocated > _BYTE else b"OB"
    head = pack("<HH2sxxI", 0x7FE0, 0x0010, vr, length + pad)
    made = [
        Lazy(partial(_decoded, parsed, frames, (index, values.get(index))), layout.frame_length)
        for index in range(layout.frames)
    ]
    changes: dict[str, bytes | None] = dict.fromkeys(_TABLES)
    if parsed.transfer_syntax in LOSSY:
        changes["LossyImageCompression"] = b"01"
    pieces: tuple[Piece, ...] = (head, *made, *[b"\0"] * pad)
    return Rewritten(pieces, changes, ExplicitVRLittleEndian)


def _decoded(
    parsed: Parsed,
    frames: Frames,
    change: tuple[int, tuple[Blank, Value] | None],
    reader: BinaryIO,
) -> bytes:
    """Decode a frame, blank it and write it as it is; what was written is compared."""
    index, blanked = change
    layout = frames.layout
    place = frames.places[index]
    before = np.asarray(stored_values(load_frame(reader, place, parsed, layout), layout))
    after = before.astype(layout.dtype)
    if blanked is not None:
        fill(after, mask := blanked[0].mask(), blanked[1])
    data = native_bytes(after, layout)
    written = np.frombuffer(data, layout.dtype).reshape(before.shape)
    if blanked is None:
        proven = np.array_equal(written, before)
    else:
        proven = is_proven(before, written, mask, blanked[1])
    if not proven:
        raise unproven()
    return data
