"""Orders as the hub issued them, signed elsewhere; each region is handed its own, in sequence."""

from datetime import datetime

from sqlalchemy import Connection, Engine, func, select

from catalog import audit
from catalog.arrivals.records import IssuedOrder, OrderKind
from catalog.arrivals.tables import issued_order
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.database import reading, writing
from catalog.errors import NotFoundError
from catalog.tables import region


def next_sequence(engine: Engine, region_id: str) -> int:
    """Give the number of a region's next order.

    Raises:
        NotFoundError: There is no such region.
    """
    last = select(func.max(issued_order.c.sequence)).where(issued_order.c.region_id == region_id)
    with reading(engine) as connection:
        if connection.scalar(select(region.c.id).where(region.c.id == region_id)) is None:
            raise NotFoundError
        return int(connection.scalar(last) or 0) + 1


def issue(
    engine: Engine,
    region_id: str,
    kind: OrderKind,
    order: IssuedOrder,
    *,
    expires_at: datetime,
    who: str,
) -> None:
    """Keep a signed order for its region.

    Raises:
        RaceError: Somebody issued another with the same number meanwhile.
    """
    with writing(engine) as connection:
        keep(connection, region_id, kind, order, expires_at=expires_at, who=who)


def keep(
    connection: Connection,
    region_id: str,
    kind: OrderKind,
    order: IssuedOrder,
    *,
    expires_at: datetime,
    who: str,
) -> None:
    """Keep a signed order for its region, inside a transaction."""
    connection.execute(
        issued_order.insert().values(
            region_id=region_id,
            sequence=order.sequence,
            kind=kind,
            body=order.body,
            signature=order.signature,
            issued_by=who,
            issued_at=now(),
            expires_at=expires_at,
        )
    )
    what = f"region:{region_id}/order:{order.sequence}"
    audit.record(connection, AccessEvent(who, "", "order", what, kind))


def after(
    engine: Engine, region_id: str, sequence: int, *, limit: int = 100
) -> tuple[IssuedOrder, ...]:
    """Give a region's orders that follow a number, the oldest first."""
    statement = (
        select(issued_order)
        .where(issued_order.c.region_id == region_id, issued_order.c.sequence > sequence)
        .order_by(issued_order.c.sequence)
        .limit(limit)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return tuple(IssuedOrder(row.sequence, row.body, row.signature) for row in rows)
