"""End a permit at once (EHDS Art. 63): it, and every other of its line that could give access."""

from datetime import date

from sqlalchemy import Connection, Engine

from catalog.columns import now
from catalog.database import writing
from catalog.deliveries.asking import withdraw
from catalog.errors import StepError
from catalog.lifecycle import PERMIT, Actor, Event, Guard, after
from catalog.permits.changing import locked
from catalog.permits.checking import read
from catalog.permits.issuing import note
from catalog.permits.records import Permit
from catalog.tables import permit


def revoke(engine: Engine, permit_id: str, *, who: str, reason: str) -> tuple[str, ...]:
    """End a permit now, and give the ids of all that ended; twice keeps the first moment.

    What took its place ends with it, and so does what is still in force of before.

    Raises:
        NotFoundError: There is none by that id.
        StepError: It is over already, or no reason is given.
    """
    with writing(engine) as connection:
        found = locked(connection, permit_id)
        today = now().date()
        line = [read(connection, one) for one in found.line]
        ending = [one for one in line if _could_serve(one, today)]
        if not ending:
            if found.permit.revoked_at is None:
                raise StepError
            return ()
        met = (Guard.REASON,) if reason.strip() else ()
        after(PERMIT, ending[-1].state(today), Event.REVOKE, who=Actor.ASSESSOR, met=met)
        for one in ending:
            _end(connection, one, who=who, reason=reason)
        withdraw(connection, found.line[0], who=who)
        return tuple(one.id for one in ending)


def _could_serve(found: Permit, today: date) -> bool:
    """Tell whether a permit is in force, or could be on a day to come."""
    if found.revoked_at is not None or found.valid_until < today:
        return False
    return found.superseded is None or today < found.superseded.since


def _end(connection: Connection, found: Permit, *, who: str, reason: str) -> None:
    connection.execute(permit.update().where(permit.c.id == found.id).values(revoked_at=now()))
    note(connection, found.id, Event.REVOKE, who=who, reason=reason)
