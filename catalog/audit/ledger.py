"""Write lines, and read them in their order."""

from collections.abc import Iterator

from sqlalchemy import Connection, Engine, Select, select

from catalog.audit import chain
from catalog.audit.records import Access, AccessEvent, Wanted
from catalog.audit.tables import access_log
from catalog.audit.together import write_together
from catalog.database import at_the_end, reading, writing

_BATCH = 1000
COLUMNS = (
    access_log.c.id,
    access_log.c.at,
    access_log.c.actor,
    access_log.c.permit_id,
    access_log.c.action,
    access_log.c.object,
    access_log.c.outcome,
    access_log.c.version,
    access_log.c.previous,
    access_log.c.digest,
)
"""In the order of the fields of an Access."""


def append(engine: Engine, event: AccessEvent) -> None:
    """Add one line to the ledger, in one transaction with others that wait just now.

    Raises:
        DatabaseError: The line is not written, so what it speaks of must not happen.
    """
    write_together(engine, event, _write)


def _write(engine: Engine, events: list[AccessEvent]) -> None:
    with writing(engine) as connection:
        for event in events:
            record(connection, event)


def record(connection: Connection, event: AccessEvent) -> None:
    """Add one line in the transaction of what it speaks of: both are written, or neither.

    It is written right before the commit, so that a long transaction keeps nobody waiting.
    """
    at_the_end(connection, chain.add, event)


def entries(engine: Engine, *, permit_id: str | None = None) -> Iterator[Access]:
    """Give the ledger oldest first, all of it or one permit's."""
    return lines(engine, Wanted(permit_id=permit_id))


def lines(engine: Engine, wanted: Wanted, *, after: int = 0) -> Iterator[Access]:
    """Give the lines that are wanted, with a number above `after`, oldest first."""
    last = after
    while found := page(engine, wanted, after=last, limit=_BATCH):
        yield from found
        last = found[-1].id


def page(engine: Engine, wanted: Wanted, *, after: int = 0, limit: int) -> tuple[Access, ...]:
    """Give the first `limit` of the lines that are wanted, with a number above `after`."""
    statement = _wanted(wanted).where(access_log.c.id > after)
    with reading(engine) as connection:
        rows = connection.execute(statement.order_by(access_log.c.id).limit(limit)).all()
    return tuple(Access(*row) for row in rows)


def _wanted(wanted: Wanted) -> Select[tuple[object, ...]]:
    pairs = (
        (wanted.permit_id, access_log.c.permit_id.__eq__),
        (wanted.actor, access_log.c.actor.__eq__),
        (wanted.action, access_log.c.action.__eq__),
        (wanted.since, access_log.c.at.__ge__),
        (wanted.before, access_log.c.at.__lt__),
    )
    return select(*COLUMNS).where(*(test(value) for value, test in pairs if value is not None))
