"""Permits that followed one another: what counts for what they share is the newest of them."""

from datetime import date

from sqlalchemy import Connection, select

from catalog.permits.checking import read
from catalog.permits.records import Permit
from catalog.permits.tables import permit_decision


def newest(connection: Connection, permit_id: str) -> Permit:
    """Give inside a transaction the last of the permits that followed one another, by any of them.

    Raises:
        NotFoundError: There is no such permit.
    """
    mine, every = permit_decision.alias("mine"), permit_decision.alias("every")
    last = (
        select(every.c.permit_id)
        .join(mine, mine.c.line == every.c.line)
        .where(mine.c.permit_id == permit_id)
        .order_by(every.c.number.desc())
        .limit(1)
    )
    return read(connection, connection.scalar(last) or permit_id)


def is_over(connection: Connection, permit_id: str, *, today: date) -> bool:
    """Tell inside a transaction whether the permits that followed one another are over.

    An amendment may end sooner than what it took the place of: the last day is the newest one's.

    Raises:
        NotFoundError: There is no such permit.
    """
    last = newest(connection, permit_id)
    return last.revoked_at is not None or last.valid_until < today
