"""What the reviews of quarantined files go in and come out as; none of it shows in repr."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from catalog.outcome import Outcome


class ReviewState(StrEnum):
    """How far the review of one quarantined file has come: a closed list."""

    WAITING = "WAITING"
    SECOND = "SECOND"
    DECIDED = "DECIDED"
    APPLYING = "APPLYING"
    APPLIED = "APPLIED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


class ReviewAction(StrEnum):
    """What is written down of a review: what people decide and look at, and what became of it.

    BEGIN says that a decision is being applied and what is about to be published; WITHDRAW, that
    none of that was.
    """

    APPROVE = "APPROVE"
    REDACT = "REDACT"
    RETRY = "RETRY"
    REJECT = "REJECT"
    BEGIN = "BEGIN"
    WITHDRAW = "WITHDRAW"
    APPLY = "APPLY"
    EXPIRE = "EXPIRE"
    LOOK = "LOOK"


OPEN = frozenset(
    {ReviewState.WAITING, ReviewState.SECOND, ReviewState.DECIDED, ReviewState.APPLYING}
)
"""States in which the original is still kept."""

RELEASING = frozenset({ReviewAction.APPROVE, ReviewAction.REDACT})
"""What lets pass more than the walk by itself would: it takes two people."""

DECIDING = RELEASING | {ReviewAction.RETRY, ReviewAction.REJECT}
"""What people decide; all else is what happened."""


@dataclass(frozen=True, repr=False)
class Opening:
    """What a review begins with, or begins again with.

    Attributes:
        proposal_key: Where the sealed proposal lies; empty if there is none.
        expires_at: When all that is kept of the original is erased.
    """

    proposal_key: str
    expires_at: datetime


@dataclass(frozen=True, repr=False)
class Review:
    """The review of one quarantined file.

    Attributes:
        ordinal: The file's study within its export.
        outcome: How the file ended, so far; `reason` is the closed text of that.
        round: From 1; one more each time a decision was applied and the file is held back again.
        original_key: Where the sealed original lies, or lay; it holds a keyed digest of it.
        proposal_key: Where the sealed proposal lies; empty if there is none.
        decisions: How many lines have been written down.
    """

    id: int
    item_id: int
    export_id: str
    ordinal: int
    outcome: Outcome
    reason: str
    state: ReviewState
    round: int
    created_at: datetime
    expires_at: datetime
    original_key: str
    proposal_key: str
    decisions: int


@dataclass(frozen=True, repr=False)
class Statement:
    """What one person says of one quarantined file, or what happened to it.

    Attributes:
        reason: Why; of a LOOK, what was looked at.
        ruling: What is to be blanked, kept and let pass, as text; the same text is the same
            decision. Of a BEGIN, what is about to be published.
    """

    action: ReviewAction
    who: str
    reason: str
    ruling: str = ""


@dataclass(frozen=True, repr=False)
class Decision:
    """One line of what was decided, or of what became of it.

    Attributes:
        number: From 1 within the review.
        round: The review's, when it was written.
        digest: Names the ruling for this very original; two people agree if theirs are the same.
        outcome: What a decision that was applied ended in; else None.
    """

    number: int
    round: int
    action: ReviewAction
    who: str
    made_at: datetime
    reason: str
    ruling: str
    digest: str
    outcome: Outcome | None
