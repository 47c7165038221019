"""One study of an export: every file to an outcome, bytes stored, then the record."""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from catalog.errors import ArrivalError, ConflictError
from catalog.ledgers.records import Ending, Export, Item
from catalog.outcome import Outcome
from catalog.records import Merge, StudyDraft
from catalog.vocabulary import ProtectionSource
from deid.errors import Reason
from flows import log
from flows.deidentifier import Deidentifier
from flows.errors import SourceAwayError, StudyError
from flows.keys.sides import merges
from flows.people import protection
from flows.people.protection import Protection
from flows.sources.export_folder import locate
from flows.walk.rejected import hold_rejected
from flows.walk.verdict import Verdict, Walk, came_again
from flows.walk.whom import is_foreign
from flows.wiring import RegionParts

HUB_REFUSES = "the hub's own check refuses it"


@dataclass(frozen=True, repr=False)
class StudyRun:
    """One study of one export on its way.

    Attributes:
        ordinal: The study's number within the export.
        region: The holder's region.
        run: What the ledger signs this run's outcomes with.
        protection: What the region knows of protected persons; without it, of nobody anything.
    """

    parts: RegionParts
    deidentifier: Deidentifier
    export: Export
    ordinal: int
    region: str
    run: str
    protection: Protection | None = None

    @property
    def landing(self) -> Path:
        """The export's own directory in the landing."""
        return self.parts.landing / self.export.id

    def path(self, item: Item) -> Path:
        """Return where a file's bytes are."""
        return locate(item.path, Path(self.export.path), self.landing)

    def gate(self, canonical: str | None) -> str | None:
        """Give the reason to refuse a person's images, or those of nobody one could name."""
        source = self.export.decision.protection_source
        if canonical is not None and self.protection is not None:
            return self.protection.refusal(canonical, source, protection.today())
        if source is ProtectionSource.FILTERED_EXPORT:
            return None
        return protection.UNLISTED


def settle(study: StudyRun) -> Counter[Outcome]:
    """Bring every file of a study to its outcome; safe to run again.

    The order is what makes a crash harmless: bytes are stored and read back, then the study is
    published in one transaction, then the ledger records the outcomes, and only then does the
    landing let go of what was expanded into it.

    Where nobody can say who has a protected identity, every file is refused unread; where a side
    table can, no more is read of a file than whose it is until it has been asked.

    Raises:
        RetriableError: The store, a database or the disk did not answer; run it again.
    """
    items = study.parts.ledger.items(study.export.id, study.ordinal)
    pending = [item for item in items if item.outcome is None]
    if study.export.decision.protection_source is ProtectionSource.UNKNOWN:
        verdicts, named = [_refused(study, item) for item in pending], frozenset[str]()
    else:
        verdicts, named = _walk(study, pending)
    verdicts, settled = _ours(study, verdicts)
    _require_source(study, verdicts)
    study.parts.ledger.require_one_to_one(*(verdict.ending for verdict in verdicts))
    try:
        revisions = publish(study, settled, verdicts)
    except ArrivalError as error:
        verdicts = [kept_out(verdict, error.doubts) for verdict in verdicts]
        revisions = publish(study, settled, verdicts)
    hold_late(study, verdicts)
    hold_rejected(study.parts, study.export.holder_id, named)
    _record(study, verdicts, revisions)
    for item in pending:
        if (path := study.path(item)).is_relative_to(study.landing):
            path.unlink(missing_ok=True)
    counts = Counter(verdict.ending.outcome for verdict in verdicts)
    log.get().info("study settled", export=study.export.id, study=study.ordinal, counts=counts)
    return counts


def _walk(study: StudyRun, pending: Sequence[Item]) -> tuple[list[Verdict], frozenset[str]]:
    """Walk files; give their verdicts, and what rejection notes among them name."""
    with own_spool(study) as spool, ThreadPoolExecutor(1, "upload") as pool:
        walk = Walk(
            study.parts,
            study.deidentifier,
            study.export,
            gate=study.gate,
            scratch=spool,
            pool=pool,
        )
        return walk.all([(item, study.path(item)) for item in pending]), walk.named


def _ours(study: StudyRun, verdicts: Sequence[Verdict]) -> tuple[list[Verdict], Counter[Outcome]]:
    """Leave out files that have their outcome by now, and count the outcomes of those.

    Another run may have the study, too: its lease was over, or a clock was wrong. Who lets go of
    a file has recorded it, so what vanished while it was walked here has its outcome there.
    """
    items = study.parts.ledger.items(study.export.id, study.ordinal)
    settled = {item.id: item.outcome for item in items if item.outcome is not None}
    left = [verdict for verdict in verdicts if verdict.ending.item_id not in settled]
    return left, Counter(settled.values())


def _require_source(study: StudyRun, verdicts: Sequence[Verdict]) -> None:
    """Take no share that went away for files that did.

    Raises:
        SourceAwayError: Files are missing since all of the export is.
    """
    root = Path(study.export.path)
    gone = any(verdict.ending.outcome is Outcome.UNAVAILABLE for verdict in verdicts)
    if gone and not root.is_relative_to(study.parts.landing) and not root.exists():
        message = "the export is not there any more: is the share mounted?"
        raise SourceAwayError(message)


def _refused(study: StudyRun, item: Item) -> Verdict:
    """Refuse a file, of which no more is read than what tells an image from a foreign file."""
    if is_foreign(study.path(item)):
        reason = Reason.NOT_DICOM.value
        return Verdict(Ending(item.id, Outcome.UNREADABLE, reason, foreign=True))
    return Verdict(Ending(item.id, Outcome.REFUSED, protection.UNKNOWN))


def publish(
    study: StudyRun, settled: Counter[Outcome], verdicts: Sequence[Verdict]
) -> Mapping[str, int]:
    """Publish new revisions and the outcomes of all files so far; give the revisions' numbers.

    Raises:
        ArrivalError: The hub looked again, and refuses some of it.
        RetriableError: The catalogue did not answer, or says otherwise since it was looked at.
    """
    published = [verdict for verdict in verdicts if verdict.revision is not None]
    subjects = {verdict.person for verdict in published if verdict.person is not None}
    if len(subjects) > 1:
        message = "the study has more than one subject, which must not be"
        raise StudyError(message)
    person = next(iter(subjects), None)
    subkeys = study.deidentifier.keys.subkeys()
    cohort_order = study.parts.ledger.cohort_orders.under(study.export.decision.reference)
    draft = StudyDraft(
        export_id=study.export.id,
        study_ordinal=study.ordinal,
        holder_id=study.export.holder_id,
        region=study.region,
        subject="" if person is None else person.pseudonym,
        revisions=tuple(v.revision for v in published if v.revision is not None),
        outcomes=settled + Counter(verdict.ending.outcome for verdict in verdicts),
        derived=tuple(one for verdict in published for one in verdict.derived),
        merges=() if person is None else tuple(Merge(*one) for one in merges(person, subkeys)),
        order="" if cohort_order is None else cohort_order.order.id,
        known=() if cohort_order is None else came_again(verdicts),
    )
    try:
        return study.parts.publisher.publish(draft)
    except ArrivalError:
        raise
    except ConflictError as error:
        # Somebody published a contradiction since we looked; the next try sees it, and says so.
        message = f"the study could not be published: {error}"
        raise StudyError(message) from None


def kept_out(verdict: Verdict, doubts: Mapping[str, StrEnum]) -> Verdict:
    """Make SUSPECT of what the hub's own check refuses, with all that was made of it."""
    uid = verdict.ending.clean_sop_uid or ""
    if verdict.revision is None or uid not in doubts:
        return verdict
    reason = f"{HUB_REFUSES}: {doubts[uid].value}"
    ending = replace(verdict.ending, outcome=Outcome.SUSPECT, reason=reason, making=None)
    return Verdict(ending)


def hold_late(study: StudyRun, verdicts: Sequence[Verdict]) -> None:
    """Look once more for flags: one may have come after it was asked for and before publication.

    An import of flags holds whom it finds published. Whoever comes second sees the other.
    """
    if study.protection is None:
        return
    late = {v.whose: v.person for v in verdicts if v.revision is not None and v.person is not None}
    for whose, person in late.items():
        who = f"export {study.export.id}"
        study.protection.tell_late(study.parts.publisher, whose, person, who=who)


def _record(study: StudyRun, verdicts: Sequence[Verdict], revisions: Mapping[str, int]) -> None:
    endings = (final(study, verdict, revisions) for verdict in verdicts)
    study.parts.ledger.record(*endings, run=study.run)
    # A note may have come while they were walked: whoever comes second sees the other.
    came = [v.ending.original.sop_uid for v in verdicts if v.revision and v.ending.original]
    if came:
        hold_rejected(study.parts, study.export.holder_id, came)


def final(study: StudyRun, verdict: Verdict, revisions: Mapping[str, int]) -> Ending:
    """Complete how a file ended with the revision it became, and until when it is remembered."""
    number = revisions.get(verdict.ending.clean_sop_uid or "")
    return replace(
        verdict.ending,
        expires_at=datetime.now(UTC) + study.parts.remembered,
        revision=None if verdict.revision is None else number,
    )


@contextmanager
def own_spool(study: StudyRun) -> Iterator[Path]:
    """Make a spool of this run's own in the landing, and end it."""
    folder = study.landing / f"spool-{study.ordinal}-{study.run}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
