"""The walk inside this room: header and pixels to clean pieces, and the second eye on them."""

from dataclasses import dataclass
from typing import BinaryIO

from pydicom.dataset import Dataset

from deid.errors import Reason, SuspectError
from deid.facts import Facts, observe
from deid.header import clean_header
from deid.identifiers import Identifiers
from deid.pixels import Box, Flag, ViewTag, read_again, redact
from deid.profile import Profile
from deid.pseudonym import Person, Subkeys, canonical
from deid.serialise import serialise
from deid.source import Parsed, Piece, parse
from deid.streams import check_finished
from deid.text import TextReader
from deid.values import value_of
from deid.verify import verify


@dataclass(frozen=True, repr=False)
class Clean:
    """One de-identified object, not yet written.

    Attributes:
        pieces: The whole object in order.
        pixel_offset: Bytes before the pixel data element.
        header: The clean header.
        facts: What only de-identification saw.
        boxes: What was blanked in the pixels; empty means they pass untouched.
        flags: What a person may want to look at.
    """

    pieces: tuple[Piece, ...]
    pixel_offset: int
    header: Dataset
    facts: Facts
    boxes: tuple[Box, ...]
    flags: tuple[Flag, ...]


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


def deidentify(
    reader: BinaryIO,
    parsed: Parsed,
    *,
    profile: Profile,
    person: Person,
    subkeys: Subkeys,
    text_reader: TextReader,
) -> Clean:
    """De-identify one object that has passed `screen`; the original is only read.

    Raises:
        UnreadableError: It lacks what makes it an instance.
        SuspectError: Its pixels cannot be read, or not be written back.
    """
    view = ViewTag(*_view(parsed.header))
    redaction = redact(reader, parsed, text_reader, view=view)
    header = clean_header(parsed, profile=profile, person=person, subkeys=subkeys)
    for keyword, value in redaction.header_changes.items():
        header.dataset[keyword].value = value
    pieces, pixel_offset = serialise(header, redaction.pieces)
    return Clean(
        pieces=pieces,
        pixel_offset=pixel_offset,
        header=header.dataset,
        facts=observe(parsed.header, age_cap=profile.age_cap),
        boxes=redaction.boxes,
        flags=redaction.flags,
    )


def inspect(
    finished: BinaryIO,
    profile: Profile,
    person: Person,
    *,
    identifiers: Identifiers,
    text_reader: TextReader | None,
) -> None:
    """Look at the finished bytes with the second eye.

    `finished` is the object as it would be stored. `text_reader` reads changed pixels again; it
    is None if they pass untouched.

    Raises:
        SuspectError: Something identified is left, or it could not be checked.
    """
    if verify(finished, identifiers=identifiers, profile=profile, person=person):
        raise SuspectError(Reason.IDENTIFIER_LEFT)
    finished.seek(0)
    parsed = parse(finished)
    check_finished(finished, parsed)
    if text_reader is not None and read_again(finished, parsed, text_reader):
        raise SuspectError(Reason.TEXT_LEFT)


def _view(header: Dataset) -> tuple[str, str]:
    """Give side and view as the header says them; empty where it does not (PS3.3 C.8.11.7)."""
    laterality = value_of(header, 0x00200062) or value_of(header, 0x00200060)
    return laterality.upper(), value_of(header, 0x00185101).upper()
