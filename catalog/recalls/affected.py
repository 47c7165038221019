"""Whom a recall concerns: permits with their persons, and holders (GDPR Article 33)."""

from typing import Any

from sqlalchemy import CTE, Connection, Engine, String, cast, func, or_, select, union

from catalog.audit.questions import HEADS, WHOLE, numbered
from catalog.audit.tables import access_log
from catalog.database import reading
from catalog.recalls.recalling import get
from catalog.recalls.records import Affected, AffectedHolder, AffectedPermit
from catalog.releases.tables import delivery
from catalog.tables import (
    hold,
    holder,
    instance,
    permit,
    permit_person,
    release,
    release_instance,
    revision,
    study,
)
from catalog.vocabulary import HoldScope, ReleaseState

_ALLOWED = "ALLOWED"


def affected(engine: Engine, recall_id: int) -> Affected:
    """Tell whom a recall concerns, by the Holds it placed, lifted since or not.

    Raises:
        NotFoundError: There is none of that number.
    """
    found = get(engine, recall_id)
    with reading(engine) as connection:
        hit = _hit(recall_id)
        return Affected(found, _permits(connection, hit), _holders(connection, hit))


def _hit(recall_id: int) -> CTE:
    """Select the revisions that a recall's Holds stop, and what was derived of them."""
    image = instance.alias("image")
    mine = hold.c.recall_id == recall_id
    by_instance = [
        select(revision.c.id)
        .join(instance, instance.c.id == revision.c.instance_id)
        .join(image, image.c.id == which)
        .join(hold, hold.c.target == image.c.sop_uid)
        .where(mine, hold.c.scope == HoldScope.INSTANCE)
        for which in (instance.c.id, instance.c.derived_from)
    ]
    numbers = (cast(revision.c.id, String), cast(revision.c.derived_from, String))
    by_revision = [
        select(revision.c.id)
        .join(hold, hold.c.target == number)
        .where(mine, hold.c.scope == HoldScope.REVISION)
        for number in numbers
    ]
    return union(*by_instance, *by_revision).cte("hit")


def _permits(connection: Connection, hit: CTE) -> tuple[AffectedPermit, ...]:
    wanted = (
        select(
            release.c.permit_id,
            release.c.number,
            release_instance.c.revision_id,
        )
        .select_from(release_instance)
        .join(release, release.c.id == release_instance.c.release_id)
        .where(release.c.state == ReleaseState.SEALED)
        .where(release_instance.c.sop_uid.is_not(None))
        .where(release_instance.c.revision_id.in_(select(hit.c.id)))
    )
    numbers: dict[str, set[int]] = {}
    revisions: dict[str, set[int]] = {}
    for row in connection.execute(wanted):
        numbers.setdefault(row.permit_id, set()).add(row.number)
        revisions.setdefault(row.permit_id, set()).add(row.revision_id)
    rows = connection.execute(select(permit).where(permit.c.id.in_(list(numbers)))).all()
    return tuple(
        AffectedPermit(
            permit_id=row.id,
            title=row.title,
            persons=_persons(connection, row.id),
            releases=tuple(sorted(numbers[row.id])),
            instances=len(revisions[row.id]),
            accesses=_accesses(connection, row.id, hit),
            revoked=row.revoked_at is not None,
        )
        for row in sorted(rows, key=lambda row: str(row.id))
    )


def _persons(connection: Connection, permit_id: str) -> tuple[str, ...]:
    mine = select(permit_person.c.person).where(permit_person.c.permit_id == permit_id)
    return tuple(connection.scalars(mine.order_by(permit_person.c.person)))


def _accesses(connection: Connection, permit_id: str, hit: CTE) -> int:
    """Count the lines that name an object, its series or study, the whole release or a delivery."""

    def named(column: Any) -> Any:  # noqa: ANN401 # SQLAlchemy's own
        return (
            select(column)
            .select_from(release_instance)
            .join(release, release.c.id == release_instance.c.release_id)
            .where(release.c.permit_id == permit_id)
            .where(release_instance.c.revision_id.in_(select(hit.c.id)))
        )

    uids = (
        release_instance.c.sop_uid,
        release_instance.c.series_uid,
        release_instance.c.study_uid,
    )
    brought = select(numbered("delivery:", delivery.c.id)).where(
        delivery.c.release_id.in_(named(release.c.id))
    )
    wanted = select(func.count()).where(
        access_log.c.permit_id == permit_id,
        access_log.c.outcome == _ALLOWED,
        access_log.c.action.not_like(HEADS),
        or_(
            *(access_log.c.object.in_(named(column)) for column in uids),
            access_log.c.object.in_((*WHOLE, permit_id)),
            access_log.c.object.in_(brought),
        ),
    )
    return connection.scalar(wanted) or 0


def _holders(connection: Connection, hit: CTE) -> tuple[AffectedHolder, ...]:
    wanted = (
        select(
            holder.c.id,
            holder.c.name,
            holder.c.region_id,
            func.count(study.c.id.distinct()),
            func.count(instance.c.id.distinct()),
        )
        .select_from(hit)
        .join(revision, revision.c.id == hit.c.id)
        .join(instance, instance.c.id == revision.c.instance_id)
        .join(study, study.c.id == instance.c.study_id)
        .join(holder, holder.c.id == study.c.holder_id)
        .group_by(holder.c.id, holder.c.name, holder.c.region_id)
        .order_by(holder.c.id)
    )
    return tuple(AffectedHolder(*row) for row in connection.execute(wanted))
