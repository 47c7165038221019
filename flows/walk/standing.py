"""How an admitted object stands to what its run has taken already, and to what is published."""

import hashlib
from dataclasses import dataclass
from typing import BinaryIO

from catalog.errors import Reason
from catalog.ledgers.records import Export, Making
from catalog.outcome import Outcome
from catalog.vocabulary import Standing
from deid.ruling import Ruling
from deid.source import Parsed
from flows.deidentifier import Deidentifier
from flows.errors import OriginalError
from flows.files.spool import BLOCK, SHRUNK
from flows.walk.admit import Admitted
from flows.wiring import RegionParts

TWICE = "the export holds this instance twice, with differences"
OTHER_PIXELS = "stored already, with other pixels"
#: Of a woman whom two numbers stand for it is no move; then the two are to be merged.
MOVED = (
    "the study moved to another patient: mammo subject merge if both are one woman, "
    "else mammo exports moved holds what is published"
)
OTHER_SUBJECT = Reason.OTHER_SUBJECT

_OUTCOMES = {
    Standing.NEW: Outcome.ADMITTED,
    Standing.KNOWN: Outcome.KNOWN,
    Standing.REVISED: Outcome.REVISED,
    Standing.CONFLICT: Outcome.CONFLICT,
}


@dataclass(frozen=True, repr=False)
class Stand:
    """How one object stands, and why.

    Attributes:
        remade: Digests of clean pixels that the same original pixels were before.
    """

    outcome: Outcome
    reason: str = ""
    remade: frozenset[str] = frozenset()


class Stands:
    """What one walk has taken, held against the catalogue and the ledger."""

    def __init__(self, parts: RegionParts, export: Export) -> None:
        self._parts = parts
        self._export = export
        self._taken: dict[str, tuple[str, str]] = {}

    def of(self, admitted: Admitted, sop_uid: str, making: Making) -> Stand:
        """Compare an object, whose original had this UID, with what was taken and published.

        Other pixels under the same UID are a conflict, unless the ledger knows that those
        published were made of the very same original pixels, by another profile or detector or
        under another ruling: then they are a revision.
        """
        instance, spooled = admitted.instance, admitted.spooled
        digests = (spooled.header_sha256, spooled.pixel_sha256)
        if (taken := self._taken.get(instance.sop_uid)) is not None:
            return Stand(Outcome.KNOWN) if taken == digests else Stand(Outcome.CONFLICT, TWICE)
        publisher, person = self._parts.publisher, admitted.person
        against = publisher.contradiction(
            instance,
            subject=person.pseudonym,
            holder_id=self._export.holder_id,
            before=person.previous,
        )
        if against is not None:
            return Stand(Outcome.CONFLICT, MOVED if against is OTHER_SUBJECT else against.value)
        remade: frozenset[str] = frozenset()
        standing = publisher.standing(instance.sop_uid, *digests, export_id=self._export.id)
        if standing is Standing.CONFLICT:
            remade = self._parts.ledger.makings.before(sop_uid, making)
            standing = publisher.standing(instance.sop_uid, *digests, remade=remade)
        if standing is Standing.CONFLICT:
            return Stand(Outcome.CONFLICT, OTHER_PIXELS)
        return Stand(_OUTCOMES[standing], remade=remade)

    def take(self, admitted: Admitted) -> None:
        """Remember an object that is stored, or about to be."""
        spooled = admitted.spooled
        self._taken[admitted.instance.sop_uid] = (spooled.header_sha256, spooled.pixel_sha256)


def making_of(
    reader: BinaryIO,
    parsed: Parsed,
    admitted: Admitted,
    *,
    deidentifier: Deidentifier,
    ruling: Ruling,
) -> Making:
    """Say which original pixels became which clean ones, and by what.

    Raises:
        OriginalError: The source cannot be read any more.
    """
    spooled = admitted.spooled
    start, end = (parsed.pixels.start, parsed.pixels.end) if parsed.pixels else (0, 0)
    untouched = not admitted.changed_frames and spooled.size - spooled.pixel_offset == end - start
    original = spooled.pixel_sha256 if untouched else _digest(reader, start, end)
    decided = (ruling.blank, ruling.keep, sorted(ruling.waived, key=repr))
    made_by = repr((deidentifier.profile.digest, admitted.versions.detector, decided))
    return Making(original, spooled.pixel_sha256, hashlib.sha256(made_by.encode()).hexdigest())


def _digest(reader: BinaryIO, start: int, end: int) -> str:
    digest = hashlib.sha256()
    reader.seek(start)
    while start < end:
        block = reader.read(min(BLOCK, end - start))
        if not block:
            raise OriginalError(SHRUNK)
        digest.update(block)
        start += len(block)
    return digest.hexdigest()
