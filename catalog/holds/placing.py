"""Holds are placed and lifted, each with who and why; none is ever deleted."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, exists, select

from catalog import audit
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.database import reading, writing
from catalog.errors import NotFoundError
from catalog.subjects import woman
from catalog.tables import hold, instance, study
from catalog.vocabulary import HoldKind, HoldScope


@dataclass(frozen=True, repr=False)
class HoldTarget:
    """What a Hold stops: a pseudonym, a study UID, a SOP Instance UID or a revision id."""

    scope: HoldScope
    value: str


@dataclass(frozen=True, repr=False)
class Hold:
    """A Hold as it was placed, and how it was lifted, if it was.

    Attributes:
        since: From when on it counts, if that is another moment than when it was placed.
    """

    id: int
    kind: HoldKind
    target: HoldTarget
    reason: str
    placed_by: str
    placed_at: datetime
    lifted_by: str
    lifted_at: datetime | None
    lift_reason: str
    since: datetime | None = None


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
    connection: Connection,
    kind: HoldKind,
    target: HoldTarget,
    *,
    reason: str,
    who: str,
    since: datetime | None = None,
) -> int:
    """Hold a target in the transaction of what led to it, audited; give the Hold's number.

    `since` is from when on it counts, where that is not now: permits granted later feel it.
    """
    number = _place(connection, kind, target, reason=reason, who=who, since=since)
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
    connection: Connection,
    kind: HoldKind,
    target: HoldTarget,
    *,
    reason: str,
    who: str,
    since: datetime | None = None,
) -> int:
    row = {
        "kind": kind,
        "scope": target.scope,
        "target": target.value,
        "reason": reason,
        "placed_by": who,
        "placed_at": now(),
        "since": since,
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
    with writing(engine) as connection:
        return lift_in(connection, hold_id, who=who, reason=reason)


def lift_in(connection: Connection, hold_id: int, *, who: str, reason: str) -> bool:
    """Lift a Hold in the transaction of what led to it; see `lift`."""
    mine = hold.c.id == hold_id
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
            since=row.since,
        )
        for row in rows
    )
