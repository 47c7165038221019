"""Studies that regions delivered: they wait until the hub has checked them, and are then settled.

What is refused leaves only its digest and the answer: no word of the record stays.
"""

import secrets
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select

from catalog.arrivals.records import Arrival, ArrivalState
from catalog.arrivals.tables import arrival
from catalog.arrivals.wire import StudyMessage
from catalog.columns import now
from catalog.database import reading, writing
from catalog.errors import NotFoundError
from catalog.tables import holder


def require_own(connection: Connection, region_id: str, holder_id: str) -> None:
    """Stop unless a holder is of a region.

    Raises:
        NotFoundError: It is not, or there is no such holder.
    """
    whose = select(holder.c.region_id).where(holder.c.id == holder_id)
    if connection.scalar(whose) != region_id:
        raise NotFoundError


def enter(engine: Engine, region_id: str, message: StudyMessage, *, sha256: str) -> Arrival:
    """Enter a delivered study; the same one that still waits is given again.

    Raises:
        NotFoundError: The holder is unknown in that region.
    """
    if message.region != region_id:
        raise NotFoundError
    twin = select(arrival).where(
        arrival.c.region_id == region_id,
        arrival.c.sha256 == sha256,
        arrival.c.state == ArrivalState.RECEIVED,
    )
    with writing(engine) as connection:
        require_own(connection, region_id, message.holder_id)
        there = connection.execute(twin.limit(1)).one_or_none()
        if there is not None:
            return _arrival(there)
        name = secrets.token_hex(16)
        connection.execute(
            arrival.insert().values(
                id=name,
                region_id=region_id,
                holder_id=message.holder_id,
                export_id=message.export_id,
                study_ordinal=message.study_ordinal,
                sha256=sha256,
                message=message.canonical().decode(),
                state=ArrivalState.RECEIVED,
                answer="",
                received_at=now(),
            )
        )
        return _arrival(connection.execute(select(arrival).where(arrival.c.id == name)).one())


def get(engine: Engine, region_id: str, name: str) -> Arrival:
    """Give what a region delivered.

    Raises:
        NotFoundError: There is none by that name, or it is another region's.
    """
    mine = select(arrival).where(arrival.c.id == name, arrival.c.region_id == region_id)
    with reading(engine) as connection:
        row = connection.execute(mine).one_or_none()
    if row is None:
        raise NotFoundError
    return _arrival(row)


def waiting(engine: Engine, *, limit: int = 100) -> tuple[Arrival, ...]:
    """Give what waits to be checked, the oldest first."""
    statement = select(arrival).where(arrival.c.state == ArrivalState.RECEIVED)
    with reading(engine) as connection:
        rows = connection.execute(statement.order_by(arrival.c.received_at).limit(limit)).all()
    return tuple(map(_arrival, rows))


def settle(engine: Engine, name: str, state: ArrivalState, answer: str) -> bool:
    """Say what became of an arrival; tell whether nobody had said so before."""
    with writing(engine) as connection:
        settled = connection.execute(
            arrival.update()
            .where(arrival.c.id == name, arrival.c.state == ArrivalState.RECEIVED)
            .values(state=state, answer=answer, message="", settled_at=now())
        )
        return bool(settled.rowcount)


def counts(engine: Engine) -> dict[tuple[str, str], int]:
    """Count the arrivals by region and state."""
    place = (arrival.c.region_id, arrival.c.state)
    with reading(engine) as connection:
        rows = connection.execute(select(*place, func.count()).group_by(*place))
        return {(region, state): number for region, state, number in rows}


def _arrival(row: Row[Any]) -> Arrival:
    return Arrival(
        id=row.id,
        region_id=row.region_id,
        holder_id=row.holder_id,
        export_id=row.export_id,
        message=row.message,
        state=ArrivalState(row.state),
        answer=row.answer,
        received_at=row.received_at,
    )
