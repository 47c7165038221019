"""What may be decided of a quarantined file, and when a decision is in force: rules, no rows."""

from collections.abc import Callable

from catalog.columns import now
from catalog.errors import ConflictError, Reason
from catalog.outcome import Outcome
from catalog.reviews.records import (
    DECIDING,
    OPEN,
    RELEASING,
    Decision,
    Review,
    ReviewAction,
    ReviewState,
    Statement,
)

_UNDECIDED = frozenset({ReviewState.WAITING, ReviewState.SECOND})


def after_saying(
    said: Statement, digest: str, made: Review, before: tuple[Decision, ...]
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
    if made.state is ReviewState.APPLYING:
        raise ConflictError(Reason.REVIEW_BEGUN)
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
    first = first_said(before)
    return _second(said, first, same=first.digest == digest)


def first_said(before: tuple[Decision, ...]) -> Decision:
    """Give what was last decided by people: looks and the like decide nothing.

    Raises:
        ConflictError: Nothing was.
    """
    said = [line for line in before if line.action in DECIDING]
    if not said:
        raise ConflictError(Reason.REVIEW_STATE)
    return said[-1]


def _second(said: Statement, first: Decision, *, same: bool) -> ReviewState:
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
    said = tuple(line for line in every if line.action in DECIDING)
    if made.state is not ReviewState.DECIDED or not said:
        raise ConflictError(Reason.REVIEW_STATE)
    if made.expires_at <= now():
        raise ConflictError(Reason.REVIEW_EXPIRED)
    last = said[-1]
    if last.round != made.round or last.digest != digest(made, last.ruling):
        raise ConflictError(Reason.REVIEW_CHANGED)
    if last.action is ReviewAction.RETRY and not last.ruling:
        return last
    if made.outcome is not Outcome.SUSPECT or not _agree(said[-2:]):
        raise ConflictError(Reason.REVIEW_STATE)
    return last


def begun(made: Review, every: tuple[Decision, ...]) -> Decision:
    """Give the line that says what is about to be published; the clock is asked no more.

    Raises:
        ConflictError: Nothing is being applied.
    """
    if made.state is not ReviewState.APPLYING:
        raise ConflictError(Reason.REVIEW_STATE)
    lines = [line for line in every if line.action is not ReviewAction.LOOK]
    if not lines or lines[-1].action is not ReviewAction.BEGIN or lines[-1].round != made.round:
        raise ConflictError(Reason.REVIEW_CHANGED)
    return lines[-1]


def _agree(two: tuple[Decision, ...]) -> bool:
    """Tell whether two different people have decided the same."""
    return (
        len({one.who.strip().casefold() for one in two}) > 1
        and len({(one.round, one.digest) for one in two}) == 1
        and {one.action for one in two} <= RELEASING
    )


def _is_same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
