"""Orders by criteria at the hub: shown, signed, prolonged, and answered by their region."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, select

from catalog.arrivals.answers import OrderAnswer
from catalog.arrivals.orders import keep
from catalog.arrivals.records import IssuedOrder, OrderKind
from catalog.calendar import months_later
from catalog.columns import now
from catalog.database import reading, writing
from catalog.deliveries.asking import ask, note, withdraw
from catalog.deliveries.records import MONTHS, OPEN, DeliveryOrder, expiry
from catalog.deliveries.tables import delivery_order
from catalog.errors import NotFoundError, StepError
from catalog.lifecycle import DELIVERY, Actor, DeliveryEvent, Guard, after
from catalog.permits.lines import is_over
from catalog.permits.reading import whole
from catalog.tables import holder, permit
from catalog.vocabulary import DeliveryState, Ground

ANSWERS: Mapping[DeliveryState, DeliveryEvent] = {
    DeliveryState.ACCEPTED: DeliveryEvent.ACCEPT,
    DeliveryState.REFUSED: DeliveryEvent.REFUSE,
    DeliveryState.DELIVERED: DeliveryEvent.FINISH,
}


def find_all(engine: Engine, *, permit_id: str | None = None) -> tuple[DeliveryOrder, ...]:
    """Give the orders, the oldest first; of one permit, or all."""
    wanted = _rows().order_by(delivery_order.c.asked_at, delivery_order.c.id)
    if permit_id is not None:
        wanted = wanted.where(delivery_order.c.permit_id == permit_id)
    with reading(engine) as connection:
        return tuple(map(_order, connection.execute(wanted).all()))


def get(engine: Engine, order_id: str) -> DeliveryOrder:
    """Give an order.

    Raises:
        NotFoundError: There is none.
    """
    with reading(engine) as connection:
        return _found(connection, order_id)


def ask_again(engine: Engine, permit_id: str, *, who: str) -> int:
    """Ask holders that deliver on permit only since a permit was granted; count the new orders.

    Raises:
        NotFoundError: There is no such permit.
        StepError: It is over, another took its place, or it was issued for development and has no
            cohort.
    """
    with writing(engine) as connection:
        found = whole(connection, permit_id)
        one = found.permit
        if found.content is None or found.placed is None or one.superseded is not None:
            raise StepError
        if is_over(connection, permit_id, today=now().date()):
            raise StepError
        mine = select(delivery_order.c.id).where(delivery_order.c.permit_id == permit_id)
        before = len(connection.scalars(mine).all())
        ask(connection, permit_id, found.placed.line, found.content, who=who)
        return len(connection.scalars(mine).all()) - before


def end_over(engine: Engine, *, today: date, who: str) -> int:
    """Take back what is open for permits that ran out and that none followed; count the orders."""
    open_lines = select(delivery_order.c.line).where(delivery_order.c.state.in_(OPEN)).distinct()
    with writing(engine) as connection:
        lines = connection.scalars(open_lines.order_by(delivery_order.c.line)).all()
        over = [line for line in lines if is_over(connection, line, today=today)]
        return sum(withdraw(connection, line, who=who) for line in over)


def send(engine: Engine, order_id: str, signed: IssuedOrder, *, due: date, who: str) -> None:
    """Keep a signed order for its region: now its clock runs.

    Raises:
        NotFoundError: There is none.
        StepError: It was signed before, or withdrawn.
        RaceError: Somebody issued another order with the same number meanwhile.
    """
    with writing(engine) as connection:
        found = _found(connection, order_id, lock=True)
        state = _moved(connection, found, DeliveryEvent.SIGN, Actor.OPERATOR, who=who)
        keep(connection, found.region, OrderKind.COHORT, signed, expires_at=expiry(due), who=who)
        _write(
            connection, order_id, state=state, sent_at=now(), sequence=signed.sequence, due_on=due
        )


def prolong(engine: Engine, order_id: str, until: date, *, why: str, who: str) -> None:
    """Give a holder more time, once, for a reason (Art. 60(2)).

    Raises:
        NotFoundError: There is none.
        StepError: No clock runs, it was prolonged before, no reason is given, or too much time.
    """
    with writing(engine) as connection:
        found = _found(connection, order_id, lock=True)
        due = found.due_on or until
        met = {
            Guard.REASON: bool(why.strip()),
            Guard.NOT_PROLONGED: not found.prolonged_why,
            Guard.THREE_MONTHS: due < until <= months_later(due, MONTHS),
        }
        _moved(connection, found, DeliveryEvent.PROLONG, Actor.OPERATOR, who=who, met=met)
        _write(connection, order_id, due_on=until, prolonged_by=who, prolonged_why=why)


def answer(engine: Engine, told: OrderAnswer, *, who: str) -> None:
    """Enter what a region says of an order; the same again changes nothing.

    Raises:
        NotFoundError: There is none.
        StepError: It takes no such answer as it stands.
    """
    with writing(engine) as connection:
        found = _found(connection, told.order, lock=True)
        if found.state is told.state:
            return
        if told.state is DeliveryState.DELIVERED and found.state is DeliveryState.SENT:
            _moved(connection, found, DeliveryEvent.ACCEPT, Actor.REGION, who=who)
            found = _found(connection, told.order)
        met = {Guard.REASON: told.ground is not None}
        _moved(connection, found, ANSWERS[told.state], Actor.REGION, who=who, met=met)
        if told.state is not DeliveryState.ACCEPTED:
            counts = None if told.counts is None else dict(told.counts)
            values = {"state": told.state, "ground": told.ground, "counts": counts}
            _write(connection, told.order, ended_at=now(), **values)


def _moved(
    connection: Connection,
    found: DeliveryOrder,
    event: DeliveryEvent,
    actor: Actor,
    *,
    who: str,
    met: Mapping[Guard, bool] | None = None,
) -> DeliveryState:
    """Judge an event, write it down, and where nothing else is to be written, its state."""
    vouched = [guard for guard, so in (met or {}).items() if so]
    state = DeliveryState(after(DELIVERY, found.state, event, who=actor, met=vouched))
    note(connection, found.id, found.permit_id, event, state, who=who)
    if event is DeliveryEvent.ACCEPT:
        _write(connection, found.id, state=state)
    return state


def _write(connection: Connection, order_id: str, **values: object) -> None:
    connection.execute(
        delivery_order.update().where(delivery_order.c.id == order_id).values(**values)
    )


def _rows() -> Select[Any]:
    return (
        select(delivery_order, holder.c.region_id, permit.c.tier)
        .join(holder, holder.c.id == delivery_order.c.holder_id)
        .join(permit, permit.c.id == delivery_order.c.permit_id)
    )


def _found(connection: Connection, order_id: str, *, lock: bool = False) -> DeliveryOrder:
    wanted = _rows().where(delivery_order.c.id == order_id)
    if lock:
        wanted = wanted.with_for_update(of=delivery_order)
    row = connection.execute(wanted).one_or_none()
    if row is None:
        raise NotFoundError
    return _order(row)


def _order(row: Row[Any]) -> DeliveryOrder:
    return DeliveryOrder(
        id=row.id,
        permit_id=row.permit_id,
        region=row.region_id,
        holder=row.holder_id,
        criteria=row.criteria,
        purposes=tuple(row.purposes),
        tier=row.tier,
        state=DeliveryState(row.state),
        asked_at=row.asked_at,
        sent_at=row.sent_at,
        due_on=row.due_on,
        prolonged_why=row.prolonged_why or "",
        ended_at=row.ended_at,
        ground=None if row.ground is None else Ground(row.ground),
        counts=row.counts or {},
    )
