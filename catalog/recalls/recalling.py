"""Recall what fits, all in one transaction: counted first, then held, and lifted by a person."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    String,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)

from catalog import audit
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.database import reading, writing
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.recalls.records import Criteria, Reach, Recall
from catalog.recalls.tables import recall
from catalog.tables import hold, instance, release, release_instance, revision, study
from catalog.vocabulary import HoldKind, HoldScope


def count(engine: Engine, criteria: Criteria) -> Reach:
    """Count what a recall would reach; nothing is changed.

    Raises:
        ConflictError: It says no more than whose and when.
    """
    found = _matching(criteria).subquery()
    hit = release_instance.c.revision_id.in_(select(found.c.revision_id))
    with reading(engine) as connection:
        studies, instances, revisions = connection.execute(
            select(
                func.count(found.c.study_id.distinct()),
                func.count(found.c.instance_id.distinct()),
                func.count(),
            ).select_from(found)
        ).one()
        releases, permits = connection.execute(
            select(func.count(release.c.id.distinct()), func.count(release.c.permit_id.distinct()))
            .select_from(release_instance)
            .join(release, release.c.id == release_instance.c.release_id)
            .where(hit)
        ).one()
    return Reach(studies, instances, revisions, releases, permits)


def without_device(engine: Engine, holder: str | None) -> int:
    """Count the images of which no machine is known: of a holder, or of all.

    What was derived here follows its image, and is not counted.
    """
    counted = (
        select(func.count())
        .select_from(instance)
        .join(study, study.c.id == instance.c.study_id)
        .where(instance.c.device.is_(None), instance.c.derived_from.is_(None))
    )
    if holder is not None:
        counted = counted.where(study.c.holder_id == holder)
    with reading(engine) as connection:
        return connection.scalar(counted) or 0


def place(
    engine: Engine, criteria: Criteria, *, reason: str, who: str, aware_at: datetime | None = None
) -> Recall:
    """Hold all that fits, whole or not at all; what is recalled already is left as it is.

    Raises:
        ConflictError: It says no more than whose and when, or became known in the future.
    """
    moment = now()
    if aware_at is not None and aware_at > moment:
        raise ConflictError(Reason.NOT_YET)
    matching, scope = _matching(criteria).subquery(), criteria.scope
    row = {
        "criteria": criteria.written(),
        "reason": reason,
        "who": who,
        "at": moment,
        "aware_at": aware_at or moment,
        "holds": 0,
    }
    with writing(engine) as connection:
        key = connection.execute(recall.insert().values(**row)).inserted_primary_key
        number = int(key[0]) if key else 0
        column = matching.c.sop_uid if scope is HoldScope.INSTANCE else matching.c.revision_id
        targets = select(cast(column, String).label("target")).distinct().subquery()
        placed = _hold(connection, targets, (number, scope, reason, who, moment))
        mine = recall.c.id == number
        connection.execute(recall.update().where(mine).values(holds=placed))
        audit.record(connection, AccessEvent(who, "", "recall", f"recall:{number}", f"{placed}"))
        return _get(connection, number)


def _hold(connection: Connection, targets: Any, told: tuple[Any, ...]) -> int:  # noqa: ANN401 # a subquery
    """Place one Hold for each target that has none of the kind, and count them."""
    number, scope, reason, who, moment = told
    there = exists().where(
        hold.c.kind == HoldKind.RECALLED,
        hold.c.scope == scope,
        hold.c.target == targets.c.target,
        hold.c.lifted_at.is_(None),
    )
    values = {
        "kind": literal(HoldKind.RECALLED, String),
        "scope": literal(scope, String),
        "target": targets.c.target,
        "reason": literal(f"recall {number}: {reason}", String),
        "placed_by": literal(who, String),
        "placed_at": literal(moment, hold.c.placed_at.type),
        "recall_id": literal(number, hold.c.recall_id.type),
    }
    wanted = select(*values.values()).where(~there.correlate(targets)).order_by(targets.c.target)
    inserted = connection.execute(
        hold.insert().from_select(list(values), wanted),
        execution_options={"preserve_rowcount": True},
    )
    return inserted.rowcount


def lift(engine: Engine, recall_id: int, *, who: str, reason: str) -> int:
    """Lift all Holds of a recall that are in force, and count them.

    Raises:
        NotFoundError: There is no such recall.
    """
    with writing(engine) as connection:
        _get(connection, recall_id)
        lifted = connection.execute(
            hold.update()
            .where(hold.c.recall_id == recall_id, hold.c.lifted_at.is_(None))
            .values(lifted_by=who, lifted_at=now(), lift_reason=reason)
        ).rowcount
        if lifted:
            event = AccessEvent(who, "", "lift", f"recall:{recall_id}", f"{lifted}")
            audit.record(connection, event)
        return lifted


def get(engine: Engine, recall_id: int) -> Recall:
    """Give a recall.

    Raises:
        NotFoundError: There is none of that number.
    """
    with reading(engine) as connection:
        return _get(connection, recall_id)


def every(engine: Engine) -> tuple[Recall, ...]:
    """Give all recalls, the oldest first."""
    with reading(engine) as connection:
        return tuple(map(_read, connection.execute(_with_lifted().order_by(recall.c.id))))


def _get(connection: Connection, recall_id: int) -> Recall:
    row = connection.execute(_with_lifted().where(recall.c.id == recall_id)).one_or_none()
    if row is None:
        raise NotFoundError
    return _read(row)


def _read(row: Row[Any]) -> Recall:
    told = (row.id, row.criteria, row.reason, row.who, row.at, row.aware_at, row.holds)
    return Recall(*told, row.lifted, row.lifted_by or "", row.lifted_at)


def _with_lifted() -> Select[Any]:
    """Select recalls, each with how many of its Holds were lifted, and the last of these."""
    mine = (hold.c.recall_id == recall.c.id, hold.c.lifted_at.is_not(None))
    last = select(hold.c.lifted_by).where(*mine).order_by(hold.c.lifted_at.desc(), hold.c.id.desc())
    return select(
        recall,
        select(func.count(hold.c.id)).where(*mine).scalar_subquery().label("lifted"),
        last.limit(1).scalar_subquery().label("lifted_by"),
        select(func.max(hold.c.lifted_at)).where(*mine).scalar_subquery().label("lifted_at"),
    )


def _matching(criteria: Criteria) -> Select[Any]:
    """Select every revision that fits, old ones too: earlier releases have them."""
    if not criteria.says_what:
        raise ConflictError(Reason.NO_CRITERIA)
    return (
        select(
            revision.c.id.label("revision_id"),
            revision.c.instance_id,
            instance.c.study_id,
            instance.c.sop_uid,
        )
        .select_from(revision)
        .join(instance, instance.c.id == revision.c.instance_id)
        .join(study, study.c.id == instance.c.study_id)
        .where(*_conditions(criteria))
    )


def _conditions(criteria: Criteria) -> list[ColumnElement[bool]]:
    pairs = (
        (criteria.vendor, instance.c.vendor.__eq__),
        (criteria.device, instance.c.device.__eq__),
        (criteria.model, instance.c.model.__eq__),
        (criteria.profile, revision.c.profile.__eq__),
        (criteria.edition, revision.c.edition.__eq__),
        (criteria.detector, revision.c.detector.__eq__),
        (criteria.export, revision.c.export_id.__eq__),
        (criteria.holder, study.c.holder_id.__eq__),
    )
    found = [compare(value) for value, compare in pairs if value is not None]
    if criteria.since is not None:
        found.append(revision.c.published_at >= datetime.combine(criteria.since, time(), UTC))
    if criteria.until is not None:
        after = datetime.combine(criteria.until, time(), UTC) + timedelta(days=1)
        found.append(revision.c.published_at < after)
    if criteria.instance is not None:
        found.append(_named(criteria.instance, criteria.permit))
    return found


def _named(uid: str, permit_id: str | None) -> ColumnElement[bool]:
    if permit_id is None:
        return or_(instance.c.sop_uid == uid, study.c.study_uid == uid)
    named = or_(release_instance.c.sop_uid == uid, release_instance.c.study_uid == uid)
    other = revision.alias("other")
    return instance.c.id.in_(
        select(other.c.instance_id)
        .join(release_instance, release_instance.c.revision_id == other.c.id)
        .join(release, release.c.id == release_instance.c.release_id)
        .where(release.c.permit_id == permit_id, named)
    )
