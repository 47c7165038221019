"""Recall what fits, all in one transaction: counted first, then held, and lifted by a person.

What is published later, `catalog.recalls.standing` holds.
"""

from datetime import datetime

from sqlalchemy import Connection, Engine, exists, func, select

from catalog import audit
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.database import reading, writing
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.recalls import standing
from catalog.recalls.matching import matching
from catalog.recalls.records import Criteria, Reach, Recall
from catalog.recalls.tables import recall
from catalog.tables import hold, instance, release, release_instance, revision, study


def count(engine: Engine, criteria: Criteria) -> Reach:
    """Count what a recall would reach; nothing is changed.

    Raises:
        ConflictError: It says no more than whose and when.
    """
    found = matching(criteria).subquery()
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


def never_seen(engine: Engine, criteria: Criteria) -> dict[str, tuple[str, ...]]:
    """Give what is there of each version or vendor that is asked for and that nothing has.

    A recall of a word that is written otherwise would stand, and never hold anything.
    """
    columns = (instance.c.vendor, revision.c.profile, revision.c.edition, revision.c.detector)
    found: dict[str, tuple[str, ...]] = {}
    with reading(engine) as connection:
        for column in columns:
            asked = getattr(criteria, column.name)
            if asked is None or connection.scalar(select(exists().where(column == asked))):
                continue
            there = connection.scalars(select(column).distinct().order_by(column))
            found[column.name] = tuple(there)
    return found


def place(
    engine: Engine, criteria: Criteria, *, reason: str, who: str, aware_at: datetime | None = None
) -> Recall:
    """Hold all that fits, whole or not at all, and what is published later until it is lifted.

    Publications that are under way are waited for, and held; later ones see the recall.

    Raises:
        ConflictError: It says no more than whose and when, or became known in the future.
    """
    moment = now()
    if aware_at is not None and aware_at > moment:
        raise ConflictError(Reason.NOT_YET)
    matching(criteria)  # or it says nothing
    row = {
        "criteria": criteria.written(),
        "reason": reason,
        "who": who,
        "at": moment,
        "aware_at": aware_at or moment,
        "holds": 0,
    }
    with writing(engine) as connection:
        standing.be_alone(connection)
        key = connection.execute(recall.insert().values(**row)).inserted_primary_key
        number = int(key[0]) if key else 0
        placed = standing.hold(connection, _get(connection, number), moment)
        mine = recall.c.id == number
        connection.execute(recall.update().where(mine).values(holds=placed))
        audit.record(connection, AccessEvent(who, "", "recall", f"recall:{number}", f"{placed}"))
        return _get(connection, number)


def lift(engine: Engine, recall_id: int, *, who: str, reason: str) -> int:
    """Lift all Holds of a recall that are in force, and count them; it holds nothing from then on.

    Raises:
        NotFoundError: There is no such recall.
    """
    with writing(engine) as connection:
        standing.be_alone(connection)
        ended = _get(connection, recall_id).ended_at is None
        moment = now()
        lifted = connection.execute(
            hold.update()
            .where(hold.c.recall_id == recall_id, hold.c.lifted_at.is_(None))
            .values(lifted_by=who, lifted_at=moment, lift_reason=reason)
        ).rowcount
        if ended:
            told = {"ended_by": who, "ended_at": moment, "end_reason": reason}
            connection.execute(recall.update().where(recall.c.id == recall_id).values(told))
        if lifted or ended:
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
        return standing.read(connection)


def _get(connection: Connection, recall_id: int) -> Recall:
    found = standing.read(connection, recall.c.id == recall_id)
    if not found:
        raise NotFoundError
    return found[0]
