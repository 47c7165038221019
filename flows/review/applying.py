"""A decision applied: the sealed original walks again, by the same way as the first time."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from catalog.ledgers.records import Item
from catalog.outcome import Outcome
from catalog.reviews.records import OPEN, Review, ReviewState
from catalog.reviews.upkeep import folder
from deid.ruling import Ruling
from flows import log
from flows.deidentifier import Deidentifier
from flows.errors import StudyError
from flows.exports.disclosure import require_decision
from flows.files.spool import local_trouble
from flows.people.protection import Protection
from flows.quarantine.originals import erase, unsealed
from flows.quarantine.proposals import kept, reviewed
from flows.review import begun
from flows.review.rulings import from_text
from flows.silence import silenced
from flows.walk.study import StudyRun, final, hold_late, own_spool, publish
from flows.walk.verdict import Verdict, Walk
from flows.wiring import RegionParts

_LOCK = ".review"


def apply(
    parts: RegionParts,
    deidentifier: Deidentifier,
    review_id: int,
    *,
    who: str,
    protection: Protection | None = None,
) -> Review:
    """Walk an original again as it was decided, and give the review as it is then.

    It is the same walk: what people did not let pass is found again, and the file waits again, as
    it does when the detector or the rules are not those by which they decided.
    Whether the export may still be disclosed and whether she is protected is asked anew. What was
    published already, and not recorded, is only recorded.

    Raises:
        ExportRefusedError: The disclosure decision is over.
        ConflictError: There is no decision in force, or a record was changed by other hands.
        SealError: What is kept was changed by other hands.
        RetriableError: The store, a database or the disk did not answer; apply it again.
    """
    with silenced("review"), one_at_a_time(parts):
        made, _ = parts.ledger.reviews.get(review_id)
        if made.state is ReviewState.APPLYING:
            after = begun.finished(parts, review_id, who=who, protection=protection)
            if after is not None:
                return _over(parts, after)
        return _applied(parts, deidentifier, review_id, who=who, protection=protection)


def _applied(
    parts: RegionParts,
    deidentifier: Deidentifier,
    review_id: int,
    *,
    who: str,
    protection: Protection | None,
) -> Review:
    made, decision = parts.ledger.reviews.decided(review_id)
    export = parts.ledger.export(made.export_id)
    require_decision(export.decision, today=datetime.now(UTC).date())
    region = parts.publisher.holder(export.holder_id).region
    run = f"review-{made.id}-{secrets.token_hex(4)}"
    study = StudyRun(parts, deidentifier, export, made.ordinal, region, run, protection=protection)
    with own_spool(study) as spool:
        verdict = _walked(study, made, from_text(decision.ruling), spool)
        after = _settled(study, made, verdict, who=who)
    with suppress(OSError):
        study.landing.rmdir()
    return _over(parts, after)


def _walked(study: StudyRun, made: Review, ruling: Ruling, spool: Path) -> Verdict:
    parts = study.parts
    path = spool / "original"
    blocks = unsealed(parts.quarantine, parts.keys.quarantine(), made.original_key)
    try:
        with path.open("xb") as landed:
            landed.writelines(blocks)
    except OSError as error:
        raise local_trouble(error) from None
    with ThreadPoolExecutor(1, "upload") as pool:
        walk = Walk(
            parts,
            study.deidentifier,
            study.export,
            gate=study.gate,
            scratch=spool,
            pool=pool,
            reviewed=reviewed(ruling, kept(parts, made), study.deidentifier),
        )
        (verdict,) = walk.all([(Item(made.item_id, made.ordinal, "", 0, None), path)])
    if verdict.ending.outcome is Outcome.UNAVAILABLE:
        message = "the unsealed original could not be read; apply the decision again"
        raise StudyError(message)
    return verdict


def _settled(study: StudyRun, made: Review, verdict: Verdict, *, who: str) -> Review:
    """Say what will be published, publish it, and record it: in that order a crash harms nobody."""
    parts = study.parts
    parts.ledger.require_one_to_one(verdict.ending)
    parts.ledger.reviews.begin(made.id, begun.as_text(verdict), who=who)
    revisions = publish(study, parts.ledger.reviews.outcomes(made), [verdict])
    hold_late(study, [verdict])
    ending = final(study, verdict, revisions)
    return parts.ledger.reviews.settle(made.id, ending, run=study.run, who=who)


def _over(parts: RegionParts, after: Review) -> Review:
    """Let go of the original of a review that is over, and of no other."""
    known = {"export": after.export_id, "item": after.item_id, "outcome": after.outcome}
    log.get().info("review applied", **known)
    if after.state not in OPEN:
        let_go(parts, after)
    return after


def let_go(parts: RegionParts, made: Review) -> None:
    """Erase all that is kept of an original whose review is over, and write that down.

    Raises:
        StorageError: The store did not answer; what is left goes with the next `expire`.
    """
    erase(parts.quarantine, folder(made.export_id, made.item_id))
    parts.ledger.reviews.erased(made.id)


@contextmanager
def one_at_a_time(parts: RegionParts) -> Iterator[None]:
    """Let no two reviews of this region be applied, rejected or expired at once.

    Their outcomes are counted together: two at once would each count without the other.

    Raises:
        RetriableError: The landing cannot be used.
    """
    try:
        parts.landing.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(parts.landing / _LOCK, os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError as error:
        raise local_trouble(error) from None
    try:
        _lock(lock)
        yield
    finally:
        os.close(lock)


def _lock(lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError as error:
        raise local_trouble(error) from None
