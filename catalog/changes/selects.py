"""Selects of what came of a study by a plan, for what its source shows of it later."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from catalog.changes.rejections import PUBLISHED
from catalog.changes.tables import missed, rejection, rescan
from catalog.ledgers.tables import export, item
from catalog.outcome import Outcome
from catalog.plans.tables import announced, plan, plan_window

MOST_UNAVAILABLE = 3
"""Exports to which an object may be UNAVAILABLE before no look asks for it any more."""


def _exports(plan_id: str) -> Select[Any]:
    """Select the exports by which a plan brings studies in."""
    by_window = select(plan_window.c.export_id).where(
        plan_window.c.plan_id == plan_id, plan_window.c.export_id.is_not(None)
    )
    by_look = select(rescan.c.export_id).where(
        rescan.c.plan_id == plan_id, rescan.c.export_id.is_not(None)
    )
    both = by_window.union(by_look).subquery()
    return select(both.c.export_id)


def _holder(plan_id: str) -> Any:  # noqa: ANN401 # a scalar of SQLAlchemy's
    return select(plan.c.holder_id).where(plan.c.id == plan_id).scalar_subquery()


def originals(plan_id: str, study: str) -> Select[Any]:
    """Select the hashes of all originals of a study that came to the plan's holder."""
    return (
        select(item.c.sop_uid_index)
        .join(export, export.c.id == item.c.export_id)
        .where(item.c.study_uid_index == study, item.c.sop_uid_index.is_not(None))
        .where(export.c.holder_id == _holder(plan_id))
    )


def came() -> Any:  # noqa: ANN401 # a condition of SQLAlchemy's
    """Select what came, whatever became of it."""
    return item.c.outcome.is_(None) | (item.c.outcome != Outcome.UNAVAILABLE)


def given_up(plan_id: str, study: str) -> Select[Any]:
    """Select those that were asked for often enough, and never came."""
    lacking = originals(plan_id, study).where(item.c.outcome == Outcome.UNAVAILABLE)
    often = func.count(item.c.export_id.distinct()) >= MOST_UNAVAILABLE
    return lacking.group_by(item.c.sop_uid_index).having(often)


def published(plan_id: str, study: str) -> Select[Any]:
    """Select those that came by the plan and are published."""
    return originals(plan_id, study).where(
        item.c.export_id.in_(_exports(plan_id)),
        item.c.outcome.in_(PUBLISHED),
        item.c.clean_sop_uid.is_not(None),
    )


def held(plan_id: str, published: Collection[str]) -> Select[Any]:
    """Select what was held before, as gone or as rejected."""
    gone = _gone(plan_id, published).where(missed.c.held_at.is_not(None))
    rejected = select(rejection.c.sop_uid_index).where(
        rejection.c.holder_id == _holder(plan_id), rejection.c.sop_uid_index.in_(published)
    )
    both = gone.union(rejected).subquery()
    return select(both.c.sop_uid_index)


def lost(plan_id: str, published: Collection[str], since: datetime) -> Select[Any]:
    """Select what was held as gone since a moment."""
    return _gone(plan_id, published).where(missed.c.held_at >= since)


def _gone(plan_id: str, published: Collection[str]) -> Select[Any]:
    return select(missed.c.sop_uid_index).where(
        missed.c.plan_id == plan_id, missed.c.sop_uid_index.in_(published)
    )


def unnamed(connection: Connection, plan_id: str, study: str) -> int:
    """Count the files of a study that the ledger has no UID of; each export has them anew."""
    wanted = (
        select(func.count())
        .select_from(item)
        .join(
            announced,
            (announced.c.export_id == item.c.export_id) & (announced.c.ordinal == item.c.ordinal),
        )
        .where(
            announced.c.export_id.in_(_exports(plan_id)),
            announced.c.study_uid_index == study,
            item.c.sop_uid_index.is_(None),
            came(),
        )
        .group_by(item.c.export_id)
    )
    return max(connection.scalars(wanted), default=0)
