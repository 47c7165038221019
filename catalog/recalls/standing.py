"""A recall stands until it is lifted: what is published later is held as it is published.

A publication asks in its own transaction, last, so that nobody ever finds what is recalled. On
PostgreSQL the table of recalls is locked: publications together, a recall alone. So of the two
one waits for the other's end: a recall sees what was published, or the publication the recall.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    cast,
    exists,
    func,
    literal,
    select,
    text,
)

from catalog import audit
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.recalls.matching import matching
from catalog.recalls.records import Criteria, Recall
from catalog.recalls.tables import recall
from catalog.tables import hold as holds
from catalog.tables import study
from catalog.vocabulary import HoldKind, HoldScope


def hold_published(connection: Connection, study_id: int, *, who: str) -> int:
    """Hold what recalls that stand reach of a study just written, and count the Holds.

    To be called in the transaction of the publication, after its rows; `who` is the export.
    """
    _lock(connection, "ROW EXCLUSIVE")
    moment, placed = now(), 0
    for one in read(connection, recall.c.ended_at.is_(None)):
        if not one.stands:
            continue
        mine = hold(connection, one, moment, only=study.c.id == study_id)
        if mine:
            event = AccessEvent(who, "", "recall", f"recall:{one.id}", f"{mine}")
            audit.record(connection, event)
        placed += mine
    return placed


def be_alone(connection: Connection) -> None:
    """Wait for publications under way, and let none end until the transaction does.

    Those that come see what it did; so does another who recalls or lifts.
    """
    _lock(connection, "SHARE ROW EXCLUSIVE")


def _lock(connection: Connection, mode: str) -> None:
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
        connection.execute(text(f"LOCK TABLE {recall.name} IN {mode} MODE"))


def hold(
    connection: Connection,
    placed: Recall,
    moment: datetime,
    *,
    only: ColumnElement[bool] | None = None,
) -> int:
    """Place a recall's Holds: one for each target that it never held, and count them.

    What another recall holds is held by this one, too, so that each is lifted alone. What a
    person lifted alone is not held again.
    """
    criteria = Criteria.read(placed.criteria)
    fits = matching(criteria) if only is None else matching(criteria).where(only)
    found, scope = fits.subquery(), criteria.scope
    column = found.c.sop_uid if scope is HoldScope.INSTANCE else found.c.revision_id
    targets = select(cast(column, String).label("target")).distinct().subquery()
    there = exists().where(
        holds.c.recall_id == placed.id, holds.c.scope == scope, holds.c.target == targets.c.target
    )
    values = {
        "kind": literal(HoldKind.RECALLED, String),
        "scope": literal(scope, String),
        "target": targets.c.target,
        "reason": literal(f"recall {placed.id}: {placed.reason}", String),
        "placed_by": literal(placed.who, String),
        "placed_at": literal(moment, holds.c.placed_at.type),
        "recall_id": literal(placed.id, holds.c.recall_id.type),
    }
    wanted = select(*values.values()).where(~there.correlate(targets)).order_by(targets.c.target)
    inserted = connection.execute(
        holds.insert().from_select(list(values), wanted),
        execution_options={"preserve_rowcount": True},
    )
    return inserted.rowcount


def read(connection: Connection, *which: ColumnElement[bool]) -> tuple[Recall, ...]:
    """Give recalls, the oldest first."""
    wanted = _counted().where(*which).order_by(recall.c.id)
    return tuple(map(_read, connection.execute(wanted)))


def _read(row: Row[Any]) -> Recall:
    told = (row.id, row.criteria, row.reason, row.who, row.at, row.aware_at, row.holds)
    lifted = (row.lifted, row.lifted_by or "", row.lifted_at)
    return Recall(*told, *lifted, later=row.every - row.holds, ended_at=row.ended_at)


def _counted() -> Select[Any]:
    """Select recalls, each with how many Holds it has and had, and the last that was lifted."""
    mine = holds.c.recall_id == recall.c.id
    gone = (mine, holds.c.lifted_at.is_not(None))
    many = select(func.count(holds.c.id))
    last = select(holds.c.lifted_by).where(*gone)
    last = last.order_by(holds.c.lifted_at.desc(), holds.c.id.desc())
    return select(
        recall,
        many.where(mine).scalar_subquery().label("every"),
        many.where(*gone).scalar_subquery().label("lifted"),
        last.limit(1).scalar_subquery().label("lifted_by"),
        select(func.max(holds.c.lifted_at)).where(*gone).scalar_subquery().label("lifted_at"),
    )
