"""One study of an export: every file to an outcome, bytes stored, then the record."""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from catalog.ledger_records import Ending, Export, Item, Original
from catalog.outcome import Outcome
from catalog.records import NewRevision, Stored, StudyDraft
from catalog.vocabulary import ProtectionSource, Standing
from deid.deidentify import identity
from deid.errors import DeidError, Reason, RefusedError, SuspectError, UnreadableError
from deid.identifiers import harvest
from deid.source import Parsed, parse
from deid.values import value_of
from flows.admit import Admitted, admit
from flows.deidentifier import Deidentifier
from flows.quarantine import quarantine
from flows.sources import locate
from flows.wiring import RegionParts

STUDY_INSTANCE_UID, SOP_INSTANCE_UID = 0x0020000D, 0x00080018
ACCESSION_NUMBER, ISSUER = 0x00080050, 0x00100021

GONE = "the file was listed, and is not there any more"
PROTECTION_UNKNOWN = "the protection flag is unknown, and the decision attests no filtered export"
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
    admitted: Admitted | None = None
    revision: NewRevision | None = None


@dataclass(frozen=True, repr=False)
class StudyRun:
    """One study of one export on its way.

    Attributes:
        ordinal: The study's number within the export.
        region: The holder's region.
        run: What the ledger signs this run's outcomes with.
    """

    parts: RegionParts
    deidentifier: Deidentifier
    export: Export
    ordinal: int
    region: str
    run: str

    @property
    def landing(self) -> Path:
        """The export's own directory in the landing."""
        return self.parts.landing / self.export.id

    def path(self, item: Item) -> Path:
        """Return where a file's bytes are."""
        return locate(item.path, Path(self.export.path), self.landing)


def settle(study: StudyRun) -> Counter[Outcome]:
    """Bring every file of a study to its outcome; safe to run again.

    While nobody can say who has a protected identity, every file is refused unread.

    Raises:
        RetriableError: The store, a database or the disk did not answer; run it again.
    """
    if study.export.decision.protection_source is not ProtectionSource.FILTERED_EXPORT:
        return _refuse(study, PROTECTION_UNKNOWN)
    return _finish(study)


def _finish(study: StudyRun) -> Counter[Outcome]:
    """Walk, store, publish, record, let go.

    The order is what makes a crash harmless: bytes are stored and read back, then the study is
    published in one transaction, then the ledger records the outcomes, and only then does the
    landing let go of what was expanded into it.
    """
    items = study.parts.ledger.items(study.export.id, study.ordinal)
    pending = [item for item in items if item.outcome is None]
    with _spool(study) as spool, ThreadPoolExecutor(1, "upload") as pool:
        verdicts = _Walk(study, spool, pool).all(pending)
    study.parts.publisher.publish(_draft(study, items, verdicts))
    _record(study, verdicts)
    for item in pending:
        if (path := study.path(item)).is_relative_to(study.landing):
            path.unlink(missing_ok=True)
    return Counter(verdict.ending.outcome for verdict in verdicts)


def _refuse(study: StudyRun, reason: str) -> Counter[Outcome]:
    """Refuse every file of a study unread."""
    items = study.parts.ledger.items(study.export.id, study.ordinal)
    verdicts = [
        Verdict(Ending(item.id, Outcome.REFUSED, reason)) for item in items if item.outcome is None
    ]
    study.parts.publisher.publish(_draft(study, items, verdicts))
    _record(study, verdicts)
    return Counter(verdict.ending.outcome for verdict in verdicts)


def _record(study: StudyRun, verdicts: list[Verdict]) -> None:
    expires_at = datetime.now(UTC) + study.parts.remembered
    endings = (replace(verdict.ending, expires_at=expires_at) for verdict in verdicts)
    study.parts.ledger.record(*endings, run=study.run)


class _Walk:
    """The files of one study, one after another, with uploads one step behind."""

    def __init__(self, study: StudyRun, spool: Path, pool: ThreadPoolExecutor) -> None:
        self._study = study
        self._spool = spool
        self._pool = pool
        self._seen: dict[str, tuple[str, str]] = {}

    def all(self, items: list[Item]) -> list[Verdict]:
        """Walk every file; return once all bytes are stored."""
        one_person = len(set(self._identities(items))) <= 1
        uploads: list[Future[None]] = []
        verdicts = []
        for item in items:
            verdict = self._one(item, uploads, one_person=one_person)
            verdicts.append(verdict)
        for upload in uploads:
            upload.result()
        return verdicts

    def _identities(self, items: list[Item]) -> Iterator[str]:
        """Give whom each readable file is about; files that cannot be read say so later."""
        for item in items:
            try:
                with self._study.path(item).open("rb") as reader:
                    yield identity(parse(reader))
            except (DeidError, OSError):
                continue

    def _one(self, item: Item, uploads: list[Future[None]], *, one_person: bool) -> Verdict:
        original: Original | None = None
        try:
            with self._study.path(item).open("rb") as reader:
                try:
                    parsed = parse(reader)
                    original = _original(parsed)
                    if not one_person:
                        return Verdict(Ending(item.id, Outcome.REFUSED, TWO_PATIENTS))
                    verdict = self._admitted(item, reader, parsed, uploads)
                except DeidError as error:
                    verdict = Verdict(_failed(item, error))
                if verdict.ending.outcome in _QUARANTINED:
                    verdict = self._quarantined(verdict, reader)
        except FileNotFoundError:
            return Verdict(Ending(item.id, Outcome.UNAVAILABLE, GONE))
        return replace(verdict, ending=replace(verdict.ending, original=original))

    def _admitted(
        self, item: Item, reader: BinaryIO, parsed: Parsed, uploads: list[Future[None]]
    ) -> Verdict:
        """De-identify one object and start its upload, unless it is stored already."""
        parts = self._study.parts
        admitted = admit(
            reader,
            parsed,
            self._spool / f"{item.id}.dcm",
            deidentifier=self._study.deidentifier,
            identifiers=harvest(parsed),
        )
        outcome, reason = self._standing(admitted)
        revision = None
        if outcome in _PUBLISHED:
            revision = _revision(admitted, self._study.export.holder_id)
            uploads.append(self._pool.submit(_upload, parts, revision, admitted.spooled.path))
        else:
            admitted.spooled.path.unlink()
        ending = Ending(
            item.id,
            outcome,
            reason,
            clean_study_uid=admitted.instance.study_uid,
            clean_sop_uid=admitted.instance.sop_uid,
        )
        return Verdict(ending, admitted, revision)

    def _standing(self, admitted: Admitted) -> tuple[Outcome, str]:
        """Compare with what this run has seen and with what is published."""
        uid, spooled = admitted.instance.sop_uid, admitted.spooled
        digests = (spooled.header_sha256, spooled.pixel_sha256)
        seen = self._seen.setdefault(uid, digests)
        if seen is not digests:
            return (Outcome.KNOWN, "") if seen == digests else (Outcome.CONFLICT, TWICE)
        standing = self._study.parts.publisher.standing(
            uid, *digests, export_id=self._study.export.id
        )
        outcome = _STANDINGS[standing]
        return outcome, OTHER_PIXELS if outcome is Outcome.CONFLICT else ""

    def _quarantined(self, verdict: Verdict, reader: BinaryIO) -> Verdict:
        parts = self._study.parts
        key = quarantine(
            reader,
            parts.quarantine,
            parts.keys.quarantine_key(),
            name=f"{self._study.export.id}/{verdict.ending.item_id}",
        )
        return replace(verdict, ending=replace(verdict.ending, quarantine_key=key))


def _original(parsed: Parsed) -> Original:
    header = parsed.header
    return Original(
        study_uid=value_of(header, STUDY_INSTANCE_UID),
        sop_uid=value_of(header, SOP_INSTANCE_UID),
        accession=value_of(header, ACCESSION_NUMBER),
        issuer=value_of(header, ISSUER),
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


def _draft(study: StudyRun, items: Sequence[Item], verdicts: list[Verdict]) -> StudyDraft:
    """Put together what is published: new revisions, and the outcomes of all files so far."""
    published = [verdict for verdict in verdicts if verdict.revision is not None]
    settled = Counter(item.outcome for item in items if item.outcome is not None)
    return StudyDraft(
        export_id=study.export.id,
        study_ordinal=study.ordinal,
        holder_id=study.export.holder_id,
        region=study.region,
        subject=next((v.admitted.subject for v in published if v.admitted), ""),
        revisions=tuple(v.revision for v in published if v.revision),
        outcomes=settled + Counter(verdict.ending.outcome for verdict in verdicts),
    )


@contextmanager
def _spool(study: StudyRun) -> Iterator[Path]:
    """Make the study's spool in the landing, empty it of an earlier try's rests, and end it."""
    folder = study.landing / f"spool-{study.ordinal}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
