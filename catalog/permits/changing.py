"""Amend and extend permits: each time a new permit with an id of its own (EHDS Art. 68(12), (13)).

The old one stays as it was, and is in force until a later one is: never two of a line at once.
"""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import Connection, Engine, select

from catalog.database import writing
from catalog.errors import Reason, StepError
from catalog.lifecycle import PERMIT, Actor, Event, Guard, after
from catalog.permits.checking import get
from catalog.permits.content import Content
from catalog.permits.issuing import issue
from catalog.permits.reading import Issued, whole
from catalog.permits.records import Permit, Placed, last_day
from catalog.permits.tables import permit_decision
from catalog.tables import permit


def amend(
    engine: Engine, permit_id: str, content: Content, *, who: str, reason: str, today: date
) -> Permit:
    """Issue a permit that says something else in the place of one; it cannot last longer.

    `content.valid_from` is when the new one takes over: today or later, at the latest the day after
    the old one ends.

    Raises:
        NotFoundError: There is no such permit.
        StepError: The machine allows it not: of these two only the newest of a line is amended.
        InterestError: The old or the new one names who would decide.
    """
    with writing(engine) as connection:
        old = locked(connection, permit_id)
        made = _follow(connection, old, content, Event.AMEND, who=who, reason=reason, today=today)
    return get(engine, made)


def extend(
    engine: Engine, permit_id: str, until: date, *, who: str, reason: str, today: date
) -> Permit:
    """Issue a permit that goes on from the day after one ends: once in a line, ten years at most.

    Raises:
        NotFoundError: There is no such permit.
        StepError: The machine allows it not.
        InterestError: The permit names who would decide.
    """
    with writing(engine) as connection:
        old = locked(connection, permit_id)
        if old.content is None:
            raise StepError(Reason.NO_CONTENT)
        begins = old.permit.valid_until + timedelta(days=1)
        if until < begins:
            raise StepError(Reason.NOT_FROM_THEN)
        content = old.content.but(valid_from=begins, valid_until=until)
        made = _follow(connection, old, content, Event.EXTEND, who=who, reason=reason, today=today)
    return get(engine, made)


def locked(connection: Connection, permit_id: str) -> Issued:
    """Give a permit of which nobody else changes the line until the transaction ends.

    Raises:
        NotFoundError: There is none by that id.
    """
    line = select(permit_decision.c.line).where(permit_decision.c.permit_id == permit_id)
    first = connection.scalar(line) or permit_id
    connection.execute(select(permit.c.id).where(permit.c.id == first).with_for_update()).all()
    return whole(connection, permit_id)


def _follow(
    connection: Connection,
    old: Issued,
    content: Content,
    event: Event,
    *,
    who: str,
    reason: str,
    today: date,
) -> str:
    if old.content is None or old.placed is None:
        raise StepError(Reason.NO_CONTENT)
    met = {
        Guard.REASON: bool(reason.strip()),
        Guard.NOT_NAMED: _is_impartial(old, content, who),
        Guard.TEN_YEARS: content.valid_until <= last_day(content.valid_from),
        Guard.NOT_LONGER: content.valid_until <= old.permit.valid_until,
        Guard.NOT_EXTENDED: old.placed.extensions == 0,
        Guard.FROM_THEN: today <= content.valid_from <= old.permit.valid_until + timedelta(days=1),
    }
    after(
        PERMIT,
        old.permit.state(today),
        event,
        who=Actor.ASSESSOR,
        met=[guard for guard, so in met.items() if so],
    )
    return issue(
        connection, content, _next(old.placed, old.permit.id, event), who=who, reason=reason
    )


def _next(placed: Placed, permit_id: str, event: Event) -> Placed:
    return replace(
        placed,
        number=placed.number + 1,
        supersedes=permit_id,
        way=event,
        extensions=placed.extensions + (event is Event.EXTEND),
    )


def _is_impartial(old: Issued, content: Content, who: str) -> bool:
    named = old.content is not None and old.content.names(who)
    return bool(who) and who != old.owner and not named and not content.names(who)
