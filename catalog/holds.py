"""What may not be served, and why; every read of the catalogue asks.

A Hold names its target by text, so that one on a subject or a study can be placed before any of
its images arrive. One on a revision stops the instance until a newer revision replaces it. What
holds an image holds what was derived from it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    String,
    and_,
    cast,
    exists,
    select,
)

from catalog import audit
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.database import reading, writing
from catalog.errors import NotFoundError
from catalog.subjects import woman
from catalog.tables import hold, instance, revision, study, subject
from catalog.vocabulary import HoldKind, HoldScope


@dataclass(frozen=True, repr=False)
class HoldTarget:
    """What a Hold stops: a pseudonym, a study UID, a SOP Instance UID or a revision id."""

    scope: HoldScope
    value: str


@dataclass(frozen=True, repr=False)
class Hold:
    """A Hold as it was placed, and how it was lifted, if it was."""

    id: int
    kind: HoldKind
    target: HoldTarget
    reason: str
    placed_by: str
    placed_at: datetime
    lifted_by: str
    lifted_at: datetime | None
    lift_reason: str


def place(engine: Engine, kind: HoldKind, target: HoldTarget, *, reason: str, who: str) -> int:
    """Stop the target from being served from now on, and give the Hold's number."""
    with writing(engine) as connection:
        return _place(connection, kind, target, reason=reason, who=who)


def stop_subject(engine: Engine, pseudonym: str, kind: HoldKind, *, reason: str, who: str) -> bool:
    """Hold a published Subject, unless she is held so already; tell whether that was done.

    Of a pseudonym the catalogue does not know, nothing is kept.
    """
    target = HoldTarget(HoldScope.SUBJECT, pseudonym)
    with writing(engine) as connection:
        if woman(connection, pseudonym) is None or is_placed(connection, kind, target):
            return False
        stop(connection, kind, target, reason=reason, who=who)
        return True


def stop_instance(
    engine: Engine, sop_uid: str, kind: HoldKind, *, holder_id: str, reason: str, who: str
) -> bool:
    """Hold a published instance of a holder's, unless it is held so already; tell whether.

    Of an instance that the catalogue does not know, or that is another holder's, nothing is kept.
    """
    target = HoldTarget(HoldScope.INSTANCE, sop_uid)
    owner = (
        select(study.c.holder_id)
        .join(instance, instance.c.study_id == study.c.id)
        .where(instance.c.sop_uid == sop_uid)
    )
    with writing(engine) as connection:
        if connection.scalar(owner) != holder_id or is_placed(connection, kind, target):
            return False
        stop(connection, kind, target, reason=reason, who=who)
        return True


def stop_revision(
    engine: Engine, revision_id: int, kind: HoldKind, *, reason: str, who: str
) -> bool:
    """Hold one revision of an instance, unless it is held so already; tell whether."""
    target = HoldTarget(HoldScope.REVISION, str(revision_id))
    with writing(engine) as connection:
        if is_placed(connection, kind, target):
            return False
        stop(connection, kind, target, reason=reason, who=who)
        return True


def stop(
    connection: Connection, kind: HoldKind, target: HoldTarget, *, reason: str, who: str
) -> int:
    """Hold a target in the transaction of what led to it, audited; give the Hold's number."""
    number = _place(connection, kind, target, reason=reason, who=who)
    audit.record(connection, AccessEvent(who, "", "hold", f"hold:{number}", kind))
    return number


def is_placed(connection: Connection, kind: HoldKind, target: HoldTarget) -> bool:
    """Tell whether a Hold of a kind is on a target."""
    there = exists().where(
        hold.c.kind == kind,
        hold.c.scope == target.scope,
        hold.c.target == target.value,
        hold.c.lifted_at.is_(None),
    )
    return bool(connection.scalar(select(there)))


def _place(
    connection: Connection, kind: HoldKind, target: HoldTarget, *, reason: str, who: str
) -> int:
    row = {
        "kind": kind,
        "scope": target.scope,
        "target": target.value,
        "reason": reason,
        "placed_by": who,
        "placed_at": now(),
    }
    key = connection.execute(hold.insert().values(**row)).inserted_primary_key
    return int(key[0]) if key else 0


def lift(engine: Engine, hold_id: int, *, who: str, reason: str = "") -> bool:
    """Lift a Hold, and tell whether that was done; lifting it twice changes nothing.

    Args:
        engine: The catalogue.
        hold_id: The Hold's number.
        who: Who says so.
        reason: Why; it is kept, and must name nobody.

    Raises:
        NotFoundError: There is no such Hold.
    """
    mine = hold.c.id == hold_id
    with writing(engine) as connection:
        kind = connection.scalar(select(hold.c.kind).where(mine))
        if kind is None:
            raise NotFoundError
        lifted = connection.execute(
            hold.update()
            .where(mine, hold.c.lifted_at.is_(None))
            .values(lifted_by=who, lifted_at=now(), lift_reason=reason)
        )
        if not lifted.rowcount:
            return False
        audit.record(connection, AccessEvent(who, "", "lift", f"hold:{hold_id}", kind))
        return True


def list_holds(engine: Engine, *, lifted: bool = False) -> tuple[Hold, ...]:
    """Give every Hold that is in force, the oldest first; with those lifted, if asked."""
    wanted = select(hold).order_by(hold.c.id)
    if not lifted:
        wanted = wanted.where(hold.c.lifted_at.is_(None))
    with reading(engine) as connection:
        rows = connection.execute(wanted).all()
    return tuple(
        Hold(
            id=row.id,
            kind=HoldKind(row.kind),
            target=HoldTarget(HoldScope(row.scope), row.target),
            reason=row.reason,
            placed_by=row.placed_by,
            placed_at=row.placed_at,
            lifted_by=row.lifted_by or "",
            lifted_at=row.lifted_at,
            lift_reason=row.lift_reason or "",
        )
        for row in rows
    )


def study_not_held() -> ColumnElement[bool]:
    """Give the condition that neither the study nor its subject is held, by any pseudonym."""
    merged = subject.alias("merged")
    joined = merged.c.merged_into == subject.c.id
    return and_(
        _free(HoldScope.SUBJECT, subject.c.pseudonym, subject),
        _free(HoldScope.SUBJECT, merged.c.pseudonym, subject, joined),
        _free(HoldScope.STUDY, study.c.study_uid, study),
    )


def instance_not_held() -> ColumnElement[bool]:
    """Give the condition that neither the instance nor the revision joined to it is held.

    Nor the image, nor the revision of it, that they were derived from.
    """
    image = instance.alias("image")
    joined = image.c.id == instance.c.derived_from
    return and_(
        _free(HoldScope.INSTANCE, instance.c.sop_uid, instance),
        _free(HoldScope.INSTANCE, image.c.sop_uid, instance, joined),
        _free(HoldScope.REVISION, cast(revision.c.id, String), revision),
        _free(HoldScope.REVISION, cast(revision.c.derived_from, String), revision),
    )


def _free(
    scope: HoldScope,
    value: ColumnElement[str],
    outside: FromClause,
    *joined: ColumnElement[bool],
) -> ColumnElement[bool]:
    """Give the condition that no Hold is on a value: of `outside`, or of what is joined to it."""
    active = and_(hold.c.scope == scope, hold.c.target == value, hold.c.lifted_at.is_(None))
    return ~exists().where(active, *joined).correlate(outside)
