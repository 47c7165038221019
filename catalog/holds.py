"""What may not be served, and why; every read of the catalogue asks.

A Hold names its target by text, so that one on a subject or a study can be placed before any of
its images arrive. One on a revision stops the instance until a newer revision replaces it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, FromClause, String, and_, cast, exists, select

from catalog.columns import now
from catalog.database import reading, writing
from catalog.errors import NotFoundError
from catalog.tables import hold, instance, revision, study, subject
from catalog.vocabulary import HoldKind, HoldScope


@dataclass(frozen=True, repr=False)
class HoldTarget:
    """What a Hold stops: a pseudonym, a study UID, a SOP Instance UID or a revision id."""

    scope: HoldScope
    value: str


@dataclass(frozen=True, repr=False)
class Hold:
    """One Hold as it stands; lifted when `lifted_at` is given."""

    id: int
    kind: HoldKind
    target: HoldTarget
    reason: str
    placed_by: str
    placed_at: datetime
    lifted_at: datetime | None


def place(engine: Engine, kind: HoldKind, target: HoldTarget, *, reason: str, who: str) -> int:
    """Stop the target from being served from now on, and give the Hold's number."""
    row = {
        "kind": kind,
        "scope": target.scope,
        "target": target.value,
        "reason": reason,
        "placed_by": who,
        "placed_at": now(),
    }
    with writing(engine) as connection:
        key = connection.execute(hold.insert().values(**row)).inserted_primary_key
        return int(key[0]) if key else 0


def lift(engine: Engine, hold_id: int, *, who: str) -> None:
    """Lift a Hold; lifting it twice changes nothing.

    Raises:
        NotFoundError: There is no such Hold.
    """
    with writing(engine) as connection:
        if connection.scalar(select(hold.c.id).where(hold.c.id == hold_id)) is None:
            raise NotFoundError
        connection.execute(
            hold.update()
            .where(hold.c.id == hold_id, hold.c.lifted_at.is_(None))
            .values(lifted_by=who, lifted_at=now())
        )


def holds_on(engine: Engine, target: HoldTarget) -> tuple[Hold, ...]:
    """Give every Hold ever placed on exactly this target, oldest first."""
    statement = (
        select(hold)
        .where(hold.c.scope == target.scope, hold.c.target == target.value)
        .order_by(hold.c.id)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return tuple(
        Hold(
            row.id,
            HoldKind(row.kind),
            target,
            row.reason,
            row.placed_by,
            row.placed_at,
            row.lifted_at,
        )
        for row in rows
    )


def study_not_held() -> ColumnElement[bool]:
    """Give the condition that neither the study nor its subject is held."""
    return and_(
        _free(HoldScope.SUBJECT, subject.c.pseudonym, subject),
        _free(HoldScope.STUDY, study.c.study_uid, study),
    )


def instance_not_held() -> ColumnElement[bool]:
    """Give the condition that neither the instance nor the revision joined to it is held."""
    return and_(
        _free(HoldScope.INSTANCE, instance.c.sop_uid, instance),
        _free(HoldScope.REVISION, cast(revision.c.id, String), revision),
    )


def _free(scope: HoldScope, value: ColumnElement[str], outside: FromClause) -> ColumnElement[bool]:
    active = and_(hold.c.scope == scope, hold.c.target == value, hold.c.lifted_at.is_(None))
    return ~exists().where(active).correlate(outside)
