"""A study that a person declared to have moved to another Subject, and how it gets there.

What was published under the first stays as it was, and is held for good: the study is the other's
once a new Revision says so.
"""

from sqlalchemy import Connection, exists, func, or_, select

from catalog import audit, holds
from catalog.audit import ALLOWED, AccessEvent
from catalog.tables import hold, instance, revision, study, subject
from catalog.vocabulary import HoldKind, HoldScope

MOVED = "the study moved to another patient at the source"
"""The reason of the Holds by which a person says so, and of those that come of it."""


def may_move(connection: Connection, study_uid: str) -> bool:
    """Tell whether every image of a study is held since it moved; of no image nobody said so."""
    images = (
        select(instance.c.sop_uid)
        .join(study, study.c.id == instance.c.study_id)
        .where(study.c.study_uid == study_uid, instance.c.derived_from.is_(None))
    )
    said = exists().where(
        hold.c.kind == HoldKind.CORRECTED,
        hold.c.scope == HoldScope.INSTANCE,
        hold.c.target == instance.c.sop_uid,
        hold.c.reason == MOVED,
        hold.c.lifted_at.is_(None),
    )
    if connection.execute(images.limit(1)).one_or_none() is None:
        return False
    return connection.execute(images.where(~said).limit(1)).one_or_none() is None


def move(connection: Connection, study_id: int, subject_id: int, *, who: str) -> None:
    """Make a study another Subject's, and hold each Revision that was written for the first."""
    written_for = func.coalesce(subject.c.merged_into, subject.c.id)
    earlier = (
        select(revision.c.id)
        .join(instance, instance.c.id == revision.c.instance_id)
        .outerjoin(subject, subject.c.id == revision.c.subject_id)
        .where(instance.c.study_id == study_id)
        .where(or_(subject.c.id.is_(None), written_for != subject_id))
        .order_by(revision.c.id)
    )
    for number in connection.scalars(earlier).all():
        target = holds.HoldTarget(HoldScope.REVISION, str(number))
        if not holds.is_placed(connection, HoldKind.CORRECTED, target):
            holds.stop(connection, HoldKind.CORRECTED, target, reason=MOVED, who=who)
    connection.execute(study.update().where(study.c.id == study_id).values(subject_id=subject_id))
    audit.record(connection, AccessEvent(who, "", "move", f"study:{study_id}", ALLOWED))
