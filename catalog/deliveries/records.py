"""An order by criteria as the hub knows it, and its clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from catalog.calendar import months_later
from catalog.vocabulary import DeliveryState, Ground

MONTHS: Final = 3
"""A holder has three months, and at most three more where that is justified (Art. 60(2))."""
RUNNING: Final = frozenset({DeliveryState.SENT, DeliveryState.ACCEPTED})
OPEN: Final = RUNNING | {DeliveryState.ASKED}


@dataclass(frozen=True)
class DeliveryOrder:
    """One order: what one holder is asked for, for one permit.

    Attributes:
        criteria: The cohort of the permit, as `catalog.applications.cohort` reads it.
        purposes: By Article 53.
        due_on: The last day in time; None until it is signed.
        prolonged_why: Why it has more time; empty where it has none.
        counts: Of a delivery, how many objects ended how.
    """

    id: str
    permit_id: str
    region: str
    holder: str
    criteria: Mapping[str, Any]
    purposes: tuple[str, ...]
    tier: str
    state: DeliveryState
    asked_at: datetime
    sent_at: datetime | None
    due_on: date | None
    prolonged_why: str
    ended_at: datetime | None
    ground: Ground | None
    counts: Mapping[str, int]

    def days_left(self, today: date) -> int | None:
        """Count the days that are left; negative if it is late, None if no clock runs."""
        if self.due_on is None or self.state not in RUNNING:
            return None
        return (self.due_on - today).days

    def is_late(self, today: date) -> bool:
        """Tell whether its time is over, and it is not fulfilled."""
        left = self.days_left(today)
        return left is not None and left < 0


def expiry(due: date) -> datetime:
    """Give the moment from which on nothing of an order is taken: the longest that 60(2) allows.

    It is signed with the order, so that more time needs no second signature, and what comes late
    still comes.
    """
    return datetime.combine(months_later(due, MONTHS) + timedelta(days=1), time(), UTC)
