"""Text in the pixels found and blanked; markers of side and view kept bit for bit.

Frame by frame, so that no object is ever whole in memory. What holds no text passes through
untouched; what cannot be looked at, or not be written back as it was, is suspect (PS3.15
§E.3.1, Clean Pixel Data Option).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO

import cv2
import numpy as np
import numpy.typing as npt

from deid.codecs import REENCODED, Layout, Pixel, decode, encode
from deid.errors import Reason, SuspectError
from deid.findings import Finding
from deid.frames import Frames, locate_frames, read_frame, splice_encapsulated
from deid.gate import FIRST, SECOND, Grey, Plane
from deid.source import Parsed, Piece, Slice
from deid.text import Line, TextReader
from deid.writing import Kind, Writing, find_writing

# Margins in heights of the line: along it a letter may have been missed, across it a ring.
_ALONG = 1.0
_ACROSS = 0.15
_MARKER_MARGIN = 0.1
_GAP = 2048  # samples; nearer runs of changed samples are written as one
_SIDES = frozenset({"L", "R"})
_COLOUR = 3  # axes of an array with samples

#: Names the detector of burned-in text in records; raised when what it finds changes.
DETECTOR = "text 1 (PP-OCRv6)"


class Flag(StrEnum):
    """What a person may want to look at; the object passes."""

    MARKER_CUT = "a marker is cut by the border"
    MARKER_VIEW = "a marker names another view than the header"


@dataclass(frozen=True)
class ViewTag:
    """Side and view as the header says: "L", "R", "B" or "", and "CC", "MLO", … or ""."""

    laterality: str
    view: str


@dataclass(frozen=True)
class Box:
    """A blanked rectangle at any angle: frame from 1, and four corners as x and y."""

    frame: int
    corners: tuple[tuple[int, int], ...]


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
        SuspectError: A frame cannot be decoded or written back losslessly, or a marker
            contradicts the laterality of the header.
    """
    frames = locate_frames(reader, parsed)
    boxes: list[Box] = []
    flags: set[Flag] = set()
    changed: dict[int, bytes] = {}
    runs: list[tuple[int, bytes]] = []
    for index, frame in enumerate(_decoded(reader, parsed, frames)):
        writings = find_writing(luminance(frame, frames.layout), text_reader, FIRST)
        flags |= _check_markers(writings, view)
        blank, corners = _blank(writings, (frames.layout.rows, frames.layout.columns))
        if not corners:
            continue
        boxes += (Box(index + 1, four) for four in corners)
        if _is_native(parsed):
            runs += _native_runs(frame, blank, frames, index)
        else:
            changed[index] = _reencode(frame, blank, parsed, frames.layout)
    numbers = tuple(sorted({box.frame for box in boxes}))
    found = tuple(boxes), numbers, tuple(sorted(flags))
    if changed:
        pieces, header_changes = splice_encapsulated(parsed, frames, changed)
        return Redaction(pieces, *found, header_changes)
    return Redaction(_splice_native(parsed, runs), *found)


def read_again(
    reader: BinaryIO, parsed: Parsed, text_reader: TextReader
) -> tuple[Finding, ...]:
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
            for writing in find_writing(luminance(frame, frames.layout), text_reader, SECOND)
        )
    )


def luminance(frame: Pixel, layout: Layout) -> Plane:
    """Give the plane to look at: white on black, one sample a pixel, values as meant."""
    if frame.ndim == _COLOUR:
        grey: Plane = frame[..., 0]
        if not layout.photometric.startswith("YBR"):
            weights = np.array((0.299, 0.587, 0.114), np.float32)
            grey = (frame.astype(np.float32) @ weights).astype(np.uint16)
        return np.ascontiguousarray(grey)
    plane = _values(frame, layout)
    if layout.photometric == "MONOCHROME1":
        plane = ~plane  # both signed and unsigned: the order is turned round
    return plane


def _decoded(reader: BinaryIO, parsed: Parsed, frames: Frames) -> Iterator[Pixel]:
    for place in frames.places:
        yield _load(read_frame(reader, place), parsed, frames.layout)


def _load(data: bytes, parsed: Parsed, layout: Layout) -> Pixel:
    if not _is_native(parsed):
        return decode(data, layout, parsed.transfer_syntax)
    if len(data) != layout.frame_length:
        raise SuspectError(Reason.UNCHECKED)
    flat = np.frombuffer(bytearray(data), layout.dtype)
    if layout.samples == 1:
        return flat.reshape(layout.rows, layout.columns)
    if layout.planar:
        planes = flat.reshape(layout.samples, layout.rows, layout.columns)
        return np.moveaxis(planes, 0, -1)
    return flat.reshape(layout.rows, layout.columns, layout.samples)


def _values(frame: Pixel, layout: Layout) -> Plane:
    """Read stored values as numbers; bits beyond Bits Stored could hide an overlay.

    Raises:
        SuspectError: There is something in those bits (retired overlays, PS3.5 §8.1.2).
    """
    bits = layout.stored
    if not layout.signed:
        if bits < 8 * frame.itemsize and int(frame.max()) >> bits:
            raise SuspectError(Reason.UNCHECKED)
        return frame.view(f"u{frame.itemsize}") if frame.dtype.kind == "i" else frame
    spare = 16 - bits
    wide = frame.astype(np.int16) if frame.itemsize == 1 else frame.view(np.int16)
    values = (wide << spare) >> spare
    legal = (wide == values) | (wide == values & ((1 << bits) - 1))
    if not legal.all():
        raise SuspectError(Reason.UNCHECKED)
    return values


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


def _blank(
    writings: tuple[Writing, ...], shape: tuple[int, int]
) -> tuple[Grey, list[tuple[tuple[int, int], ...]]]:
    """Draw what to blank; margins spare markers, text itself spares nothing."""
    texts = [writing.line for writing in writings if writing.kind is Kind.TEXT]
    boxes = [line.grown(_ALONG * line.height, _ACROSS * line.height) for line in texts]
    mask = np.zeros(shape, np.uint8)
    if not boxes:
        return mask, []
    corners = [_corners(box) for box in boxes]
    cv2.fillPoly(mask, corners, 1)
    for writing in writings:
        if writing.kind is Kind.MARKER:
            margin = _MARKER_MARGIN * writing.line.height
            cv2.fillPoly(mask, [_corners(writing.line.grown(margin, margin))], 0)
    cv2.fillPoly(mask, [_corners(line) for line in texts], 1)
    return mask, [tuple((int(x), int(y)) for x, y in four) for four in corners]


def _corners(line: Line) -> npt.NDArray[np.int32]:
    return np.round(line.corners()).astype(np.int32)


def _fill(frame: Pixel, blank: Grey, layout: Layout) -> None:
    """Fill with the darkest value of the frame: air, or padding where there is some."""
    inside = blank.astype(bool)
    if frame.ndim == _COLOUR:
        middle = 1 << (layout.stored - 1)
        ybr = layout.photometric in {"YBR_FULL", "YBR_FULL_422"}
        frame[inside] = (0, middle, middle) if ybr else (0, 0, 0)
        return
    plane = luminance(frame, layout)
    frame[inside] = frame.flat[int(plane.argmin())]


def _native_runs(
    frame: Pixel, blank: Grey, frames: Frames, index: int
) -> list[tuple[int, bytes]]:
    """Blank a native frame; give the changed stretches as absolute offset and bytes."""
    _fill(frame, blank, frames.layout)
    inside = blank.astype(bool)
    stored = frame
    if frame.ndim == _COLOUR:
        inside = np.broadcast_to(inside[..., None], frame.shape)
        if frames.layout.planar:
            inside, stored = np.moveaxis(inside, -1, 0), np.moveaxis(frame, -1, 0)
    at = np.flatnonzero(inside)
    breaks = np.flatnonzero(np.diff(at) > _GAP)
    firsts = at[np.concatenate(([0], breaks + 1))]
    lasts = at[np.concatenate((breaks, [len(at) - 1]))] + 1
    flat = np.ascontiguousarray(stored).reshape(-1)
    start, size = frames.places[index][0].offset, frame.itemsize
    return [
        (start + int(first) * size, flat[first:last].tobytes())
        for first, last in zip(firsts, lasts, strict=True)
    ]


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
    original = frame.copy()
    _fill(original, blank, layout)
    data = encode(original, layout, syntax)
    again = decode(data, layout, syntax)
    inside = blank.astype(bool)
    kept = np.array_equal(again[~inside], frame[~inside])
    filled = (again[inside] == again[inside][0]).all()
    if again.dtype != frame.dtype or not kept or not filled:
        raise SuspectError(Reason.NOT_REENCODABLE)
    return data


def _is_native(parsed: Parsed) -> bool:
    return parsed.pixels is not None and not parsed.pixels.encapsulated
