"""The walk of one image: a plain linear function from an identified file to a clean one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from catalog.errors import CatalogError
from catalog.publishing.describe import describe
from catalog.records import Facts, Instance, Versions
from deid.deidentify import Clean, deidentify, identity, inspect
from deid.errors import DeidError, Reason, RefusedError, SuspectError
from deid.headers.journal import Entry
from deid.identity.identifiers import Identifiers
from deid.identity.pseudonym import Person
from deid.passage import Passage
from deid.ruling import NONE, Box, Ruling
from deid.screen import screen
from deid.source import Parsed
from flows.deidentifier import Deidentifier
from flows.errors import FlowsError
from flows.files.spool import Spooled, spool
from flows.people.protection import is_confidential
from flows.sources.original import Original
from flows.walk.device import machine_of, pseudonym_of


@dataclass(frozen=True, repr=False)
class Admitted:
    """One clean object in the spool, and what the catalogue will say of it.

    `changed_frames` are those that were written anew, from 1.
    """

    spooled: Spooled
    person: Person
    instance: Instance
    facts: Facts
    versions: Versions
    boxes: tuple[Box, ...]
    journal: tuple[Entry, ...]
    applied: tuple[tuple[str, str], ...]
    changed_frames: tuple[int, ...]


@contextmanager
def checked() -> Iterator[None]:
    """Make SUSPECT of whatever nobody foresaw: could not check is not clean, and others go on.

    What says that the machine or the source is in trouble passes.
    """
    try:
        yield
    except (DeidError, FlowsError, CatalogError, OSError, MemoryError):
        raise
    except Exception:  # noqa: BLE001  # a bug met by one object must not stop an export
        raise SuspectError(Reason.UNCHECKED) from None


@dataclass(frozen=True, repr=False)
class _Eyes:
    """Both eyes' look at one object: what either is told of it, and nothing but that."""

    deidentifier: Deidentifier
    passage: Passage
    person: Person
    identifiers: Identifiers
    ruling: Ruling

    def clean(self, reader: BinaryIO, parsed: Parsed) -> Clean:
        """De-identify it, with the first eye."""
        return deidentify(
            reader,
            parsed,
            profile=self.deidentifier.profile,
            person=self.person,
            subkeys=self.deidentifier.keys.subkeys(),
            identifiers=self.identifiers,
            text_reader=self.deidentifier.text_reader,
            passage=self.passage,
            ruling=self.ruling,
        )

    def inspect(self, finished: BinaryIO, clean: Clean) -> None:
        """Look at the finished bytes with the second eye."""
        inspect(
            finished,
            self.deidentifier.profile,
            self.person,
            identifiers=self.identifiers,
            text_reader=self.deidentifier.text_reader,
            applied=clean.applied,
            pixels_changed=bool(clean.changed_frames),
            blanked=clean.boxes,
            looked_at=clean.looked_at,
            passage=self.passage,
            ruling=self.ruling,
        )


@checked()
def admit(
    reader: BinaryIO,
    parsed: Parsed,
    target: Path,
    *,
    deidentifier: Deidentifier,
    identifiers: Identifiers,
    ask: Callable[[str], Person] | None = None,
    ruling: Ruling = NONE,
) -> Admitted:
    """De-identify one object into `target`, and look at the result with the second eye.

    The original is only read. `identifiers` are what both eyes seek: this object's, and those of
    all objects of hers that are at hand. `ask` gives the person behind a canonical
    identifier, where that is not left to the keys. `ruling` is what people decided about it.

    Raises:
        RefusedError: A rule of the profile refuses the object.
        SuspectError: The result could not be proven clean.
        OriginalError: The source cannot be read any more, or was changed while it was read.
        RetriableError: The spool cannot be written.
    """
    if is_confidential(parsed.header):
        raise RefusedError(Reason.CONFIDENTIAL)
    passage = screen(parsed, deidentifier.profile)
    person = (ask or deidentifier.keys.pseudonyms.person)(identity(parsed))
    eyes = _Eyes(deidentifier, passage, person, identifiers, ruling)
    clean = eyes.clean(reader, parsed)
    spooled = spool(clean.pieces, reader, target, pixel_offset=clean.pixel_offset)
    if isinstance(reader, Original):
        reader.check_unchanged()
    with target.open("rb") as finished:
        eyes.inspect(finished, clean)
    device = pseudonym_of(machine_of(parsed.header), deidentifier.keys)
    return _admitted(spooled, person, clean, versions=deidentifier.versions, device=device)


def _admitted(
    spooled: Spooled, person: Person, clean: Clean, *, versions: Versions, device: str
) -> Admitted:
    seen = clean.facts
    facts = Facts(seen.exam_year, seen.age, len(clean.boxes), clean.flags, device)
    return Admitted(
        spooled=spooled,
        person=person,
        instance=describe(clean.header, facts),
        facts=facts,
        versions=versions,
        boxes=clean.boxes,
        journal=clean.journal,
        applied=clean.applied,
        changed_frames=clean.changed_frames,
    )
