"""The publish port, through the hub's intake: a record is posted, checked there, and published."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime

from pydantic import ValidationError

from catalog.arrivals.records import ArrivalState
from catalog.arrivals.wire import (
    ContradictionQuestion,
    HoldMessage,
    InstanceHoldMessage,
    InstanceMessage,
    MergeMessage,
    MergeRequest,
    OptOutMessage,
    PublishedQuestion,
    StandingQuestion,
    TallyMessage,
    study_message,
)
from catalog.errors import IntakeError, Reason
from catalog.records import ExportSummary, Holder, Instance, Merge, StudyDraft
from catalog.vocabulary import HolderMode, HoldKind, OptOut, Standing
from flows.errors import IntakeRefusedError
from flows.intake.client import Intake, named

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
_NOT_OURS = "the record has what the hub would not take"


class IntakePublisher:
    """Publishes through the hub's intake; it has no credential of the catalogue."""

    def __init__(self, intake: Intake, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._intake = intake
        self._sleep = sleep

    def holder(self, holder_id: str) -> Holder:
        """Give a holder of this region.

        Raises:
            NotFoundError: There is none by that id.
            IntakeError: The hub did not answer.
        """
        told = self._intake.ask("GET", f"/holders/{holder_id}")
        names = ("id", "region", "name", "organisation_number", "hsa_id")
        with _understood():
            mode = HolderMode(told.get("mode", HolderMode.STANDING))
            return Holder(**{name: str(told[name]) for name in names}, mode=mode)

    def standing(
        self,
        sop_uid: str,
        header_sha256: str,
        pixel_sha256: str,
        *,
        export_id: str = "",
        remade: Collection[str] = (),
    ) -> Standing:
        """Tell how an instance stands to what this region has published."""
        asked = StandingQuestion(
            sop_uid=sop_uid,
            header_sha256=header_sha256,
            pixel_sha256=pixel_sha256,
            export_id=export_id,
            remade=frozenset(remade),
        )
        told = self._intake.ask("POST", "/standing", asked.canonical())
        with _understood():
            return Standing(told["standing"])

    def contradiction(
        self, new: Instance, *, subject: str, holder_id: str, before: Collection[str] = ()
    ) -> Reason | None:
        """Tell what forbids that an instance is ever published as it is."""
        try:
            asked = ContradictionQuestion(
                instance=InstanceMessage.model_validate(asdict(new)),
                subject=subject,
                holder_id=holder_id,
                before=tuple(before),
            )
        except ValidationError as error:
            raise _not_ours(error) from None
        told = self._intake.ask("POST", "/contradiction", asked.canonical())
        with _understood():
            name = told["reason"]
            return None if name is None else Reason.__members__.get(str(name), Reason.RULE)

    def published_as(
        self, sop_uid: str, header_sha256: str, pixel_sha256: str, *, export_id: str
    ) -> int | None:
        """Give the number of the revision that an export published with these digests."""
        asked = PublishedQuestion(
            sop_uid=sop_uid,
            header_sha256=header_sha256,
            pixel_sha256=pixel_sha256,
            export_id=export_id,
        )
        told = self._intake.ask("POST", "/published-as", asked.canonical())
        with _understood():
            return None if told["number"] is None else int(told["number"])

    def publish(self, draft: StudyDraft) -> Mapping[str, int]:
        """Post a study, and wait until the hub has checked and published it.

        Raises:
            ArrivalError: The hub's check refuses some of its images.
            ConflictError: It contradicts what is published.
            RaceError: The standings it was made from are no longer so.
            IntakeError: The hub did not answer, or has not checked it in time.
            IntakeRefusedError: It has what the hub would not take.
        """
        try:
            message = study_message(draft)
        except ValidationError as error:
            raise _not_ours(error) from None
        told = self._intake.ask("POST", "/arrivals", message)
        until, pause = time.monotonic() + self._intake.patience, _FIRST_PAUSE
        while told.get("state") == ArrivalState.RECEIVED:
            if time.monotonic() > until:
                raise IntakeError(Reason.CHECKING)
            self._sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            with _understood():
                path = f"/arrivals/{int(told['id'], 16):032x}"
            told = self._intake.ask("GET", path)
        answer = told.get("answer")
        if told.get("state") != ArrivalState.PUBLISHED:
            raise named(answer if isinstance(answer, dict) else {})
        with _understood():
            return {str(uid): int(number) for uid, number in told["answer"]["revisions"].items()}

    def record_tally(self, summary: ExportSummary) -> None:
        """Record what a finished export claimed and how it was disclosed."""
        try:
            told = TallyMessage(
                export_id=summary.export_id,
                holder_id=summary.holder_id,
                disclosure_reference=summary.disclosure_reference,
                claimed=summary.tally.claimed,
                foreign=summary.tally.foreign,
                counts=dict(summary.tally.counts),
            )
        except ValidationError as error:
            raise _not_ours(error) from None
        self._intake.ask("POST", "/tallies", told.canonical())

    def hold(self, subject: str, kind: HoldKind, *, reason: str, who: str) -> bool:  # noqa: ARG002 # why and who stay in the region
        """Hold what this region published of a woman; tell whether a Hold was placed."""
        told = HoldMessage(subject=subject, kind=kind)
        return bool(self._intake.ask("POST", "/holds", told.canonical()).get("placed"))

    def hold_instance(
        self,
        sop_uid: str,
        kind: HoldKind,
        *,
        holder_id: str,
        reason: str,  # noqa: ARG002 # as above
        who: str,  # noqa: ARG002 # as above
    ) -> bool:
        """Hold a holder's published instance; tell whether a Hold was placed."""
        told = InstanceHoldMessage(sop_uid=sop_uid, holder_id=holder_id, kind=kind)
        return bool(self._intake.ask("POST", "/instance-holds", told.canonical()).get("placed"))

    def opt_out(
        self,
        subject: str,
        word: OptOut,
        valid_from: datetime,
        *,
        who: str,  # noqa: ARG002 # as above
    ) -> bool:
        """Tell the hub what a woman says of the use of her data; tell whether it was new.

        Raises:
            IntakeRefusedError: That is no pseudonym; nothing of it was sent.
        """
        try:
            told = OptOutMessage(subject=subject, word=word, valid_from=valid_from)
        except ValidationError as error:
            raise _not_ours(error) from None
        return bool(self._intake.ask("POST", "/opt-outs", told.canonical()).get("entered"))

    def merge(self, merge: Merge, *, reason: str, who: str) -> None:  # noqa: ARG002 # as above
        """Make two pseudonyms of one woman one Subject."""
        told = MergeRequest(merge=MergeMessage.model_validate(asdict(merge)))
        self._intake.ask("POST", "/merges", told.canonical())


@contextmanager
def _understood() -> Iterator[None]:
    """Take an answer that is not of the intake's schema for none."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError):
        raise IntakeError from None


def _not_ours(error: ValidationError) -> IntakeRefusedError:
    """Say which places of the schema are wrong, never what is there."""
    places = {
        ".".join(str(part) for part in one["loc"] if str(part).isidentifier())
        for one in error.errors()
    }
    return IntakeRefusedError(f"{_NOT_OURS}: {', '.join(sorted(places))}")
