"""What goes into a region's orders and what comes out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from catalog.applications.cohort import Cohort
from catalog.arrivals.records import OrderKind
from catalog.errors import ConflictError, Reason
from catalog.vocabulary import DeliveryState, Ground

ANSWERED: Final = (
    DeliveryState.ACCEPTED,
    DeliveryState.REFUSED,
    DeliveryState.DELIVERED,
    DeliveryState.WITHDRAWN,
)
"""What the hub may have been told of an order by criteria, or have told of it."""
_MARK: Final = "order "


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


@dataclass(frozen=True, repr=False)
class CohortOrder:
    """An order by criteria, and what became of it.

    Attributes:
        due_on: The last day in time (EHDS Art. 60(2)).
        plan_id: The plan that fulfils it; empty before it is accepted.
        ground: Why it was refused; the words of whoever did stay in the order.
        counts: How many objects ended how, once it is done.
        told: What the hub knows: what it was told last, or that it took the order back.
    """

    order: ReceivedOrder
    holder: str
    due_on: date
    plan_id: str = ""
    ground: Ground | None = None
    done_at: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    told: DeliveryState | None = None

    @property
    def state(self) -> DeliveryState:
        """Tell how it stands, in the hub's words."""
        if self.told is DeliveryState.WITHDRAWN:
            return DeliveryState.WITHDRAWN
        if self.done_at is not None:
            return DeliveryState.DELIVERED
        plain = {OrderState.WAITING: DeliveryState.SENT, OrderState.REFUSED: DeliveryState.REFUSED}
        return plain.get(self.order.state, DeliveryState.ACCEPTED)

    @property
    def reference(self) -> str:
        """Give the number of the disclosure decision under which it is fulfilled."""
        return f"{_MARK}{self.order.id}"

    def days_left(self, today: date) -> int | None:
        """Count the days that are left; negative if it is late, None once it has ended."""
        if self.state not in {DeliveryState.SENT, DeliveryState.ACCEPTED}:
            return None
        return (self.due_on - today).days

    def require_lawful(self) -> None:
        """Stop unless a person here accepted it, and the hub has not taken it back.

        Raises:
            ConflictError: Nobody did, or it has.
        """
        if self.state not in {DeliveryState.ACCEPTED, DeliveryState.DELIVERED}:
            raise ConflictError(Reason.NOT_ACCEPTED)

    @property
    def signed(self) -> Mapping[str, Any]:
        """Give all that was signed."""
        told: dict[str, Any] = json.loads(self.order.body)
        return told

    @property
    def criteria(self) -> Cohort:
        """Give what it asks for."""
        return Cohort.model_validate(self.signed["criteria"])


def order_of(reference: str) -> str:
    """Give the order that a disclosure decision's number names; nothing if it names none."""
    return reference.removeprefix(_MARK) if reference.startswith(_MARK) else ""
