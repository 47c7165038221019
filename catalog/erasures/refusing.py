"""What was erased does not come back by the next export: a Hold `ERASED` refuses it."""

from collections.abc import Collection

from sqlalchemy import Connection, and_, exists, or_, select

from catalog.tables import hold
from catalog.vocabulary import HoldKind, HoldScope


def is_erased(
    connection: Connection,
    *,
    subjects: Collection[str],
    study_uid: str,
    sop_uids: Collection[str] = (),
) -> bool:
    """Tell whether a woman, her study or one of its objects was erased, and still may not be."""
    named = {
        HoldScope.SUBJECT: list(subjects),
        HoldScope.STUDY: [study_uid],
        HoldScope.INSTANCE: list(sop_uids),
    }
    targets = or_(
        *(and_(hold.c.scope == scope, hold.c.target.in_(names)) for scope, names in named.items())
    )
    there = exists().where(hold.c.kind == HoldKind.ERASED, hold.c.lifted_at.is_(None), targets)
    return bool(connection.scalar(select(there)))
