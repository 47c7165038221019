"""The access log: who had what under which permit; only ever added to (EHDS Art. 73).

What changes who may have it - a Hold from a region, a merge of Subjects - is written here too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from catalog.columns import now
from catalog.database import reading, writing
from catalog.tables import access_log

_BATCH = 500


@dataclass(frozen=True)
class Access:
    """One line of the access log."""

    id: int
    at: datetime
    actor: str
    permit_id: str
    action: str
    object: str
    outcome: str


@dataclass(frozen=True)
class AccessEvent:
    """What happened: an actor did an action to an object, and how it ended.

    Attributes:
        actor: The token's subject.
        permit_id: The permit that was named, empty for none.
        action: A short word such as `download`.
        object: A release UID, a path template or a record's number, never an in-space UID.
        outcome: `ALLOWED`, or why not.
    """

    actor: str
    permit_id: str
    action: str
    object: str
    outcome: str


def append(engine: Engine, event: AccessEvent) -> None:
    """Add one line to the access log.

    Raises:
        DatabaseError: The line is not written, so what it speaks of must not happen.
    """
    with writing(engine) as connection:
        record(connection, event)


def record(connection: Connection, event: AccessEvent) -> None:
    """Add one line in the transaction of what it speaks of: both are written, or neither."""
    connection.execute(
        access_log.insert().values(
            at=now(),
            actor=event.actor,
            permit_id=event.permit_id,
            action=event.action,
            object=event.object,
            outcome=event.outcome,
        )
    )


def entries(engine: Engine, *, permit_id: str | None = None) -> Iterator[Access]:
    """Give the log oldest first, all of it or one permit's."""
    last = 0
    while True:
        statement = select(access_log).where(access_log.c.id > last)
        if permit_id is not None:
            statement = statement.where(access_log.c.permit_id == permit_id)
        with reading(engine) as connection:
            rows = connection.execute(statement.order_by(access_log.c.id).limit(_BATCH)).all()
        if not rows:
            return
        yield from (Access(*row) for row in rows)
        last = rows[-1].id
