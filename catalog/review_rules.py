"""What may be decided of a quarantined file, and when a decision is in force: rules, no rows."""

from collections.abc import Callable

from catalog.columns import now
from catalog.errors import ConflictError, Reason
from catalog.outcome import Outcome
from catalog.review_records import (
    OPEN,
    RELEASING,
    Decision,
    Review,
    ReviewAction,
    ReviewState,
    Verdict,
)

_UNDECIDED = frozenset({ReviewState.WAITING, ReviewState.SECOND})


def after_saying(
    said: Verdict, digest: str, made: Review, before: tuple[Decision, ...]
) -> ReviewState:
    """Give the state of a review once somebody has said something.

    Args:
        said: What, and by whom.
        digest: Names the ruling for this original.
        made: The review as it is.
        before: All that was said before, oldest first.

    Raises:
        ConflictError: That cannot be said of it now.
    """
    if made.state in OPEN and made.expires_at <= now():
        raise ConflictError(Reason.REVIEW_EXPIRED)
    if said.action is ReviewAction.REJECT and made.state in OPEN:
        return ReviewState.REJECTED
    if made.state not in _UNDECIDED or said.action not in RELEASING | {ReviewAction.RETRY}:
        raise ConflictError(Reason.REVIEW_STATE)
    if said.action is ReviewAction.RETRY:
        return ReviewState.DECIDED
    if made.outcome is not Outcome.SUSPECT:
        raise ConflictError(Reason.NOT_RELEASABLE)
    if made.state is ReviewState.WAITING:
        return ReviewState.SECOND
    return _second(said, before[-1], same=before[-1].digest == digest)


def _second(said: Verdict, first: Decision, *, same: bool) -> ReviewState:
    if _is_same(first.who, said.who):
        if same:
            raise ConflictError(Reason.SAME_PERSON)
        return ReviewState.SECOND  # thought better of it: a second has to say that
    if not same:
        raise ConflictError(Reason.OTHER_DECISION)
    return ReviewState.DECIDED


def in_force(
    made: Review, every: tuple[Decision, ...], digest: Callable[[Review, str], str]
) -> Decision:
    """Give the decision by which an original may be walked again now.

    A state alone releases nothing: what was said is looked at once more.

    Args:
        made: The review.
        every: All that was said of it, oldest first.
        digest: Names a ruling for an original.

    Raises:
        ConflictError: There is no such decision, or its time is over.
    """
    if made.state is not ReviewState.DECIDED or not every:
        raise ConflictError(Reason.REVIEW_STATE)
    if made.expires_at <= now():
        raise ConflictError(Reason.REVIEW_EXPIRED)
    last = every[-1]
    if last.round != made.round or last.digest != digest(made, last.ruling):
        raise ConflictError(Reason.REVIEW_CHANGED)
    if last.action is ReviewAction.RETRY and not last.ruling:
        return last
    if made.outcome is not Outcome.SUSPECT or not _agree(every[-2:]):
        raise ConflictError(Reason.REVIEW_STATE)
    return last


def _agree(two: tuple[Decision, ...]) -> bool:
    """Tell whether two different people have decided the same."""
    return (
        len({one.who.strip().casefold() for one in two}) > 1
        and len({(one.round, one.digest) for one in two}) == 1
        and {one.action for one in two} <= RELEASING
    )


def _is_same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
