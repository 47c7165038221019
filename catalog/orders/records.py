"""What goes into a region's orders and what comes out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from catalog.arrivals.records import OrderKind


class OrderState(StrEnum):
    """How far a region has come with an order."""

    WAITING = "WAITING"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, repr=False)
class ReceivedOrder:
    """An order whose signature was good when it came.

    Attributes:
        body: The signed JSON.
        why: Why it is as it is, in closed words, or a person's.
        who: Who decided: a person, or the region's policy.
    """

    id: str
    sequence: int
    kind: OrderKind
    body: str
    expires_at: datetime
    state: OrderState = OrderState.WAITING
    why: str = ""
    who: str = ""
