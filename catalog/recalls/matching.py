"""Which revisions fit what is recalled, old ones too: the one condition, for each way to ask."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select

from catalog.errors import ConflictError, Reason
from catalog.recalls.records import Criteria
from catalog.tables import instance, release, release_instance, revision, study


def matching(criteria: Criteria) -> Select[Any]:
    """Select every revision that fits, old ones too: earlier releases have them.

    Raises:
        ConflictError: It says no more than whose and when.
    """
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
