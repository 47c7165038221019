"""Lines that are old enough go; what stays can still be proven, and says what went.

What the Regulation asks for is at least a year for access logs (EHDS Art. 73(1)(e)): younger lines
the database itself keeps. How long they really stay is a setting, ten years unless said otherwise.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, func, insert, select

from catalog.audit import chain
from catalog.audit.proof import REMOVED, Anchor, removal
from catalog.audit.records import ALLOWED, AccessEvent
from catalog.audit.tables import access_log, audit_checkpoint
from catalog.columns import now
from catalog.database import reading, writing


@dataclass(frozen=True)
class Old:
    """Lines before a moment: how many, and the last of them."""

    lines: int
    last: Anchor


def old(engine: Engine, before: datetime) -> Old | None:
    """Count the lines before a moment, up to the first that is not; None for none."""
    with reading(engine) as connection:
        return _old(connection, before)


def remove(engine: Engine, before: datetime, *, who: str) -> Old | None:
    """Remove the lines before a moment, behind a checkpoint; a line of the ledger says so.

    Raises:
        ConflictError: The moment is less than a year ago; nothing is removed.
    """
    with writing(engine) as connection:
        found = _old(connection, before)
        if found is None:
            return None
        connection.execute(
            insert(audit_checkpoint).values(
                through=found.last.id, digest=found.last.digest, made_by=who, made_at=now()
            )
        )
        # Now, not at the end: what is removed may be all there is to hold on to.
        event = AccessEvent(who, "", REMOVED, removal(found.last), ALLOWED)
        chain.add(connection, [event])
        connection.execute(delete(access_log).where(access_log.c.id <= found.last.id))
    return found


def _old(connection: Connection, before: datetime) -> Old | None:
    """Find the lines that come before the first young one: by their order, not by their clocks."""
    young = connection.scalar(select(func.min(access_log.c.id)).where(access_log.c.at >= before))
    mine = access_log.c.id < young if young is not None else access_log.c.id > 0
    last = (
        select(access_log.c.id, access_log.c.digest)
        .where(mine)
        .order_by(access_log.c.id.desc())
        .limit(1)
    )
    row = connection.execute(last).one_or_none()
    if row is None:
        return None
    count = connection.scalar(select(func.count()).where(access_log.c.id <= row.id)) or 0
    return Old(count, Anchor(row.id, row.digest))
