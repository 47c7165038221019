"""Text in the pixels found and blanked; markers of side and view kept bit for bit.

Frame by frame, so that no object is ever whole in memory. What holds no text passes through
untouched; what cannot be looked at, or not be written back as it was, is suspect (PS3.15
§E.3.1, Clean Pixel Data Option). What was compressed lossily is never compressed so again: with
text in it, a grey object is written uncompressed as it was decoded, and a coloured one is suspect.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from pydicom.uid import UID

from deid.findings import Finding
from deid.passage import Passage
from deid.pixels.coding.arrays import Pixel
from deid.pixels.coding.codecs import Layout
from deid.pixels.coding.frames import Frames, in_frame, locate_frames, read_frame
from deid.pixels.coding.planes import is_native, unpack_frame
from deid.pixels.coding.riders import has_rider
from deid.pixels.coding.streams import check_streams
from deid.pixels.detection.colours import ColourEye
from deid.pixels.detection.evening import evened
from deid.pixels.detection.gate import FIRST, SECOND, Sight
from deid.pixels.detection.text_reader import TextReader
from deid.pixels.detection.writing import Kind, Writing
from deid.pixels.rewriting.blanking import Blank, is_kept, is_plain, nothing, plan_blank
from deid.pixels.rewriting.encapsulated import Rewriting
from deid.pixels.rewriting.high_bits import settle
from deid.pixels.rewriting.witness import Witness
from deid.pixels.staying import Flag, Seen, ViewTag
from deid.ruling import NONE, Box, Corners, Ruling
from deid.source import Parsed, Piece

_FREE = Passage()


@dataclass(frozen=True, repr=False)
class Redaction:
    """The whole pixel element after redaction.

    Attributes:
        pieces: From its tag to its end.
        boxes: What was blanked.
        changed_frames: Frames that were written anew, from 1.
        flags: What to look at.
        header_changes: Values of header elements that follow the pixels, by keyword; None for
            one that goes.
        transfer_syntax: Of the object with these pixels, where it changes.
        looked_at: Digest of the frames as they were when they were looked at.
    """

    pieces: tuple[Piece, ...]
    boxes: tuple[Box, ...] = ()
    changed_frames: tuple[int, ...] = ()
    flags: tuple[Flag, ...] = ()
    header_changes: Mapping[str, bytes | None] = field(default_factory=dict)
    transfer_syntax: UID | None = None
    looked_at: bytes = field(default=b"", compare=False)


def redact(
    reader: BinaryIO,
    parsed: Parsed,
    text_reader: TextReader,
    *,
    view: ViewTag,
    passage: Passage = _FREE,
    ruling: Ruling = NONE,
) -> Redaction:
    """Blank all text of an object but markers, and what people or rules say besides.

    Args:
        reader: The original, which is only read.
        parsed: What it holds.
        text_reader: Finds and reads text.
        view: What its markers must agree with.
        passage: How closely to look, and what to blank whatever is found.
        ruling: What people want blanked, kept and let pass.

    Raises:
        SuspectError: A frame cannot be decoded or written back losslessly, a marker contradicts
            the header, letters stand one to a frame, or bytes of a stream are not of its picture.
    """
    frames = check_streams(reader, parsed, locate_frames(reader, parsed))
    eye = ColourEye(text_reader, FIRST, header=parsed.header, closely=passage.closely)
    seen = Seen(view)
    anew = Rewriting(reader, parsed, frames)
    witness = Witness()
    for index, (data, frame) in enumerate(_decoded(reader, parsed, frames)):
        witness.see(data)
        number = index + 1
        hidden = is_native(parsed) and settle(frame, frames.layout)
        with in_frame(index):
            ridden = has_rider(data, frame, frames.layout, parsed.transfer_syntax)
            writings = eye.look(frame, frames.layout)
        seen.take(number, writings)
        blank = _plan(writings, frame, frames.layout, _of(number, passage, ruling))
        if ridden and blank is None:
            blank = nothing(frames.layout)
        if hidden:
            anew.settle(index, frame, blank)
        elif blank is not None:
            anew.blank(index, frame, blank)
        if hidden or blank is not None:
            seen.changed.append(number)
            seen.boxes += (Box(number, four) for four in (blank.corners if blank else ()))
    seen.letters += eye.spelling()
    seen.require_let_pass(ruling)
    done = anew.rewritten()
    return Redaction(
        pieces=done.pieces,
        boxes=tuple(seen.boxes),
        changed_frames=tuple(seen.changed),
        flags=tuple(sorted(seen.flags)),
        header_changes=done.header_changes,
        transfer_syntax=done.transfer_syntax,
        looked_at=witness.digest,
    )


def read_again(
    reader: BinaryIO,
    parsed: Parsed,
    text_reader: TextReader,
    *,
    sight: Sight = SECOND,
    closely: bool = False,
    kept: tuple[Box, ...] = (),
    blanked: tuple[Box, ...] = (),
) -> tuple[Finding, ...]:
    """Look at the pixels of a finished object with another eye; report text that is left.

    Args:
        reader: The finished object.
        parsed: What it holds.
        text_reader: Finds and reads text.
        sight: How to look: another way than the first eye did.
        closely: Look at every part of every frame.
        kept: Boxes that people looked at: text that lies wholly in one may be there.
        blanked: Boxes that were blanked, whose borders say nothing.

    Raises:
        SuspectError: A frame cannot be decoded.
    """
    frames = locate_frames(reader, parsed)
    eye = ColourEye(text_reader, sight, header=parsed.header, closely=closely)
    findings = []
    for index, (_, frame) in enumerate(_decoded(reader, parsed, frames)):
        spared = _boxes(index + 1, kept)
        if blanked and not frames.layout.colours:
            frame = evened(frame, _boxes(index + 1, blanked))  # noqa: PLW2901 -- in its place
        if any(
            (writing.kind is Kind.TEXT or writing.several) and not is_kept(writing.line, spared)
            for writing in eye.look(frame, frames.layout)
        ):
            findings.append(Finding(f"frame {index + 1}", "text"))
    return tuple(findings)


def _decoded(reader: BinaryIO, parsed: Parsed, frames: Frames) -> Iterator[tuple[bytes, Pixel]]:
    for index, place in enumerate(frames.places):
        with in_frame(index):
            data = read_frame(reader, place)
            frame = unpack_frame(data, place, parsed, frames.layout)
        yield data, frame


def _of(number: int, passage: Passage, ruling: Ruling) -> tuple[tuple[Corners, ...], ...]:
    """Give the boxes of a frame: to blank by rule, to blank because people say so, to keep."""
    every = passage.blank, ruling.blank, ruling.keep
    return tuple(_boxes(number, boxes) for boxes in every)


def _boxes(number: int, boxes: tuple[Box, ...]) -> tuple[Corners, ...]:
    return tuple(box.corners for box in boxes if box.frame == number)


def _plan(
    writings: tuple[Writing, ...],
    frame: Pixel,
    layout: Layout,
    boxes: tuple[tuple[Corners, ...], ...],
) -> Blank | None:
    ruled, chosen, kept = boxes
    besides = tuple(four for four in (*ruled, *chosen) if not is_plain(frame, layout, four))
    return plan_blank(writings, layout, besides=besides, kept=kept)
