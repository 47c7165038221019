"""Orders by criteria as a region keeps them, beside what it keeps of every order."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, select

from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.orders.received import decided, entered, order_from
from catalog.orders.records import CohortOrder, OrderState, ReceivedOrder, order_of
from catalog.orders.tables import cohort_order, received_order
from catalog.vocabulary import DeliveryState, Ground


class CohortOrders:
    """The orders by criteria of one region, in its ledger's database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def enter(self, new: ReceivedOrder, *, holder: str, due_on: date) -> bool:
        """Enter an order as it came; tell whether it is new.

        One that the region's policy refuses at once has its ground, as the hub is told one.
        """
        ground = Ground.OTHER if new.state is OrderState.REFUSED else None
        row = {"order_id": new.id, "holder_id": holder, "due_on": due_on, "ground": ground}
        with writing(self._engine) as connection:
            return entered(connection, new) and bool(
                insert_if_absent(connection, cohort_order, row)
            )

    def get(self, order_id: str) -> CohortOrder:
        """Give an order.

        Raises:
            NotFoundError: There is none by criteria of that id.
        """
        with reading(self._engine) as connection:
            return _found(connection, order_id)

    def all(self) -> tuple[CohortOrder, ...]:
        """Give every order, the oldest first."""
        with reading(self._engine) as connection:
            rows = connection.execute(_rows().order_by(received_order.c.sequence)).all()
        return tuple(map(_cohort_order, rows))

    def under(self, reference: str) -> CohortOrder | None:
        """Give the order that a disclosure decision names, if it names one that came here."""
        order_id = order_of(reference)
        if not order_id:
            return None
        with reading(self._engine) as connection:
            row = connection.execute(
                _rows().where(cohort_order.c.order_id == order_id)
            ).one_or_none()
        return None if row is None else _cohort_order(row)

    def accept(self, order_id: str, *, plan_id: str, who: str) -> None:
        """Accept an order that waits, with the plan that fulfils it.

        Raises:
            NotFoundError: There is none.
            ConflictError: It was decided otherwise, or its time is over.
        """
        with writing(self._engine) as connection:
            decided(connection, order_id, OrderState.ACCEPTED, who=who, why="")
            _write(connection, order_id, plan_id=plan_id)

    def refuse(self, order_id: str, *, ground: Ground, who: str, why: str) -> None:
        """Refuse an order that waits.

        Raises:
            NotFoundError: There is none.
            ConflictError: It was decided otherwise.
        """
        with writing(self._engine) as connection:
            decided(connection, order_id, OrderState.REFUSED, who=who, why=why)
            _write(connection, order_id, ground=ground)

    def finish(self, order_id: str, counts: Mapping[str, int]) -> None:
        """Say that all of an accepted order has its outcome; again changes nothing.

        Raises:
            NotFoundError: There is none.
            ConflictError: It is not accepted, or the hub took it back.
        """
        with writing(self._engine) as connection:
            found = _found(connection, order_id, lock=True)
            if found.state is DeliveryState.DELIVERED:
                return
            if found.state is not DeliveryState.ACCEPTED:
                raise ConflictError(Reason.NOT_ACCEPTED)
            _write(connection, order_id, done_at=now(), counts=dict(counts))

    def told(self, order_id: str, state: DeliveryState, due_on: date) -> None:
        """Remember what the hub knows of an order, and until when it is in time."""
        with writing(self._engine) as connection:
            _write(connection, order_id, told=state, due_on=due_on)


def _write(connection: Connection, order_id: str, **values: object) -> None:
    connection.execute(
        cohort_order.update().where(cohort_order.c.order_id == order_id).values(**values)
    )


def _rows() -> Select[Any]:
    return select(received_order, cohort_order).join(
        cohort_order, cohort_order.c.order_id == received_order.c.id
    )


def _found(connection: Connection, order_id: str, *, lock: bool = False) -> CohortOrder:
    wanted = _rows().where(cohort_order.c.order_id == order_id)
    row = connection.execute(wanted.with_for_update() if lock else wanted).one_or_none()
    if row is None:
        raise NotFoundError
    return _cohort_order(row)


def _cohort_order(row: Row[Any]) -> CohortOrder:
    return CohortOrder(
        order=order_from(row),
        holder=row.holder_id,
        due_on=row.due_on,
        plan_id=row.plan_id or "",
        ground=None if row.ground is None else Ground(row.ground),
        done_at=row.done_at,
        counts=row.counts or {},
        told=None if row.told is None else DeliveryState(row.told),
    )
