"""What becomes of each file of a study: walked one after another, with uploads one step behind."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from catalog.applications.cohort import Cohort
from catalog.ledgers.records import Ending, Export, Item, Original
from catalog.orders.criteria import wants
from catalog.outcome import Outcome
from catalog.records import NewRevision
from catalog.reviews.upkeep import folder
from deid.deidentify import identity
from deid.errors import DeidError, Reason, RefusedError, SuspectError, UnreadableError
from deid.findings import Finding
from deid.identity.identifiers import Identifiers
from deid.identity.pseudonym import Person
from deid.source import Parsed, parse
from deid.values import value_of
from flows.deidentifier import Deidentifier
from flows.errors import OriginalError
from flows.quarantine.proposals import Case, Reviewed, hold_back
from flows.sources.landed import APART
from flows.sources.original import Original as File
from flows.walk.admit import admit, checked
from flows.walk.delivery import Delivery
from flows.walk.derive import derive_from
from flows.walk.rejected import Rejected
from flows.walk.standing import Stands, making_of
from flows.walk.whom import Gate, People, look
from flows.wiring import RegionParts

STUDY_INSTANCE_UID, SOP_INSTANCE_UID = 0x0020000D, 0x00080018
ACCESSION_NUMBER = 0x00080050

TWO_PATIENTS = "the study names more than one patient"
NOT_ORDERED = "the order for which it was brought does not ask for it"
ERASED = "it was erased by an order of the hub's, and may not come back"
NOT_AS_ANNOUNCED = "its SOP Class or Instance UID is not the one that was announced"
OUTCOMES: dict[type[DeidError], Outcome] = {
    UnreadableError: Outcome.UNREADABLE,
    RefusedError: Outcome.REFUSED,
    SuspectError: Outcome.SUSPECT,
}
_QUARANTINED = frozenset({Outcome.CONFLICT, Outcome.SUSPECT, Outcome.UNREADABLE})
_PUBLISHED = frozenset({Outcome.ADMITTED, Outcome.REVISED})


@dataclass(frozen=True, repr=False)
class Verdict:
    """How one file ended, and what is to be published of it.

    Attributes:
        whose: The canonical identifier of the person it is about; empty if nothing is published.
        person: Her pseudonym, and those she had before.
        derived: What was made of it, to be published with it.
        findings: Why it is SUSPECT, where that is known: places and kinds.
    """

    ending: Ending
    whose: str = ""
    person: Person | None = None
    revision: NewRevision | None = None
    derived: tuple[NewRevision, ...] = ()
    findings: tuple[Finding, ...] = ()


class Walk:
    """One study's files on their way to a verdict, or one of them again after a review.

    Attributes:
        named: What rejection notes among them name: original SOP Instance UIDs.
    """

    def __init__(
        self,
        parts: RegionParts,
        deidentifier: Deidentifier,
        export: Export,
        *,
        gate: Gate,
        scratch: Path,
        pool: ThreadPoolExecutor,
        reviewed: Reviewed | None = None,
    ) -> None:
        self._parts = parts
        self._deidentifier = deidentifier
        self._export = export
        self._gate = gate
        self._scratch = scratch
        self._reviewed = reviewed or Reviewed()
        self._stands = Stands(parts, export)
        self._rejected = Rejected(parts, export)
        self._criteria = criteria_of(parts, export)
        self.named: frozenset[str] = frozenset()
        self._delivery = Delivery(parts.clean, export.holder_id, pool)
        self._persons: dict[str, Person] = {}

    def all(self, files: Sequence[tuple[Item, Path]]) -> list[Verdict]:
        """Walk every file; return once all bytes are stored.

        Raises:
            RetriableError: The store or the disk did not answer.
        """
        people = look([path for _, path in files], self._gate).with_known(self._reviewed.hers)
        self._rejected.enter(people.notes)
        self.named = frozenset().union(*(note.named for note in people.notes))
        verdicts = [self._one(item, path, people) for item, path in files]
        self._delivery.finish()
        return verdicts

    def _one(self, item: Item, path: Path, people: People) -> Verdict:
        try:
            with File(path, self._scratch, limit=self._parts.expansion_limit) as file:
                verdict = self._read(item, path, file, people)
                if verdict.ending.outcome in _QUARANTINED and self._may_be_kept(verdict):
                    verdict = self._quarantined(verdict, file, people)
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
                if self._parts.ledger.erased.is_erased(named.study_uid):
                    return Verdict(Ending(item.id, Outcome.REFUSED, ERASED))
                # The file is read again: it may be another one than was looked at.
                several = people.several or not {identity(parsed)} <= people.identities
                known = people.known(path, file.stamp, parsed)
            refusal = TWO_PATIENTS if several else self._rejected.refusal(parsed)
            if refusal is not None:
                verdict = Verdict(Ending(item.id, Outcome.REFUSED, refusal))
            else:
                verdict = self._admitted(item, file.reader, parsed, known)
        except DeidError as error:
            found = error.findings if isinstance(error, SuspectError) else ()
            failed = self._failed(item, error, nobodys=named is None)
            verdict = Verdict(failed, findings=found)
        return replace(verdict, ending=replace(verdict.ending, original=named))

    def _may_be_kept(self, verdict: Verdict) -> bool:
        """Tell whether an original may wait in quarantine: of what is nobody's, one cannot say."""
        return verdict.ending.original is not None or self._gate(None) is None

    def _failed(self, item: Item, error: DeidError, *, nobodys: bool) -> Ending:
        """End a file that did not pass; of one that nobody can tell whose it is, keep nothing."""
        foreign = error.reason is Reason.NOT_DICOM
        if nobodys and not foreign and (refusal := self._gate(None)) is not None:
            return Ending(item.id, Outcome.REFUSED, refusal)
        return Ending(item.id, OUTCOMES[type(error)], error.said, foreign=foreign)

    def _person(self, canonical: str) -> Person:
        """Ask for a person's pseudonym once per study."""
        if canonical not in self._persons:
            self._persons[canonical] = self._deidentifier.keys.pseudonyms.person(canonical)
        return self._persons[canonical]

    def _admitted(
        self, item: Item, reader: BinaryIO, parsed: Parsed, known: Identifiers
    ) -> Verdict:
        """De-identify one object and start its upload, unless it is stored already."""
        self._reviewed.check()
        admitted = admit(
            reader,
            parsed,
            self._scratch / f"{item.id}.dcm",
            deidentifier=self._deidentifier,
            identifiers=known,
            ask=self._person,
            ruling=self._reviewed.ruling,
        )
        if self._came_apart(item):
            admitted.spooled.path.unlink()
            return Verdict(Ending(item.id, Outcome.SUSPECT, NOT_AS_ANNOUNCED))
        if self._criteria is not None and not wants(self._criteria, admitted.instance):
            admitted.spooled.path.unlink()
            return Verdict(Ending(item.id, Outcome.REFUSED, NOT_ORDERED))
        ruling = self._reviewed.ruling
        made = making_of(reader, parsed, admitted, deidentifier=self._deidentifier, ruling=ruling)
        stand = self._stands.of(admitted, value_of(parsed.header, SOP_INSTANCE_UID), made)
        ending = Ending(
            item.id,
            stand.outcome,
            stand.reason,
            clean_study_uid=admitted.instance.study_uid,
            clean_sop_uid=admitted.instance.sop_uid,
            making=None if stand.outcome is Outcome.CONFLICT else made,
        )
        if stand.outcome not in _PUBLISHED:
            admitted.spooled.path.unlink()
            return Verdict(ending)
        derivation = derive_from(admitted, self._deidentifier, known, ruling=ruling)
        self._stands.take(admitted)
        revision, derived = self._delivery.send(admitted, derivation, stand.remade)
        return Verdict(ending, identity(parsed), admitted.person, revision, derived)

    def _came_apart(self, item: Item) -> bool:
        """Tell whether it came to us as another than it says it is; a person may still let it."""
        ours = Path(self._export.path).is_relative_to(self._parts.landing)
        return ours and Path(item.path).name.startswith(APART)

    def _quarantined(self, verdict: Verdict, file: File, people: People) -> Verdict:
        ending = verdict.ending
        name = folder(self._export.id, ending.item_id)
        case = Case(ending, verdict.findings, people.identifiers, name, self._scratch)
        original, opening = hold_back(self._parts, self._deidentifier, file, case)
        return replace(verdict, ending=replace(ending, quarantine_key=original, review=opening))


def came_again(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Give the clean UIDs of what is stored already: for an order it is delivered, too."""
    known = (one.ending.clean_sop_uid for one in verdicts if one.ending.outcome is Outcome.KNOWN)
    return tuple(sorted({uid for uid in known if uid}))


def criteria_of(parts: RegionParts, export: Export) -> Cohort | None:
    """Give the criteria of the order that an export fulfils; None if it fulfils none.

    Raises:
        ConflictError: Nobody here accepted the order, or the hub took it back.
    """
    found = parts.ledger.cohort_orders.under(export.decision.reference)
    if found is None:
        return None
    found.require_lawful()
    return found.criteria


def _original(parsed: Parsed) -> Original:
    header = parsed.header
    return Original(
        study_uid=value_of(header, STUDY_INSTANCE_UID),
        sop_uid=value_of(header, SOP_INSTANCE_UID),
        accession=value_of(header, ACCESSION_NUMBER),
    )
