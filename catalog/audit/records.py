"""What a line of the ledger says, and what is asked of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

MAX_OBJECT = 255
ALLOWED: Final = "ALLOWED"
"""The outcome of what was asked for and given, or done."""


@dataclass(frozen=True)
class AccessEvent:
    """What happened: an actor did an action to an object, and how it ended.

    Attributes:
        actor: The token's subject.
        permit_id: The permit that was named, empty for none.
        action: A short word such as `download`.
        object: A release UID, a path template or a record's number, never an in-space UID.
        outcome: `ALLOWED`, or why not; of a decision, what it came to.
    """

    actor: str
    permit_id: str
    action: str
    object: str
    outcome: str


@dataclass(frozen=True)
class Access:
    """One line of the ledger.

    Attributes:
        id: Its number; lines are numbered in their order.
        at: When the transaction was about to be committed that it speaks of.
        version: How its digest is made (`catalog.audit.chain`).
        previous: The digest of the line before, zeros for the first.
        digest: SHA-256 of all the others, hexadecimal.
    """

    id: int
    at: datetime
    actor: str
    permit_id: str
    action: str
    object: str
    outcome: str
    version: int
    previous: str
    digest: str


@dataclass(frozen=True)
class Wanted:
    """Which lines; a field left None matches every line.

    Attributes:
        since: Lines of this moment and later.
        before: Lines before this moment.
    """

    permit_id: str | None = None
    actor: str | None = None
    action: str | None = None
    since: datetime | None = None
    before: datetime | None = None
