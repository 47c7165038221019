"""Text in the pixels found and blanked; markers of side and view kept bit for bit.

Frame by frame, so that no object is ever whole in memory. What holds no text passes through
untouched; what cannot be looked at, or not be written back as it was, is suspect (PS3.15
§E.3.1, Clean Pixel Data Option).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO

import numpy as np

from deid.errors import Reason, SuspectError
from deid.findings import Finding
from deid.pixels.blanking import draw_boxes, fill, stretches
from deid.pixels.codecs import REENCODED, Layout, Pixel, decode, encode
from deid.pixels.frames import Frames, locate_frames, read_frame, splice_encapsulated
from deid.pixels.gate import FIRST, SECOND, Grey
from deid.pixels.looking import look
from deid.pixels.packed import append, clear
from deid.pixels.planes import is_native, load_frame, luminance
from deid.pixels.streams import check_streams
from deid.pixels.text_reader import TextReader
from deid.pixels.writing import Kind, Writing
from deid.ruling import Box
from deid.source import Parsed, Piece, Slice

_SIDES = frozenset({"L", "R"})


class Flag(StrEnum):
    """What a person may want to look at; the object passes."""

    MARKER_CUT = "a marker is cut by the border"
    MARKER_VIEW = "a marker names another view than the header"


@dataclass(frozen=True)
class ViewTag:
    """Side and view as the header says: "L", "R", "B" or "", and "CC", "MLO", … or ""."""

    laterality: str
    view: str


@dataclass(frozen=True, repr=False)
class Redaction:
    """The whole pixel element after redaction.

    Attributes:
        pieces: From its tag to its end.
        boxes: What was blanked.
        changed_frames: Frames that were written anew, from 1.
        flags: What to look at.
        header_changes: Values of header elements that follow the pixels, by keyword.
    """

    pieces: tuple[Piece, ...]
    boxes: tuple[Box, ...] = ()
    changed_frames: tuple[int, ...] = ()
    flags: tuple[Flag, ...] = ()
    header_changes: Mapping[str, bytes] = field(default_factory=dict)


def redact(
    reader: BinaryIO, parsed: Parsed, text_reader: TextReader, *, view: ViewTag
) -> Redaction:
    """Blank all text of an object but markers.

    Raises:
        SuspectError: A frame cannot be decoded or written back losslessly, a marker contradicts
            the laterality of the header, or bytes of a code stream are not of its picture.
    """
    frames = check_streams(reader, parsed, locate_frames(reader, parsed))
    boxes: list[Box] = []
    flags: set[Flag] = set()
    changed: dict[int, bytes] = {}
    runs: list[tuple[int, bytes]] = []
    for index, frame in enumerate(_decoded(reader, parsed, frames)):
        writings = look(luminance(frame, frames.layout), text_reader, FIRST)
        flags |= _check_markers(writings, view)
        blank, corners = draw_boxes(writings, (frames.layout.rows, frames.layout.columns))
        if not corners:
            continue
        boxes += (Box(index + 1, four) for four in corners)
        if frames.layout.allocated == 1:
            (place,) = frames.places[index]
            data = clear(read_frame(reader, (place,)), place.bit, blank)
            append(runs, place.offset, data)
        elif is_native(parsed):
            runs += _native_runs(frame, blank, frames, index)
        else:
            changed[index] = _reencode(frame, blank, parsed, frames.layout)
    numbers = tuple(sorted({box.frame for box in boxes}))
    found = tuple(boxes), numbers, tuple(sorted(flags))
    if changed or frames.cut:
        pieces, header_changes = splice_encapsulated(parsed, frames, changed)
        return Redaction(pieces, *found, header_changes)
    return Redaction(_splice_native(parsed, runs), *found)


def read_again(reader: BinaryIO, parsed: Parsed, text_reader: TextReader) -> tuple[Finding, ...]:
    """Look at the pixels of a finished object with another eye; report text that is left.

    Raises:
        SuspectError: A frame cannot be decoded.
    """
    frames = locate_frames(reader, parsed)
    return tuple(
        Finding(f"frame {index + 1}", "text")
        for index, frame in enumerate(_decoded(reader, parsed, frames))
        if any(
            writing.kind is Kind.TEXT
            for writing in look(luminance(frame, frames.layout), text_reader, SECOND)
        )
    )


def _decoded(reader: BinaryIO, parsed: Parsed, frames: Frames) -> Iterator[Pixel]:
    for place in frames.places:
        yield load_frame(reader, place, parsed, frames.layout)


def _check_markers(writings: tuple[Writing, ...], view: ViewTag) -> set[Flag]:
    """Hold the markers against the header.

    Raises:
        SuspectError: A whole marker names the other side.
    """
    flags: set[Flag] = set()
    for writing in writings:
        marker = writing.marker
        if marker is None:
            continue
        if marker.cut:
            flags.add(Flag.MARKER_CUT)
            continue
        if {marker.laterality, view.laterality} == _SIDES:
            raise SuspectError(Reason.MARKER)
        if marker.view and view.view and marker.view != view.view:
            flags.add(Flag.MARKER_VIEW)
    return flags


def _native_runs(frame: Pixel, blank: Grey, frames: Frames, index: int) -> list[tuple[int, bytes]]:
    """Blank a native frame; give the changed stretches as absolute offset and bytes."""
    fill(frame, blank, frames.layout)
    start = frames.places[index][0].offset
    return [(start + at, data) for at, data in stretches(frame, blank, frames.layout)]


def _splice_native(parsed: Parsed, runs: list[tuple[int, bytes]]) -> tuple[Piece, ...]:
    if parsed.pixels is None:
        raise SuspectError(Reason.UNCHECKED)
    pieces: list[Piece] = []
    at = parsed.pixels.start
    for offset, data in runs:
        if offset > at:
            pieces.append(Slice(at, offset - at))
        pieces.append(data)
        at = offset + len(data)
    if at < parsed.pixels.end:
        pieces.append(Slice(at, parsed.pixels.end - at))
    return tuple(pieces)


def _reencode(frame: Pixel, blank: Grey, parsed: Parsed, layout: Layout) -> bytes:
    """Blank a frame and write it back; the result is decoded and compared.

    Raises:
        SuspectError: The syntax is lossy, or the round trip changed anything.
    """
    syntax = parsed.transfer_syntax
    if syntax not in REENCODED:
        raise SuspectError(Reason.NOT_REENCODABLE)
    blanked = frame.copy()
    fill(blanked, blank, layout)
    data = encode(blanked, layout, syntax)
    again = decode(data, layout, syntax)
    inside = blank.astype(bool)
    kept = np.array_equal(again[~inside], frame[~inside])
    filled = (again[inside] == again[inside][0]).all()
    if again.dtype != frame.dtype or not kept or not filled:
        raise SuspectError(Reason.NOT_REENCODABLE)
    return data
