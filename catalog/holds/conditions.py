"""The one condition under which something may be had, as SQL: every read and freeze joins it."""

from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause, String, and_, cast, exists, func, or_

from catalog.holds.effects import SPARES_EARLIER
from catalog.tables import hold, instance, revision, study, subject
from catalog.vocabulary import HoldScope


def study_not_held(granted: Column[Any] | None = None) -> ColumnElement[bool]:
    """Give the condition that neither the study nor its subject is held, by any pseudonym.

    Args:
        granted: When the permit was granted under which it is asked; without one, for whatever
            is new: searches and freezes.
    """
    merged = subject.alias("merged")
    joined = merged.c.merged_into == subject.c.id
    return and_(
        _free(HoldScope.SUBJECT, subject.c.pseudonym, subject, granted=granted),
        _free(HoldScope.SUBJECT, merged.c.pseudonym, subject, joined, granted=granted),
        _free(HoldScope.STUDY, study.c.study_uid, study, granted=granted),
    )


def instance_not_held(granted: Column[Any] | None = None) -> ColumnElement[bool]:
    """Give the condition that neither the instance nor the revision joined to it is held.

    Nor the image, nor the revision of it, that they were derived from. `granted` as above.
    """
    image = instance.alias("image")
    joined = image.c.id == instance.c.derived_from
    made_of = cast(revision.c.derived_from, String)
    return and_(
        _free(HoldScope.INSTANCE, instance.c.sop_uid, instance, granted=granted),
        _free(HoldScope.INSTANCE, image.c.sop_uid, instance, joined, granted=granted),
        _free(HoldScope.REVISION, cast(revision.c.id, String), revision, granted=granted),
        _free(HoldScope.REVISION, made_of, revision, granted=granted),
    )


def _free(
    scope: HoldScope,
    value: ColumnElement[str],
    outside: FromClause,
    *joined: ColumnElement[bool],
    granted: Column[Any] | None,
) -> ColumnElement[bool]:
    """Give the condition that no Hold is on a value: of `outside`, or of what is joined to it."""
    active = and_(hold.c.scope == scope, hold.c.target == value, hold.c.lifted_at.is_(None))
    if granted is None:
        return ~exists().where(active, *joined).correlate(outside)
    since = func.coalesce(hold.c.since, hold.c.placed_at)
    stops = or_(hold.c.kind.not_in(SPARES_EARLIER), since <= granted)
    return ~exists().where(active, stops, *joined).correlate(outside, granted.table)
