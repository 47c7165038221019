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
from deid.identifiers import Identifiers, harvest, together
from deid.source import Parsed, parse
from deid.values import value_of
from flows import original
from flows.admit import Admitted, admit, checked
from flows.deidentifier import Deidentifier
from flows.errors import OriginalError
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
    """How one file ended, and what is to be published of it."""

    ending: Ending
    subject: str = ""
    revision: NewRevision | None = None


@dataclass(frozen=True, repr=False)
class People:
    """Whom the files of a study are about, and all that identifies them.

    Attributes:
        identities: Canonical identifiers; more than one is one too many.
        identifiers: Of every file that could be read.
    """

    identities: frozenset[str]
    identifiers: tuple[Identifiers, ...]

    @property
    def several(self) -> bool:
        """Tell whether the study names more than one person."""
        return len(self.identities) > 1


def look(paths: Sequence[Path]) -> People:
    """Read the headers of a study; files that cannot be read say so when they are walked."""
    identities, identifiers = set(), []
    for path in paths:
        try:
            with original.Original(path) as file, checked():
                parsed = parse(file.reader)
                identifiers.append(harvest(parsed))
                identities.add(identity(parsed))
        except (DeidError, OriginalError):
            continue
    return People(frozenset(identities), tuple(identifiers))


def is_foreign(path: Path) -> bool:
    """Tell whether a file is not DICOM at all."""
    try:
        with original.Original(path) as file, checked():
            parse(file.reader)
    except DeidError as error:
        return error.reason is Reason.NOT_DICOM
    except OriginalError:
        return False
    return False


class Walk:
    """One study's files on their way to a verdict."""

    def __init__(
        self,
        parts: RegionParts,
        deidentifier: Deidentifier,
        export: Export,
        *,
        scratch: Path,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._parts = parts
        self._deidentifier = deidentifier
        self._export = export
        self._scratch = scratch
        self._pool = pool
        self._uploads: list[Future[None]] = []
        self._stored: dict[str, tuple[str, str]] = {}

    def all(self, files: Sequence[tuple[Item, Path]]) -> list[Verdict]:
        """Walk every file; return once all bytes are stored.

        Raises:
            RetriableError: The store or the disk did not answer.
        """
        people = look([path for _, path in files])
        verdicts = [self._one(item, path, people) for item, path in files]
        for upload in self._uploads:
            upload.result()
        return verdicts

    def _one(self, item: Item, path: Path, people: People) -> Verdict:
        try:
            with original.Original(path) as file:
                verdict = self._read(item, file.reader, people)
                if verdict.ending.outcome in _QUARANTINED:
                    verdict = self._quarantined(verdict, file.reader)
                return verdict
        except OriginalError as error:
            return Verdict(Ending(item.id, Outcome.UNAVAILABLE, str(error)))

    def _read(self, item: Item, reader: BinaryIO, people: People) -> Verdict:
        named: Original | None = None
        try:
            with checked():
                parsed = parse(reader)
                named = _original(parsed)
                # The file is read again: it may be another one than was looked at.
                several = people.several or not {identity(parsed)} <= people.identities
                known = together(harvest(parsed), people.identifiers)
            if several:
                verdict = Verdict(Ending(item.id, Outcome.REFUSED, TWO_PATIENTS))
            else:
                verdict = self._admitted(item, reader, parsed, known)
        except DeidError as error:
            verdict = Verdict(_failed(item, error))
        return replace(verdict, ending=replace(verdict.ending, original=named))

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
        return Verdict(ending, admitted.subject, revision)

    def _standing(self, admitted: Admitted) -> tuple[Outcome, str]:
        """Compare with what this run has taken and with what is published."""
        instance, spooled = admitted.instance, admitted.spooled
        digests = (spooled.header_sha256, spooled.pixel_sha256)
        if (taken := self._stored.get(instance.sop_uid)) is not None:
            return (Outcome.KNOWN, "") if taken == digests else (Outcome.CONFLICT, TWICE)
        publisher, holder = self._parts.publisher, self._export.holder_id
        against = publisher.contradiction(instance, subject=admitted.subject, holder_id=holder)
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


def _failed(item: Item, error: DeidError) -> Ending:
    return Ending(
        item.id,
        OUTCOMES[type(error)],
        error.reason.value,
        foreign=error.reason is Reason.NOT_DICOM,
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
