"""Permits for those whom they concern, with all that they say; to all others there is none."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, and_, exists, or_, select, true

from catalog.applications.records import Reader
from catalog.applications.tables import application
from catalog.database import reading
from catalog.errors import CursorError, NotFoundError
from catalog.lifecycle import Event
from catalog.permits.checking import read
from catalog.permits.content import Content
from catalog.permits.records import Permit, Placed
from catalog.permits.tables import permit_decision, permit_event
from catalog.tables import permit, permit_person


@dataclass(frozen=True, repr=False)
class Happened:
    """One thing that happened to a permit."""

    at: datetime
    who: str
    event: Event
    reason: str


@dataclass(frozen=True, repr=False)
class Issued:
    """A permit with what was decided.

    Attributes:
        application: The application's key; empty for a permit issued for development.
        content: What it says; None for a permit issued for development.
        line: The ids of all that followed one another, the first first.
    """

    permit: Permit
    application: str = ""
    owner: str = ""
    content: Content | None = None
    placed: Placed | None = None
    line: tuple[str, ...] = ()
    events: tuple[Happened, ...] = ()


def show(engine: Engine, permit_id: str, reader: Reader) -> Issued:
    """Give a permit with all that it says and all that happened to it.

    Raises:
        NotFoundError: There is none by that id, or it is not this reader's to see.
    """
    with reading(engine) as connection:
        mine = select(permit.c.id).where(permit.c.id == permit_id, _visible(reader))
        if connection.scalar(mine) is None:
            raise NotFoundError
        return whole(connection, permit_id)


def find_all(
    engine: Engine, reader: Reader, *, before: str | None = None, limit: int = 50
) -> tuple[Permit, ...]:
    """Give one page of the permits that a reader may see, the newest first.

    `before` is the id of the last one of the page before.

    Raises:
        CursorError: `before` is none of theirs.
    """
    order = (permit.c.created_at.desc(), permit.c.id.desc())
    wanted = select(permit.c.id).where(_visible(reader)).order_by(*order)
    with reading(engine) as connection:
        if before is not None:
            mine = select(permit.c.created_at).where(permit.c.id == before, _visible(reader))
            moment = connection.scalar(mine)
            if moment is None:
                raise CursorError
            same = and_(permit.c.created_at == moment, permit.c.id < before)
            wanted = wanted.where(or_(permit.c.created_at < moment, same))
        ids = connection.scalars(wanted.limit(limit)).all()
        return tuple(read(connection, one) for one in ids)


def whole(connection: Connection, permit_id: str) -> Issued:
    """Give a permit with what was decided, inside a transaction, whoever asks.

    Raises:
        NotFoundError: There is none by that id.
    """
    found = read(connection, permit_id)
    decided = (
        select(permit_decision, application.c.key, application.c.owner)
        .join(application, application.c.id == permit_decision.c.application_id)
        .where(permit_decision.c.permit_id == permit_id)
    )
    row = connection.execute(decided).one_or_none()
    events = connection.execute(
        select(permit_event)
        .where(permit_event.c.permit_id == permit_id)
        .order_by(permit_event.c.id)
    )
    happened = tuple(Happened(one.at, one.who, Event(one.event), one.reason) for one in events)
    if row is None:
        return Issued(found, line=(found.id,), events=happened)
    line = connection.scalars(
        select(permit_decision.c.permit_id)
        .where(permit_decision.c.line == row.line)
        .order_by(permit_decision.c.number)
    )
    return Issued(
        permit=found,
        application=row.key,
        owner=row.owner,
        content=Content.model_validate(row.content),
        placed=Placed(
            application_id=row.application_id,
            line=row.line,
            number=row.number,
            supersedes=row.supersedes,
            way=Event(row.way),
            extensions=row.extensions,
        ),
        line=tuple(line),
        events=happened,
    )


def _visible(reader: Reader) -> ColumnElement[bool]:
    """Who is named in it, who applied for it, and assessors; an empty name is nobody's."""
    if reader.is_assessor:
        return true()
    if not reader.who:
        return ~true()
    named = exists().where(
        permit_person.c.permit_id == permit.c.id, permit_person.c.person == reader.who
    )
    applied = exists().where(
        permit_decision.c.permit_id == permit.c.id,
        application.c.id == permit_decision.c.application_id,
        application.c.owner == reader.who,
    )
    return or_(named.correlate(permit), applied.correlate(permit))
