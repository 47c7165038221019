"""Who called what through a region's console; only ever added to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from catalog.columns import now
from catalog.database import reading, writing
from catalog.errands.tables import console_visit

_BATCH = 500


@dataclass(frozen=True)
class ConsoleVisit:
    """One call.

    Attributes:
        token: The id of the token that was shown.
        action: Method and route, never the path that was asked for.
        request: The call's own number, which its answer carries (X-Request-Id).
        errand: The errand that it asked for, or looked at; empty for none.
        outcome: The status of the answer.
    """

    who: str
    token: str
    action: str
    request: str
    errand: str
    outcome: str


def append(engine: Engine, visit: ConsoleVisit) -> None:
    """Add one line.

    Raises:
        DatabaseError: It is not written, so what it speaks of must not be told.
    """
    with writing(engine) as connection:
        connection.execute(console_visit.insert().values(at=now(), **vars(visit)))


def visits(engine: Engine) -> Iterator[tuple[datetime, ConsoleVisit]]:
    """Give every call, the oldest first."""
    last = 0
    while True:
        later = select(console_visit).where(console_visit.c.id > last)
        with reading(engine) as connection:
            rows = connection.execute(later.order_by(console_visit.c.id).limit(_BATCH)).all()
        if not rows:
            return
        for row in rows:
            yield row.at, ConsoleVisit(*row[2:])
        last = rows[-1].id
