"""The one check of a permit: it names the person, and it is in force."""

from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, Select, bindparam, select

from catalog.database import reading
from catalog.errors import NotFoundError, PermitError
from catalog.lifecycle import Event
from catalog.permits.records import Permit, Superseded
from catalog.permits.tables import permit_decision
from catalog.tables import permit, permit_person
from catalog.vocabulary import PermitState, Tier

_WAYS = {Event.AMEND: PermitState.AMENDED, Event.EXTEND: PermitState.RENEWED}


def get(engine: Engine, permit_id: str) -> Permit:
    """Give a permit whoever asks; the door uses `require`.

    Raises:
        NotFoundError: There is none by that id.
    """
    with reading(engine) as connection:
        return read(connection, permit_id)


def require(connection: Connection, permit_id: str, *, who: str | None, today: date) -> Permit:
    """Check a permit inside a transaction; without `who`, only that it is in force.

    Raises:
        NotFoundError: There is no such permit, or it does not name `who`.
        PermitError: It is not in force: not yet, no more, revoked, or another took its place.
    """
    found = read(connection, permit_id)
    if who is not None and who not in found.persons:
        raise NotFoundError
    if not found.in_force(today):
        raise PermitError
    return found


def read(connection: Connection, permit_id: str) -> Permit:
    """Give a permit inside a transaction.

    Raises:
        NotFoundError: There is none by that id.
    """
    found = find(connection, permit_id)
    if found is None:
        raise NotFoundError
    return found


def find(connection: Connection, permit_id: str) -> Permit | None:
    """Give a permit inside a transaction; None if there is none by that id."""
    row = connection.execute(_by_id(), {"wanted": permit_id}).one_or_none()
    if row is None:
        return None
    persons = connection.scalars(_persons(), {"wanted": permit_id})
    return Permit(
        id=row.id,
        title=row.title,
        purpose=row.purpose,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        persons=frozenset(persons),
        tier=Tier(row.tier),
        revoked_at=row.revoked_at,
        superseded=_superseded(connection, permit_id),
    )


def _superseded(connection: Connection, permit_id: str) -> Superseded | None:
    """Tell what came after a permit; the earliest beginning of all that did is what counts."""
    rows = connection.execute(_later(), {"earlier": permit_id}).all()
    if not rows:
        return None
    since = min(row.valid_from for row in rows)
    return Superseded(rows[0].permit_id, _WAYS[Event(rows[0].way)], since)


# Statements are kept, as to make one anew costs more than to execute it.


@cache
def _by_id() -> Select[Any]:
    return select(permit).where(permit.c.id == bindparam("wanted"))


@cache
def _persons() -> Select[tuple[str]]:
    return select(permit_person.c.person).where(permit_person.c.permit_id == bindparam("wanted"))


@cache
def _later() -> Select[tuple[str, str, date]]:
    mine, later = permit_decision.alias("mine"), permit_decision.alias("later")
    return (
        select(later.c.permit_id, later.c.way, permit.c.valid_from)
        .join(mine, mine.c.line == later.c.line)
        .join(permit, permit.c.id == later.c.permit_id)
        .where(mine.c.permit_id == bindparam("earlier"), later.c.number > mine.c.number)
        .order_by(later.c.number)
    )
