"""Reviews of what waits in quarantine: shown and decided; `flows.review.applying` walks it again.

Nothing here prints: the command line and, later, the console show what is given back. What
`original` and `picture` give identifies a person.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from catalog.errors import ConflictError, NotFoundError
from catalog.errors import Reason as CatalogReason
from catalog.outcome import Outcome
from catalog.reviews.records import OPEN, Decision, Review, ReviewAction, ReviewState, Statement
from catalog.reviews.rules import first_said
from deid.pixels.shown.proposed import Proposal
from deid.ruling import Ruling
from flows import log
from flows.errors import PermanentError
from flows.quarantine.originals import unsealed
from flows.quarantine.proposals import drawn, kept
from flows.review import begun
from flows.review.applying import let_go, one_at_a_time
from flows.review.rulings import Rectangle, approving, as_text, redacting
from flows.wiring import RegionParts

_SHORTEST = 8


class ReviewError(PermanentError):
    """What was asked of a review cannot be done; the message says why."""


@dataclass(frozen=True, repr=False)
class Listed:
    """One line of what waits.

    Attributes:
        days_left: Days until all that is kept is erased; one that has begun counts.
    """

    review: Review
    days_left: int


@dataclass(frozen=True, repr=False)
class Shown:
    """All that is known of one review but the pictures and the original themselves.

    Attributes:
        decisions: What was said so far, oldest first.
        proposal: None where there is none: of what is UNREADABLE, and of what is over.
        pictures: Frames there is a picture of.
    """

    listed: Listed
    decisions: tuple[Decision, ...]
    proposal: Proposal | None
    pictures: tuple[int, ...]


def waiting(
    parts: RegionParts, *, export_id: str | None = None, outcome: Outcome | None = None
) -> tuple[Listed, ...]:
    """Give what waits in quarantine, the oldest first, but what `changed` tells."""
    found = parts.ledger.reviews.all(export_id=export_id)
    return tuple(_listed(one) for one in found if outcome in {None, one.outcome})


def changed(parts: RegionParts) -> tuple[int, ...]:
    """Give the numbers of reviews whose record was changed by other hands."""
    return parts.ledger.reviews.changed()


def show(parts: RegionParts, review_id: int) -> Shown:
    """Give one review with its proposal.

    Raises:
        NotFoundError: There is no such review.
        ConflictError: Its record was changed by other hands.
        SealError: What is kept of it was.
    """
    made, decisions = parts.ledger.reviews.get(review_id)
    there = kept(parts, made) if made.state in OPEN else None
    if there is None:
        return Shown(_listed(made), decisions, None, ())
    return Shown(_listed(made), decisions, there.proposal, tuple(sorted(there.pictures)))


def picture(parts: RegionParts, review_id: int, frame: int, *, who: str) -> bytes:
    """Give the picture of one frame, a PNG; it may show who it is of. The look is recorded.

    Raises:
        NotFoundError: There is no such review or frame, or it cannot be decoded.
        RetriableError: The landing cannot be used.
        SealError: It was changed by other hands.
    """
    made = _open(parts, review_id)
    there = kept(parts, made)
    if there is None or not there.proposal.is_seen(frame):
        raise NotFoundError
    parts.ledger.reviews.look(made.id, f"picture of frame {frame}", who=who)
    if frame not in there.pictures:
        return drawn(parts, made, there.proposal, frame)
    return b"".join(unsealed(parts.quarantine, parts.keys.quarantine(), there.pictures[frame]))


def original(parts: RegionParts, review_id: int, *, who: str) -> Iterator[bytes]:
    """Give the original, block by block; it identifies a person. The look is recorded.

    Raises:
        NotFoundError: There is no such review, or nothing is kept any more.
        SealError: It was changed by other hands.
    """
    made = _open(parts, review_id)
    parts.ledger.reviews.look(made.id, "original", who=who)
    return unsealed(parts.quarantine, parts.keys.quarantine(), made.original_key)


def approve(parts: RegionParts, review_id: int, *, who: str, reason: str) -> Review:
    """Let pass all that was found; the first of two people, or the second.

    Raises:
        ReviewError: No reason was given.
        RulingError: Nothing was found that anybody could let pass.
        ConflictError: The review takes no such decision now.
    """
    made = _open(parts, review_id)
    ruling = approving(_proposal(parts, made))
    return _decide(parts, made, ReviewAction.APPROVE, who=who, reason=reason, ruling=ruling)


def redact(
    parts: RegionParts,
    review_id: int,
    *,
    who: str,
    reason: str,
    blank: Sequence[Rectangle] = (),
    keep: Sequence[int] = (),
) -> Review:
    """Blank more, or less, than is proposed; the first of two people, or the second.

    Raises:
        ReviewError: No reason was given.
        RulingError: A rectangle is not in the picture, or there is no such box.
        ConflictError: The review takes no such decision now.
    """
    made = _open(parts, review_id)
    ruling = redacting(_proposal(parts, made), blank, keep)
    return _decide(parts, made, ReviewAction.REDACT, who=who, reason=reason, ruling=ruling)


def confirm(parts: RegionParts, review_id: int, digest: str, *, who: str, reason: str) -> Review:
    """Say the same as the first of two people, by the digest of what they decided.

    Raises:
        ReviewError: No reason was given, or the digest is not of what the first one decided.
        ConflictError: The review takes no such decision now.
    """
    made, decisions = parts.ledger.reviews.get(review_id)
    if made.state is not ReviewState.SECOND:
        raise ConflictError(CatalogReason.REVIEW_STATE)
    first = first_said(decisions)
    if len(digest) < _SHORTEST or not first.digest.startswith(digest.lower()):
        message = (
            f"that is not what the first person decided; look again (mammo quarantine show "
            f"{review_id}) and confirm the decision it gives, {_SHORTEST} signs of it or more"
        )
        raise ReviewError(message)
    said = Statement(first.action, who, _why(reason), first.ruling)
    return _written(parts, made, said)


def retry(parts: RegionParts, review_id: int, *, who: str, reason: str) -> Review:
    """Walk it again as it is, such as after an update; nothing passes that would not by itself.

    Raises:
        ReviewError: No reason was given.
        ConflictError: The review takes no such decision now.
    """
    return _decide(parts, _open(parts, review_id), ReviewAction.RETRY, who=who, reason=reason)


def reject(parts: RegionParts, review_id: int, *, who: str, reason: str) -> Review:
    """Keep it out for good; all that is kept of the original is erased at once.

    Raises:
        ReviewError: No reason was given.
        ConflictError: The review is over, or its decision was applied and published already: then
            it is to be finished, and what is published can be held.
        StorageError: The store did not answer; what is left is erased by the next `expire`.
    """
    with one_at_a_time(parts):
        made = _open(parts, review_id)
        _why(reason)
        if made.state is ReviewState.APPLYING:
            begun.withdraw(parts, review_id, who=who)
        made = _decide(parts, made, ReviewAction.REJECT, who=who, reason=reason)
        let_go(parts, made)
    return made


def _open(parts: RegionParts, review_id: int) -> Review:
    made, _ = parts.ledger.reviews.get(review_id)
    if made.state not in OPEN:
        raise ConflictError(CatalogReason.REVIEW_STATE)
    return made


def _proposal(parts: RegionParts, made: Review) -> Proposal:
    there = kept(parts, made)
    if there is None or made.outcome is not Outcome.SUSPECT:
        raise ConflictError(CatalogReason.NOT_RELEASABLE)
    return there.proposal


def _decide(
    parts: RegionParts,
    made: Review,
    action: ReviewAction,
    *,
    who: str,
    reason: str,
    ruling: Ruling | None = None,
) -> Review:
    text = "" if ruling is None else as_text(ruling)
    return _written(parts, made, Statement(action, who, _why(reason), text))


def _written(parts: RegionParts, made: Review, said: Statement) -> Review:
    after = parts.ledger.reviews.decide(made.id, said)
    log.get().info("review decided", export=made.export_id, item=made.item_id, part=said.action)
    return after


def _why(reason: str) -> str:
    if not reason.strip():
        message = "say why"
        raise ReviewError(message)
    return reason.strip()


def _listed(made: Review) -> Listed:
    left = made.expires_at - datetime.now(UTC)
    return Listed(made, max(0, ceil(left / timedelta(days=1))))
