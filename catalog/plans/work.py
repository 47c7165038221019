"""What a region's ledger says of its work, in numbers by holder and source; nothing identified.

No key is needed: only columns that are kept in clear are read.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, select

from catalog.database import reading
from catalog.ledgers.tables import export, item
from catalog.outcome import Outcome
from catalog.plans.records import AnnouncedState, WindowState
from catalog.plans.tables import announced, plan, plan_window
from catalog.reviews.records import OPEN
from catalog.reviews.tables import review

Place = tuple[str, str]
"""A holder's id and a source's name."""


@dataclass
class Lag:
    """How far one holder's exports from one source are.

    Attributes:
        waiting: Studies that are announced and not settled.
        oldest: When the export of the study that waits longest was registered.
        settled: When the last study was settled.
        windows: Stretches of days, by state.
        done_until: The last day of the last stretch that came in whole.
    """

    waiting: int = 0
    oldest: datetime | None = None
    settled: datetime | None = None
    windows: Counter[WindowState] = field(default_factory=Counter)
    done_until: date | None = None


@dataclass(frozen=True)
class Endings:
    """Files that ended, by holder and outcome, and their bytes by holder."""

    files: Mapping[tuple[str, Outcome], int]
    bytes: Mapping[str, int]


class Work:
    """The work of one region, in its ledger's database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def lags(self) -> Mapping[Place, Lag]:
        """Tell of each holder and source how far it is."""
        lags: defaultdict[Place, Lag] = defaultdict(Lag)
        with reading(self._engine) as connection:
            _count_windows(connection, lags)
            _count_studies(connection, lags)
        return dict(lags)

    def ended(self, since: datetime | None = None) -> Endings:
        """Count files with an outcome; with a moment, those recorded from it on."""
        statement = (
            select(export.c.holder_id, item.c.outcome, func.count(), func.sum(item.c.size))
            .join(export, item.c.export_id == export.c.id)
            .where(item.c.outcome.is_not(None))
            .group_by(export.c.holder_id, item.c.outcome)
        )
        if since is not None:
            statement = statement.where(item.c.recorded_at >= since)
        files: Counter[tuple[str, Outcome]] = Counter()
        size: Counter[str] = Counter()
        with reading(self._engine) as connection:
            for holder, word, number, total in connection.execute(statement):
                files[holder, Outcome(word)] = number
                size[holder] += int(total)
        return Endings(files, size)

    def unended(self) -> Mapping[str, int]:
        """Count enrolled files without an outcome, by holder."""
        return self._by_holder(_items().where(item.c.outcome.is_(None)))

    def quarantined(self) -> Mapping[str, int]:
        """Count originals that wait in quarantine for people, by holder."""
        open_ones = _items().join(review, review.c.item_id == item.c.id)
        return self._by_holder(open_ones.where(review.c.state.in_(sorted(OPEN))))

    def _by_holder(self, statement: Select[Any]) -> Mapping[str, int]:
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(statement)}


def _items() -> Select[Any]:
    return (
        select(export.c.holder_id, func.count())
        .select_from(item)
        .join(export, item.c.export_id == export.c.id)
        .group_by(export.c.holder_id)
    )


def _count_windows(connection: Connection, lags: defaultdict[Place, Lag]) -> None:
    place = (plan.c.holder_id, plan.c.source)
    statement = (
        select(*place, plan_window.c.state, func.count(), func.max(plan_window.c.last))
        .join(plan, plan_window.c.plan_id == plan.c.id)
        .group_by(*place, plan_window.c.state)
    )
    for holder, source, state, number, last in connection.execute(statement):
        lag = lags[holder, source]
        lag.windows[WindowState(state)] = number
        if state == WindowState.DONE:
            lag.done_until = last


def _count_studies(connection: Connection, lags: defaultdict[Place, Lag]) -> None:
    place = (plan.c.holder_id, plan.c.source)
    statement = (
        select(
            *place,
            announced.c.state,
            func.count(),
            func.min(export.c.registered_at),
            func.max(announced.c.changed_at),
        )
        .join(export, announced.c.export_id == export.c.id)
        .join(plan_window, plan_window.c.export_id == export.c.id)
        .join(plan, plan_window.c.plan_id == plan.c.id)
        .group_by(*place, announced.c.state)
    )
    for holder, source, state, number, first, last in connection.execute(statement):
        lag = lags[holder, source]
        if state == AnnouncedState.WAITING:
            lag.waiting, lag.oldest = number, first
        elif state == AnnouncedState.SETTLED:
            lag.settled = last


def claimed(connection: Connection, export_id: str) -> int:
    """Sum what an export's announced studies claim."""
    statement = select(func.sum(announced.c.claimed)).where(announced.c.export_id == export_id)
    return connection.scalar(statement) or 0
