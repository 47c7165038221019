"""What becomes of each file of a study: walked one after another, with uploads one step behind."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from catalog.ledger_records import Ending, Export, Item, Original
from catalog.outcome import Outcome
from catalog.records import NewRevision, Stored
from catalog.vocabulary import Standing
from deid.deidentify import identity
from deid.errors import DeidError, Reason, RefusedError, SuspectError, UnreadableError
from deid.identity.identifiers import Identifiers
from deid.identity.pseudonym import Person
from deid.source import Parsed, parse
from deid.values import value_of
from flows.admit import Admitted, admit, checked
from flows.deidentifier import Deidentifier
from flows.errors import OriginalError
from flows.original import Original as File
from flows.people import Gate, People, look
from flows.quarantine import quarantine
from flows.wiring import RegionParts

STUDY_INSTANCE_UID, SOP_INSTANCE_UID = 0x0020000D, 0x00080018
ACCESSION_NUMBER = 0x00080050

TWO_PATIENTS = "the study names more than one patient"
TWICE = "the export holds this instance twice, with differences"
OTHER_PIXELS = "stored already, with other pixels"

OUTCOMES: dict[type[DeidError], Outcome] = {
    UnreadableError: Outcome.UNREADABLE,
    RefusedError: Outcome.REFUSED,
    SuspectError: Outcome.SUSPECT,
}
_STANDINGS = {
    Standing.NEW: Outcome.ADMITTED,
    Standing.KNOWN: Outcome.KNOWN,
    Standing.REVISED: Outcome.REVISED,
    Standing.CONFLICT: Outcome.CONFLICT,
}
_QUARANTINED = frozenset({Outcome.CONFLICT, Outcome.SUSPECT, Outcome.UNREADABLE})
_PUBLISHED = frozenset({Outcome.ADMITTED, Outcome.REVISED})


@dataclass(frozen=True, repr=False)
class Verdict:
    """How one file ended, and what is to be published of it.

    Attributes:
        whose: The canonical identifier of the person it is about; empty if nothing is published.
        person: Her pseudonym, and those she had before.
    """

    ending: Ending
    whose: str = ""
    person: Person | None = None
    revision: NewRevision | None = None


class Walk:
    """One study's files on their way to a verdict."""

    def __init__(
        self,
        parts: RegionParts,
        deidentifier: Deidentifier,
        export: Export,
        *,
        gate: Gate,
        scratch: Path,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._parts = parts
        self._deidentifier = deidentifier
        self._export = export
        self._gate = gate
        self._scratch = scratch
        self._pool = pool
        self._uploads: list[Future[None]] = []
        self._stored: dict[str, tuple[str, str]] = {}
        self._persons: dict[str, Person] = {}

    def all(self, files: Sequence[tuple[Item, Path]]) -> list[Verdict]:
        """Walk every file; return once all bytes are stored.

        Raises:
            RetriableError: The store or the disk did not answer.
        """
        people = look([path for _, path in files], self._gate)
        verdicts = [self._one(item, path, people) for item, path in files]
        for upload in self._uploads:
            upload.result()
        return verdicts

    def _one(self, item: Item, path: Path, people: People) -> Verdict:
        try:
            with File(path) as file:
                verdict = self._read(item, path, file, people)
                if verdict.ending.outcome in _QUARANTINED and self._may_be_kept(verdict):
                    verdict = self._quarantined(verdict, file.reader)
                return verdict
        except OriginalError as error:
            return Verdict(Ending(item.id, Outcome.UNAVAILABLE, str(error)))

    def _read(self, item: Item, path: Path, file: File, people: People) -> Verdict:
        named: Original | None = None
        try:
            with checked():
                parsed = parse(file.reader)
                if people.refusal is not None:
                    return Verdict(Ending(item.id, Outcome.REFUSED, people.refusal))
                named = _original(parsed)
                # The file is read again: it may be another one than was looked at.
                several = people.several or not {identity(parsed)} <= people.identities
                known = people.known(path, file.stamp, parsed)
            if several:
                verdict = Verdict(Ending(item.id, Outcome.REFUSED, TWO_PATIENTS))
            else:
                verdict = self._admitted(item, file.reader, parsed, known)
        except DeidError as error:
            verdict = Verdict(self._failed(item, error, nobodys=named is None))
        return replace(verdict, ending=replace(verdict.ending, original=named))

    def _may_be_kept(self, verdict: Verdict) -> bool:
        """Tell whether an original may wait in quarantine: of what is nobody's, one cannot say."""
        return verdict.ending.original is not None or self._gate(None) is None

    def _failed(self, item: Item, error: DeidError, *, nobodys: bool) -> Ending:
        """End a file that did not pass; of one that nobody can tell whose it is, keep nothing."""
        foreign = error.reason is Reason.NOT_DICOM
        if nobodys and not foreign and (refusal := self._gate(None)) is not None:
            return Ending(item.id, Outcome.REFUSED, refusal)
        return Ending(item.id, OUTCOMES[type(error)], error.reason.value, foreign=foreign)

    def _person(self, canonical: str) -> Person:
        """Ask for a person's pseudonym once per study."""
        if canonical not in self._persons:
            self._persons[canonical] = self._deidentifier.keys.pseudonyms.person(canonical)
        return self._persons[canonical]

    def _admitted(
        self, item: Item, reader: BinaryIO, parsed: Parsed, known: Identifiers
    ) -> Verdict:
        """De-identify one object and start its upload, unless it is stored already."""
        admitted = admit(
            reader,
            parsed,
            self._scratch / f"{item.id}.dcm",
            deidentifier=self._deidentifier,
            identifiers=known,
            ask=self._person,
        )
        outcome, reason = self._standing(admitted)
        ending = Ending(
            item.id,
            outcome,
            reason,
            clean_study_uid=admitted.instance.study_uid,
            clean_sop_uid=admitted.instance.sop_uid,
        )
        if outcome not in _PUBLISHED:
            admitted.spooled.path.unlink()
            return Verdict(ending)
        revision = _revision(admitted, self._export.holder_id)
        path = admitted.spooled.path
        self._uploads.append(self._pool.submit(_upload, self._parts, revision, path))
        return Verdict(ending, identity(parsed), admitted.person, revision)

    def _standing(self, admitted: Admitted) -> tuple[Outcome, str]:
        """Compare with what this run has taken and with what is published."""
        instance, spooled = admitted.instance, admitted.spooled
        digests = (spooled.header_sha256, spooled.pixel_sha256)
        if (taken := self._stored.get(instance.sop_uid)) is not None:
            return (Outcome.KNOWN, "") if taken == digests else (Outcome.CONFLICT, TWICE)
        publisher, holder = self._parts.publisher, self._export.holder_id
        person = admitted.person
        against = publisher.contradiction(
            instance, subject=person.pseudonym, holder_id=holder, before=person.previous
        )
        if against is not None:
            return Outcome.CONFLICT, against.value
        outcome = _STANDINGS[
            publisher.standing(instance.sop_uid, *digests, export_id=self._export.id)
        ]
        if outcome is Outcome.CONFLICT:
            return outcome, OTHER_PIXELS
        self._stored[instance.sop_uid] = digests
        return outcome, ""

    def _quarantined(self, verdict: Verdict, reader: BinaryIO) -> Verdict:
        key = quarantine(
            reader,
            self._parts.quarantine,
            self._parts.keys.quarantine(),
            name=f"{self._export.id}/{verdict.ending.item_id}",
            scratch=self._scratch,
        )
        return replace(verdict, ending=replace(verdict.ending, quarantine_key=key))


def _original(parsed: Parsed) -> Original:
    header = parsed.header
    return Original(
        study_uid=value_of(header, STUDY_INSTANCE_UID),
        sop_uid=value_of(header, SOP_INSTANCE_UID),
        accession=value_of(header, ACCESSION_NUMBER),
    )


def _revision(admitted: Admitted, holder: str) -> NewRevision:
    spooled, instance = admitted.spooled, admitted.instance
    key = f"{holder}/{instance.study_uid}/{instance.sop_uid}/{spooled.sha256}.dcm"
    stored = Stored(
        key=key,
        size=spooled.size,
        sha256=spooled.sha256,
        header_sha256=spooled.header_sha256,
        pixel_sha256=spooled.pixel_sha256,
        pixel_offset=spooled.pixel_offset,
    )
    return NewRevision(instance, stored, admitted.facts, admitted.versions)


def _upload(parts: RegionParts, revision: NewRevision, path: Path) -> None:
    stored = revision.stored
    with path.open("rb") as stream:
        parts.clean.put(stored.key, stream, stored.size, stored.sha256)
    path.unlink()
