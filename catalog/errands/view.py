"""What the console shows of a region's work: columns that are kept in clear, and no others.

Every column is named, so that a database role without the sealed ones can read them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select

from catalog.database import reading
from catalog.errors import NotFoundError
from catalog.ledgers.tables import export, item
from catalog.outcome import Outcome
from catalog.plans.records import AnnouncedState, PlanState, SourceKind, WindowState
from catalog.plans.tables import announced, plan, plan_window, source

PENDING = "PENDING"
"""Counts files that have no outcome yet."""

_PLAN = (
    *(plan.c.id, plan.c.holder_id, plan.c.source, plan.c.state, plan.c.reference),
    *(plan.c.valid_until, plan.c.who, plan.c.created_at, plan.c.changed_at),
)


@dataclass(frozen=True)
class SourceShown:
    """A source: its name and kind; where it is and how it is asked stays sealed."""

    name: str
    kind: SourceKind
    changed_at: datetime


@dataclass(frozen=True)
class PlanShown:
    """A plan without its selection."""

    id: str
    holder: str
    source: str
    state: PlanState
    decision: str
    valid_until: date
    who: str
    created_at: datetime
    changed_at: datetime
    windows: Mapping[WindowState, int]


@dataclass(frozen=True)
class ExportShown:
    """An export: studies as its source announced them, files by outcome."""

    id: str
    holder: str
    claimed: int
    registered_at: datetime
    studies: Mapping[AnnouncedState, int]
    files: Mapping[str, int]


@dataclass(frozen=True)
class WindowShown:
    """A stretch of study dates of a plan, and the export that brings it in."""

    first: date
    last: date
    state: WindowState
    export: ExportShown | None


class View:
    """One region's ledger, as far as it can be read without a key."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def sources(self) -> tuple[SourceShown, ...]:
        """Give every source, by name."""
        columns = select(source.c.name, source.c.kind, source.c.changed_at)
        with reading(self._engine) as connection:
            rows = connection.execute(columns.order_by(source.c.name)).all()
        return tuple(SourceShown(row.name, SourceKind(row.kind), row.changed_at) for row in rows)

    def plans(self) -> tuple[PlanShown, ...]:
        """Give every plan, the newest first."""
        newest = select(*_PLAN).order_by(plan.c.created_at.desc(), plan.c.id)
        with reading(self._engine) as connection:
            rows = connection.execute(newest).all()
            windows = _windows_by_plan(connection)
        return tuple(_plan(row, windows.get(row.id, {})) for row in rows)

    def plan(self, plan_id: str) -> tuple[PlanShown, tuple[WindowShown, ...]]:
        """Give a plan and its stretches of days, the oldest first.

        Raises:
            NotFoundError: There is none.
        """
        mine = select(plan_window).where(plan_window.c.plan_id == plan_id)
        with reading(self._engine) as connection:
            row = connection.execute(select(*_PLAN).where(plan.c.id == plan_id)).one_or_none()
            if row is None:
                raise NotFoundError
            windows = _windows_by_plan(connection).get(plan_id, {})
            stretches = connection.execute(mine.order_by(plan_window.c.first)).all()
            wanted = [one.export_id for one in stretches if one.export_id is not None]
            exports = {one.id: one for one in _exports(connection, wanted)}
        shown = tuple(
            WindowShown(one.first, one.last, WindowState(one.state), exports.get(one.export_id))
            for one in stretches
        )
        return _plan(row, windows), shown

    def exports(self, limit: int) -> tuple[ExportShown, ...]:
        """Give the exports that were registered last, the newest first."""
        newest = select(export.c.id).order_by(export.c.registered_at.desc(), export.c.id)
        with reading(self._engine) as connection:
            ids = list(connection.scalars(newest.limit(limit)))
            found = {one.id: one for one in _exports(connection, ids)}
        return tuple(found[one] for one in ids)

    def export(self, export_id: str) -> ExportShown:
        """Give an export.

        Raises:
            NotFoundError: There is none.
        """
        with reading(self._engine) as connection:
            found = _exports(connection, [export_id])
        if not found:
            raise NotFoundError
        return found[0]

    def answers(self) -> None:
        """Ask for next to nothing.

        Raises:
            CatalogError: The ledger's database does not answer, or has another schema.
        """
        with reading(self._engine) as connection:
            connection.execute(select(source.c.name).limit(1)).first()


def _plan(row: Row[Any], windows: Mapping[WindowState, int]) -> PlanShown:
    return PlanShown(
        id=row.id,
        holder=row.holder_id,
        source=row.source,
        state=PlanState(row.state),
        decision=row.reference,
        valid_until=row.valid_until,
        who=row.who,
        created_at=row.created_at,
        changed_at=row.changed_at,
        windows=windows,
    )


def _windows_by_plan(connection: Connection) -> dict[str, dict[WindowState, int]]:
    statement = select(plan_window.c.plan_id, plan_window.c.state, func.count()).group_by(
        plan_window.c.plan_id, plan_window.c.state
    )
    found: dict[str, dict[WindowState, int]] = {}
    for plan_id, state, number in connection.execute(statement):
        found.setdefault(plan_id, {})[WindowState(state)] = number
    return found


def _exports(connection: Connection, ids: list[str]) -> list[ExportShown]:
    columns = (export.c.id, export.c.holder_id, export.c.claimed, export.c.registered_at)
    rows = connection.execute(select(*columns).where(export.c.id.in_(ids))).all()
    studies = _counted(connection, announced.c.export_id, announced.c.state, ids)
    files = _counted(connection, item.c.export_id, item.c.outcome, ids)
    return [
        ExportShown(
            id=row.id,
            holder=row.holder_id,
            claimed=row.claimed,
            registered_at=row.registered_at,
            studies={AnnouncedState(str(word)): n for word, n in studies.get(row.id, {}).items()},
            files={
                PENDING if word is None else Outcome(word).value: n
                for word, n in files.get(row.id, {}).items()
            },
        )
        for row in rows
    ]


def _counted(
    connection: Connection,
    of: Any,  # noqa: ANN401 # a column of SQLAlchemy's
    by: Any,  # noqa: ANN401
    ids: list[str],
) -> dict[str, dict[str | None, int]]:
    statement = select(of, by, func.count()).where(of.in_(ids)).group_by(of, by)
    found: dict[str, dict[str | None, int]] = {}
    for export_id, word, number in connection.execute(statement):
        found.setdefault(export_id, {})[word] = number
    return found
