"""Orders are fetched by the region, checked, kept, and run only as its own policy allows.

At most a plan is made, paused: a person reads it and lets it go, or not.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.arrivals.records import IssuedOrder, OrderKind
from catalog.errors import ConflictError, Reason
from catalog.ledgers.ledger import Ledger
from catalog.orders.records import OrderState, ReceivedOrder
from catalog.plans.records import Plan, PlanState
from catalog.records import DisclosureDecision
from catalog.vocabulary import ProtectionSource
from flows import log
from flows.errors import OrderError, PlanError
from flows.exports.content import Content, Selection
from flows.intake.client import Intake
from flows.orders.policy import Course, Policy
from flows.orders.wire import CohortOrder, Deliver, Order, read, verify

POLICY = "the region's policy"
_PAGES = 100


class _Handed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    sequence: int = Field(ge=1, lt=1 << 31)
    body: str
    signature: str = Field(max_length=128)


@dataclass(frozen=True, repr=False)
class Orders:
    """A region that listens to its hub.

    Attributes:
        public_key: Of whoever signs the hub's orders; no other is listened to.
    """

    ledger: Ledger
    policy: Policy
    region: str
    public_key: bytes

    def fetch(self, intake: Intake) -> tuple[int, int]:
        """Fetch what the hub has ordered since; count what was taken and what was turned away.

        Raises:
            IntakeError: The hub did not answer.
        """
        after, taken, refused = self.ledger.orders.last(), 0, 0
        for _ in range(_PAGES):
            page = intake.ask("GET", f"/orders?after={after}").get("orders")
            if not isinstance(page, list) or not page:
                break
            for told in page:
                try:
                    taken += self.take(told)
                except OrderError as error:
                    refused += 1
                    log.get().warning("order refused", reason=str(error))
            after = max((_number(told) for told in page), default=after)
        return taken, refused

    def take(self, told: object) -> bool:
        """Take one order; tell whether it is new.

        Raises:
            OrderError: It is none of the hub's, not this region's, or has been here before.
        """
        try:
            handed = IssuedOrder(**_Handed.model_validate(told).model_dump())
        except ValidationError:
            message = "the order is not of the schema, or of a kind that is not known here"
            raise OrderError(message) from None
        order = verify(handed, self.public_key, region=self.region, moment=datetime.now(UTC))
        if order.sequence <= self.ledger.orders.last():
            message = "the order has been here before, or comes after a later one"
            raise OrderError(message)
        kind = OrderKind(order.kind)
        course = self.policy.course(kind)
        never = course is Course.NEVER
        state = OrderState.REFUSED if never else OrderState.WAITING
        new = ReceivedOrder(
            id=order.id,
            sequence=order.sequence,
            kind=kind,
            body=handed.body,
            expires_at=order.expires,
            state=state,
            why="never run here" if never else "",
            who=POLICY if never else "",
        )
        if not self._enter(order, new):
            message = "the order has been here before, or comes after a later one"
            raise OrderError(message)
        if course is Course.RUN and kind is not OrderKind.COHORT:
            self.accept(order.id, who=POLICY)
        return True

    def _enter(self, order: Order, new: ReceivedOrder) -> bool:
        if isinstance(order, CohortOrder):
            return self.ledger.cohort_orders.enter(new, holder=order.holder, due_on=order.due)
        return self.ledger.orders.enter(new)

    def accept(self, order_id: str, *, who: str) -> tuple[str, ...]:
        """Accept an order that names studies; give the plans made for it, all of them paused.

        One by criteria is accepted by `flows.orders.cohorts`.

        Raises:
            NotFoundError: There is none.
            ConflictError: It was decided otherwise, or its time is over.
            PlanError: No source is named for what is to be delivered.
        """
        kept = self.ledger.orders.get(order_id)
        order = read(kept.body)
        if isinstance(order, CohortOrder):
            raise ConflictError(Reason.ORDER_STATE)
        waits = kept.state is OrderState.WAITING
        if waits and isinstance(order, Deliver) and not self.policy.source:
            message = "the region's policy names no source from which orders are delivered"
            raise PlanError(message)
        self.ledger.orders.decide(order_id, OrderState.ACCEPTED, who=who, why="")
        return tuple(self._plans(order, who)) if waits and isinstance(order, Deliver) else ()

    def refuse(self, order_id: str, *, who: str, why: str) -> None:
        """Refuse an order.

        Raises:
            NotFoundError: There is none.
            ConflictError: It was decided otherwise.
        """
        self.ledger.orders.decide(order_id, OrderState.REFUSED, who=who, why=why)

    def _plans(self, order: Deliver, who: str) -> Iterator[str]:
        """Plan a delivery for each holder concerned; nobody's flags are known, so none may run."""
        found = self.ledger.orders.accessions(list(order.studies))
        for holder, numbers in sorted(found.items()):
            if not numbers:
                continue
            plan = Plan(
                id=f"o-{secrets.token_hex(4)}",
                holder_id=holder,
                source=self.policy.source,
                decision=DisclosureDecision(
                    reference=f"order {order.id}",
                    legal_basis="EHDS Article 68",
                    purpose="delivery for a permit, ordered by the hub",
                    controller=holder,
                    valid_until=order.expires.date(),
                    protection_source=ProtectionSource.UNKNOWN,
                ),
                content=Content(
                    selection=Selection(accessions=tuple(sorted(numbers)))
                ).model_dump_json(),
                state=PlanState.PAUSED,
                who=who,
            )
            self.ledger.plans.enter(plan)
            yield plan.id


def _number(told: object) -> int:
    """Give the number under which something was handed out, whatever it is."""
    number = told.get("sequence") if isinstance(told, dict) else 0
    return number if isinstance(number, int) and 0 < number < 1 << 31 else 0
