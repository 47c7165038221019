"""Orders begin and end with permits: asked for as one is granted, withdrawn as it is revoked."""

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, and_, exists, select

from catalog import audit
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.deliveries.records import OPEN
from catalog.deliveries.tables import delivery_order
from catalog.lifecycle import DELIVERY, Actor, DeliveryEvent, Guard, after
from catalog.tables import holder
from catalog.vocabulary import DeliveryState, HolderMode

if TYPE_CHECKING:
    from catalog.permits.content import Content


def ask(connection: Connection, permit_id: str, line: str, content: "Content", *, who: str) -> None:
    """Ask every holder on permit whom the cohort may touch, in the transaction of the permit.

    What is asked for waits to be signed: no service has the hub's order key. What was asked of a
    holder by the same criteria for an earlier permit of the line is not asked for again; what is
    open by other criteria, or of a holder that the cohort leaves out, is taken back.
    """
    cohort = content.data.cohort
    criteria = cohort.model_dump(mode="json", exclude={"holder"})
    for row in _open(connection, line):
        if row.criteria != criteria or cohort.holder not in {None, row.holder_id}:
            _take_back(connection, row, who=who)
    wanted = select(holder.c.id).where(holder.c.mode == HolderMode.ON_PERMIT)
    if cohort.holder is not None:
        wanted = wanted.where(holder.c.id == cohort.holder)
    for name in connection.scalars(wanted.order_by(holder.c.id)).all():
        if criteria in _asked(connection, line, name):
            continue
        order_id = secrets.token_hex(16)
        connection.execute(
            delivery_order.insert().values(
                id=order_id,
                permit_id=permit_id,
                line=line,
                holder_id=name,
                criteria=criteria,
                purposes=[str(purpose) for purpose in content.purposes],
                state=DeliveryState.ASKED,
                asked_at=now(),
            )
        )
        note(connection, order_id, permit_id, "ask", DeliveryState.ASKED, who=who)


def _asked(connection: Connection, line: str, name: str) -> Sequence[dict[str, object]]:
    mine = and_(delivery_order.c.line == line, delivery_order.c.holder_id == name)
    stands = delivery_order.c.state != DeliveryState.WITHDRAWN
    return connection.scalars(select(delivery_order.c.criteria).where(mine, stands)).all()


def withdraw(connection: Connection, line: str, *, who: str) -> int:
    """Take back what is open of a line of permits that ends, and count it; no more may come."""
    rows = _open(connection, line)
    for row in rows:
        _take_back(connection, row, who=who)
    return len(rows)


def _open(connection: Connection, line: str) -> Sequence[Row[Any]]:
    mine = (delivery_order.c.line == line, delivery_order.c.state.in_(OPEN))
    return connection.execute(select(delivery_order).where(*mine).with_for_update()).all()


def _take_back(connection: Connection, row: Row[Any], *, who: str) -> None:
    event, state = DeliveryEvent.WITHDRAW, DeliveryState(row.state)
    after(DELIVERY, state, event, who=Actor.ASSESSOR, met=[Guard.REASON])
    connection.execute(
        delivery_order.update()
        .where(delivery_order.c.id == row.id)
        .values(state=DeliveryState.WITHDRAWN, ended_at=now())
    )
    note(connection, row.id, row.permit_id, event, DeliveryState.WITHDRAWN, who=who)


def is_open(connection: Connection, line: str) -> bool:
    """Tell whether something that was ordered for a line of permits has not come, nor ended."""
    mine = (delivery_order.c.line == line, delivery_order.c.state.in_(OPEN))
    return bool(connection.scalar(select(exists().where(*mine))))


def note(
    connection: Connection,
    order_id: str,
    permit_id: str,
    event: str,
    state: DeliveryState,
    *,
    who: str,
) -> None:
    """Write down in the access log what happened to an order."""
    told = AccessEvent(who, permit_id, f"delivery.{event}", f"order:{order_id}", state)
    audit.record(connection, told)
