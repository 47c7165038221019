"""Sources and plans of exports, as administrators of a region entered them."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.errors import ConflictError, NotFoundError, RaceError, Reason
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.rows import decision_of
from catalog.plans.records import KnownSource, Plan, PlanState, SourceKind, Window, WindowState
from catalog.plans.tables import plan, plan_window, source

_MOVES: dict[PlanState, frozenset[PlanState]] = {
    PlanState.ACTIVE: frozenset({PlanState.PAUSED, PlanState.CANCELLED, PlanState.DONE}),
    PlanState.PAUSED: frozenset({PlanState.ACTIVE, PlanState.CANCELLED}),
    PlanState.DONE: frozenset({PlanState.ACTIVE}),
    PlanState.CANCELLED: frozenset(),
}


class Plans:
    """The sources and plans of one region, in its ledger's database."""

    def __init__(self, engine: Engine, key: LedgerKey) -> None:
        self._engine = engine
        self._key = key

    def set_source(self, given: KnownSource) -> bool:
        """Enter a source, or change the one of that name; tell whether it is new.

        Raises:
            ConflictError: The one of that name is of another kind.
        """
        row = {
            "name": given.name,
            "kind": given.kind,
            "settings_enc": self._key.encrypt(_source_cell(given.name), given.settings),
            "changed_at": now(),
        }
        with writing(self._engine) as connection:
            if insert_if_absent(connection, source, row):
                return True
            mine = source.c.name == given.name
            if connection.scalar(select(source.c.kind).where(mine)) != given.kind:
                raise ConflictError(Reason.OTHER_SOURCE)
            connection.execute(source.update().where(mine).values(row))
        return False

    def source(self, name: str) -> KnownSource:
        """Give a source by its name.

        Raises:
            NotFoundError: There is none.
        """
        with reading(self._engine) as connection:
            row = connection.execute(select(source).where(source.c.name == name)).one_or_none()
        if row is None:
            raise NotFoundError(Reason.NO_SOURCE)
        return self._source(row)

    def sources(self) -> tuple[KnownSource, ...]:
        """Give every source, by name."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(source).order_by(source.c.name)).all()
        return tuple(map(self._source, rows))

    def _source(self, row: Row[Any]) -> KnownSource:
        settings = self._key.decrypt(_source_cell(row.name), row.settings_enc)
        return KnownSource(row.name, SourceKind(row.kind), settings)

    def remove_source(self, name: str) -> None:
        """Forget a source that no plan refers to.

        Raises:
            NotFoundError: There is none.
            ConflictError: A plan refers to it.
        """
        with writing(self._engine) as connection:
            if connection.scalar(select(plan.c.id).where(plan.c.source == name).limit(1)):
                raise ConflictError(Reason.SOURCE_IN_USE)
            if not connection.execute(source.delete().where(source.c.name == name)).rowcount:
                raise NotFoundError(Reason.NO_SOURCE)

    def enter(self, new: Plan) -> None:
        """Enter a plan.

        Raises:
            ConflictError: There is one of that id, or no such source.
        """
        moment = now()
        row = {
            "id": new.id,
            "holder_id": new.holder_id,
            "source": new.source,
            "content_enc": self._key.encrypt(_plan_cell(new.id), new.content),
            "state": new.state,
            "who": new.who,
            "created_at": moment,
            "changed_at": moment,
            **asdict(new.decision),
        }
        with writing(self._engine) as connection:
            connection.execute(plan.insert().values(row))

    def get(self, plan_id: str) -> Plan:
        """Give a plan.

        Raises:
            NotFoundError: There is none.
        """
        with reading(self._engine) as connection:
            return self._plan(connection.execute(_chosen(plan_id)).one_or_none())

    def all(self) -> tuple[Plan, ...]:
        """Give every plan, the newest first."""
        newest = select(plan).order_by(plan.c.created_at.desc(), plan.c.id)
        with reading(self._engine) as connection:
            rows = connection.execute(newest).all()
        return tuple(map(self._plan, rows))

    def _plan(self, row: Row[Any] | None) -> Plan:
        if row is None:
            raise NotFoundError(Reason.NO_PLAN)
        return Plan(
            id=row.id,
            holder_id=row.holder_id,
            source=row.source,
            decision=decision_of(row),
            content=self._key.decrypt(_plan_cell(row.id), row.content_enc),
            state=PlanState(row.state),
            who=row.who,
        )

    def move(self, plan_id: str, state: PlanState) -> None:
        """Pause, resume, cancel or finish a plan; in the state it is in already, nothing happens.

        Raises:
            NotFoundError: There is none.
            ConflictError: A plan in its state cannot become that.
        """
        with writing(self._engine) as connection:
            present = connection.scalar(_chosen(plan_id, plan.c.state).with_for_update())
            if present is None:
                raise NotFoundError(Reason.NO_PLAN)
            if present == state:
                return
            if state not in _MOVES[PlanState(present)]:
                raise ConflictError(Reason.PLAN_STATE)
            changed = plan.update().where(plan.c.id == plan_id)
            connection.execute(changed.values(state=state, changed_at=now()))

    def add_windows(self, plan_id: str, windows: Iterable[tuple[date, date]]) -> int:
        """Enter stretches of days that a plan is to bring in, and count the new ones."""
        moment = now()
        rows = [
            {
                "plan_id": plan_id,
                "first": first,
                "last": last,
                "state": WindowState.WAITING,
                "changed_at": moment,
            }
            for first, last in windows
        ]
        with writing(self._engine) as connection:
            return insert_if_absent(connection, plan_window, *rows)

    def windows(self, plan_id: str) -> tuple[Window, ...]:
        """Give the stretches of days of a plan, the oldest first."""
        mine = select(plan_window).where(plan_window.c.plan_id == plan_id)
        with reading(self._engine) as connection:
            rows = connection.execute(mine.order_by(plan_window.c.first, plan_window.c.id)).all()
        return tuple(
            Window(row.plan_id, row.first, row.last, WindowState(row.state), row.export_id)
            for row in rows
        )

    def take(self, connection: Connection, window: Window, export_id: str) -> None:
        """Say, within a transaction, by which export a window comes in.

        Raises:
            RaceError: Somebody else was first.
        """
        waiting = _window(window).where(plan_window.c.state == WindowState.WAITING)
        begun = waiting.values(state=WindowState.BEGUN, export_id=export_id, changed_at=now())
        if not connection.execute(begun).rowcount:
            raise RaceError

    def end_window(self, window: Window) -> None:
        """Say that all of a window came in, or that there is nothing in it."""
        with writing(self._engine) as connection:
            statement = _window(window).where(plan_window.c.export_id == window.export_id)
            if window.export_id is None:
                statement = _window(window).where(plan_window.c.export_id.is_(None))
            connection.execute(statement.values(state=WindowState.DONE, changed_at=now()))


def _window(window: Window) -> Any:  # noqa: ANN401 # an update of SQLAlchemy's
    return plan_window.update().where(
        plan_window.c.plan_id == window.plan_id,
        plan_window.c.first == window.first,
        plan_window.c.last == window.last,
    )


def _chosen(plan_id: str, *columns: Any) -> Any:  # noqa: ANN401 # a select of SQLAlchemy's
    return select(*(columns or (plan,))).where(plan.c.id == plan_id)


def _source_cell(name: str) -> str:
    return f"source.settings\0{name}"


def _plan_cell(plan_id: str) -> str:
    return f"plan.content\0{plan_id}"
