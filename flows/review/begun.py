"""What a decision is about to publish, written down before; and what came of it after a crash."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from catalog.errors import ConflictError
from catalog.errors import Reason as CatalogReason
from catalog.ledgers.records import Ending, Making, Original
from catalog.outcome import Outcome
from catalog.records import StudyDraft
from catalog.reviews.records import Review
from deid.identity.pseudonym import Person
from flows.people.protection import Protection
from flows.walk.verdict import Verdict
from flows.wiring import RegionParts

_ENDING = ("outcome", "reason", "clean_study_uid", "clean_sop_uid")


@dataclass(frozen=True, repr=False)
class Begun:
    """What was about to be published of one file.

    Attributes:
        ending: How it ends if that was published.
        digests: Of header and pixels; None where nothing of it was to be published.
        whose: The canonical identifier of the person it is about.
    """

    ending: Ending
    digests: tuple[str, str] | None
    whose: str
    person: Person


def as_text(verdict: Verdict) -> str:
    """Write down what is about to be published; the ledger seals it."""
    ending, revision, person = verdict.ending, verdict.revision, verdict.person
    told = {name: getattr(ending, name) for name in _ENDING}
    told["original"] = None if ending.original is None else asdict(ending.original)
    told["making"] = None if ending.making is None else asdict(ending.making)
    told["digests"] = (
        None if revision is None else [revision.stored.header_sha256, revision.stored.pixel_sha256]
    )
    told["whose"] = verdict.whose
    told["person"] = [] if person is None else [person.pseudonym, *person.previous]
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def _read(text: str, item_id: int) -> Begun:
    told: dict[str, Any] = json.loads(text)
    original, making, digests = told["original"], told["making"], told["digests"]
    ending = Ending(
        item_id,
        Outcome(told["outcome"]),
        told["reason"],
        original=None if original is None else Original(**original),
        clean_study_uid=told["clean_study_uid"],
        clean_sop_uid=told["clean_sop_uid"],
        making=None if making is None else Making(**making),
    )
    pseudonym, *previous = told["person"] or [""]
    return Begun(
        ending,
        None if digests is None else (digests[0], digests[1]),
        told["whose"],
        Person(pseudonym, tuple(previous)),
    )


def finished(
    parts: RegionParts, review_id: int, *, who: str, protection: Protection | None
) -> Review | None:
    """Finish what was published and not recorded; None where nothing was: it is decided again.

    The original does not walk once more: what is published is what was to be, and nothing that
    has changed since takes it back.

    Raises:
        ConflictError: Nothing is being applied, or a record was changed by other hands.
        RetriableError: The store or a database did not answer.
    """
    made, text = parts.ledger.reviews.begun(review_id)
    begun = _read(text, made.item_id)
    number = _number(parts, made, begun)
    if number is None:
        _take_back(parts, made, who=who)
        return None
    if protection is not None:
        late = f"export {made.export_id}"
        protection.tell_late(parts.publisher, begun.whose, begun.person, who=late)
    expires_at = datetime.now(UTC) + parts.remembered
    ending = replace(begun.ending, revision=number, expires_at=expires_at)
    return parts.ledger.reviews.settle(made.id, ending, run=f"review-{made.id}-again", who=who)


def withdraw(parts: RegionParts, review_id: int, *, who: str) -> None:
    """Take back what was begun, where nothing of it was published: it is decided again.

    Raises:
        ConflictError: It is published: then it can only be finished; or nothing is being applied.
        RetriableError: A database did not answer.
    """
    made, text = parts.ledger.reviews.begun(review_id)
    if _number(parts, made, _read(text, made.item_id)) is not None:
        raise ConflictError(CatalogReason.REVIEW_BEGUN)
    _take_back(parts, made, who=who)


def _number(parts: RegionParts, made: Review, begun: Begun) -> int | None:
    """Ask the catalogue which revision it became, if it was published."""
    if begun.digests is None:
        return None
    uid = begun.ending.clean_sop_uid or ""
    return parts.publisher.published_as(uid, *begun.digests, export_id=made.export_id)


def _take_back(parts: RegionParts, made: Review, *, who: str) -> None:
    """Count the file as it was before, and say that nothing was published."""
    holder = parts.publisher.holder(parts.ledger.export(made.export_id).holder_id)
    counts = parts.ledger.reviews.outcomes(made) + Counter({made.outcome: 1})
    draft = StudyDraft(made.export_id, made.ordinal, holder.id, holder.region, "", (), counts)
    parts.publisher.publish(draft)
    parts.ledger.reviews.withdraw(made.id, who=who)
