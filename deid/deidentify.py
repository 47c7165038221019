"""The walk inside this room: header and pixels to clean pieces, and the second eye on them."""

from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset

from deid.errors import Reason, SuspectError
from deid.facts import Facts, observe
from deid.findings import Finding
from deid.headers.header import CleanHeader, clean_header
from deid.headers.journal import Entry
from deid.headers.made import made
from deid.identity.identifiers import Identifiers
from deid.identity.pseudonym import Person, Subkeys, canonical
from deid.passage import Passage
from deid.pixels.coding.streams import check_finished
from deid.pixels.detection.patience import patient
from deid.pixels.detection.text_reader import TextReader
from deid.pixels.drawn.overlays import clean_overlays
from deid.pixels.drawn.unseen import drawn_left, drop_unseen, unseen_left
from deid.pixels.redact import Redaction, read_again, redact
from deid.pixels.rewriting.high_bits import lift
from deid.pixels.rewriting.witness import check_same
from deid.pixels.staying import Flag, ViewTag, flags_of
from deid.profiles.profile import Profile
from deid.ruling import NONE, Box, Ruling
from deid.second_eye import verify
from deid.serialise import serialise
from deid.source import Parsed, Piece, Slice
from deid.values import value_of

_GRAPHICS = "clean_graphics"
_FREE = Passage()
_OBJECT = "object"
_TRANSFER_SYNTAX = 0x00020010
_EXTREMES = ("SmallestImagePixelValue", "LargestImagePixelValue")


@dataclass(frozen=True, repr=False)
class Clean:
    """One de-identified object, not yet written.

    Attributes:
        pieces: The whole object in order.
        pixel_offset: Bytes before the pixel data element; of all, if it has none.
        header: The clean header, with its file meta.
        facts: What only de-identification saw.
        boxes: What was blanked in the pixels.
        flags: What a person may want to look at.
        journal: What became of each attribute of the original.
        applied: CID 7050 codes and meanings of what was done.
        changed_frames: Frames that were written anew, from 1; without any, pixels pass untouched.
        looked_at: Digest of the frames that were looked at; empty if nobody did.
    """

    pieces: tuple[Piece, ...]
    pixel_offset: int
    header: Dataset
    facts: Facts
    boxes: tuple[Box, ...]
    flags: tuple[Flag, ...]
    journal: tuple[Entry, ...]
    applied: tuple[tuple[str, str], ...]
    changed_frames: tuple[int, ...] = ()
    looked_at: bytes = b""


def identity(parsed: Parsed) -> str:
    """Give the canonical identifier of the person an object is about.

    Raises:
        RefusedError: It names nobody.
    """
    header = parsed.header
    return canonical(
        value_of(header, 0x00100020),
        value_of(header, 0x00100021),
        birth_date=value_of(header, 0x00100030),
        exam_date=value_of(header, 0x00080020),
    )


def deidentify(  # noqa: PLR0913 -- each is given by name
    reader: BinaryIO,
    parsed: Parsed,
    *,
    profile: Profile,
    person: Person,
    subkeys: Subkeys,
    identifiers: Identifiers,
    text_reader: TextReader | None,
    passage: Passage = _FREE,
    ruling: Ruling = NONE,
) -> Clean:
    """De-identify one object that has passed `screen`; the original is only read.

    Without a `text_reader` nobody looks at the pixels: they pass as they are, overlays do not,
    and the object does not claim that its pixels are clean. `passage` says how closely they are
    looked at, and `ruling` what people decided about them.

    Raises:
        UnreadableError: It lacks what makes it an instance.
        SuspectError: Its pixels cannot be read, or not be written back.
    """
    text_reader = patient(text_reader, parsed.header)
    redaction = _pixels(reader, parsed, text_reader, passage, ruling)
    eyes = text_reader if _GRAPHICS in profile.options else None
    if eyes is not None:
        parsed = lift(reader, parsed)
    overlays = {} if eyes is None else clean_overlays(parsed.header, eyes)
    header = clean_header(
        parsed,
        profile=profile,
        person=person,
        subkeys=subkeys,
        identifiers=identifiers,
        overlays=overlays,
        pixels_looked_at=text_reader is not None and parsed.pixels is not None,
    )
    _follow(header, redaction)
    journal, dropped = drop_unseen(
        header.dataset, header.journal, eyes, pixels=parsed.pixels is not None
    )
    pieces, pixel_offset = serialise(header, redaction.pieces)
    header.dataset.file_meta = header.meta  # for whoever describes it: how it is written
    return Clean(
        pieces=pieces,
        pixel_offset=pixel_offset,
        header=header.dataset,
        facts=observe(parsed.header, age_cap=profile.age_cap),
        boxes=redaction.boxes,
        flags=(*redaction.flags, *flags_of(overlays, drawn=dropped and eyes is not None)),
        journal=journal,
        applied=header.applied,
        changed_frames=redaction.changed_frames,
        looked_at=redaction.looked_at,
    )


def _pixels(
    reader: BinaryIO,
    parsed: Parsed,
    text_reader: TextReader | None,
    passage: Passage,
    ruling: Ruling,
) -> Redaction:
    if parsed.pixels is None:
        return Redaction(())
    if text_reader is None:
        start, end = parsed.pixels.start, parsed.pixels.end
        return Redaction((Slice(start, end - start),))
    view = ViewTag.of(parsed.header)
    return redact(reader, parsed, text_reader, view=view, passage=passage, ruling=ruling)


def _follow(header: CleanHeader, redaction: Redaction) -> None:
    """Let a header say what became of its pixels."""
    changes = dict(redaction.header_changes)
    if redaction.changed_frames:  # what is the smallest and the largest value now, nobody counted
        changes |= dict.fromkeys(_EXTREMES)
    for keyword, value in changes.items():
        tag = tag_for_keyword(keyword) or 0
        if value is not None:
            header.dataset[tag] = made(tag, dictionary_VR(tag), value)
        elif tag in header.dataset:
            del header.dataset[tag]
    if redaction.transfer_syntax is not None:
        header.meta[_TRANSFER_SYNTAX] = made(_TRANSFER_SYNTAX, "UI", redaction.transfer_syntax)


def inspect(  # noqa: PLR0913 -- as above
    finished: BinaryIO,
    profile: Profile,
    person: Person,
    *,
    identifiers: Identifiers,
    text_reader: TextReader | None,
    applied: tuple[tuple[str, str], ...] | None = None,
    pixels_changed: bool = True,
    looked_at: bytes = b"",
    passage: Passage = _FREE,
    ruling: Ruling = NONE,
    blanked: tuple[Box, ...] = (),
) -> None:
    """Look at the finished bytes with the second eye.

    Args:
        finished: The object as it would be stored.
        profile: Whose statements it must make.
        person: Whom it must now be about.
        identifiers: What must not be in it.
        text_reader: Reads changed pixels and overlay planes again; without, none may be there.
        applied: What the object must claim to have been done; without, what its profile does.
        pixels_changed: Whether pixels were written anew; those that pass untouched have been
            looked at.
        looked_at: Digest of those that were looked at, which these must be if none was changed.
        passage: How closely, and whether people have to look besides.
        ruling: What people let pass of what a picture shows; never an identifier in the header.
        blanked: Boxes that were blanked in it.

    Raises:
        SuspectError: Something identified is left, or it could not be checked; last of all, that
            it is of a kind that people have to look at, so that nothing else is wrong with it.
    """
    whole = verify.read(finished)
    found = verify.look(
        whole, identifiers=identifiers, profile=profile, person=person, applied=applied
    )
    _refuse(found, Reason.IDENTIFIER_LEFT)  # no picture shows what people would let pass
    parsed = whole.parsed
    text_reader = patient(text_reader, parsed.header)
    _refuse(unseen_left(parsed.header), Reason.UNCHECKED)
    if parsed.pixels is not None:
        look = partial(read_again, closely=passage.closely, kept=ruling.keep, blanked=blanked)
        left = _text_left(finished, parsed, text_reader if pixels_changed else None, look)
        _refuse(left, Reason.TEXT_LEFT)  # which people let pass by its place, or not at all
        if looked_at and not pixels_changed:
            check_same(finished, parsed, looked_at)
    _refuse(drawn_left(parsed.header, text_reader), Reason.TEXT_LEFT)  # no picture shows it
    held = tuple(Finding(_OBJECT, kind) for kind in passage.review)
    _refuse(ruling.left(held), Reason.REVIEW)


def _text_left(
    finished: BinaryIO,
    parsed: Parsed,
    text_reader: TextReader | None,
    look: "partial[tuple[Finding, ...]]",
) -> tuple[Finding, ...]:
    """Walk the code streams of a finished object, and look at its pixels where somebody can.

    Raises:
        SuspectError: Something does not belong, or what could be decoded before cannot be now.
    """
    try:
        check_finished(finished, parsed)
        return () if text_reader is None else look(finished, parsed, text_reader)
    except SuspectError as error:
        raise SuspectError(Reason.UNCHECKED, error.findings) from error


def _refuse(found: tuple[Finding, ...], reason: Reason) -> None:
    if found:
        raise SuspectError(reason, found)
