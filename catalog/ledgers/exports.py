"""The exports of a region's ledger: entered with all that is announced to them, or not at all."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from catalog.changes.rescans import Looked, Rescans
from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.errors import ConflictError, NotFoundError, RaceError, Reason
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.records import Export
from catalog.ledgers.rows import decision_of, export_cell
from catalog.ledgers.tables import export
from catalog.ledgers.tracing import Tracing
from catalog.plans.announced import AnnouncedStudies
from catalog.plans.plans import Plans
from catalog.plans.records import Announced, Window


class Exports(Tracing):
    """One region's exports, and the plans, sources and looks by which they come."""

    def __init__(self, engine: Engine, key: LedgerKey) -> None:
        super().__init__(engine, key)
        self.plans = Plans(engine, key)
        self.announced = AnnouncedStudies(engine, key)
        self.rescans = Rescans(engine, key)

    def register_export(self, registered: Export) -> None:
        """Enter an export; entering the same one again changes nothing.

        Raises:
            ConflictError: Another export has the id.
        """
        with writing(self._engine) as connection:
            self._register(connection, registered)

    def begin_stretch(
        self, registered: Export, studies: Iterable[Announced], window: Window
    ) -> bool:
        """Enter an export with all that is announced to it, and that a window comes in by it.

        All of it or nothing: if somebody else began the window first, False, and no trace of this.
        """
        try:
            with writing(self._engine) as connection:
                self._register(connection, registered)
                self.plans.take(connection, window, registered.id)
                self.announced.enter(connection, registered.id, studies)
        except RaceError:
            return False
        return True

    def begin_look(self, registered: Export, studies: Sequence[Announced], looked: Looked) -> None:
        """Enter an export with all that is announced to it, as what a plan's look found.

        All of it or nothing.

        Raises:
            ConflictError: Another export has the id.
        """
        with writing(self._engine) as connection:
            self._register(connection, registered)
            self.announced.enter(connection, registered.id, studies)
            self.rescans.enter(connection, looked, registered.id)

    def _register(self, connection: Connection, registered: Export) -> None:
        row = {
            "id": registered.id,
            "holder_id": registered.holder_id,
            "path_enc": self._key.encrypt(export_cell(registered.id), registered.path),
            "claimed": registered.claimed,
            "registered_at": now(),
            **asdict(registered.decision),
        }
        if insert_if_absent(connection, export, row):
            return
        if self._export(connection, registered.id) != registered:
            raise ConflictError(Reason.OTHER_EXPORT)

    def export(self, export_id: str) -> Export:
        """Give an export as it was registered.

        Raises:
            NotFoundError: There is none by that id.
            LedgerKeyError: The ledger has another key.
        """
        with reading(self._engine) as connection:
            return self._export(connection, export_id)

    def exports(self) -> tuple[Export, ...]:
        """Give every export, the newest first."""
        newest = select(export.c.id).order_by(export.c.registered_at.desc(), export.c.id)
        with reading(self._engine) as connection:
            return tuple(self._export(connection, found) for found in connection.scalars(newest))

    def registered_at(self, export_id: str) -> datetime:
        """Give the moment at which an export was registered.

        Raises:
            NotFoundError: There is none by that id.
        """
        wanted = select(export.c.registered_at).where(export.c.id == export_id)
        with reading(self._engine) as connection:
            found: datetime | None = connection.scalar(wanted)
        if found is None:
            raise NotFoundError
        return found

    def _export(self, connection: Connection, export_id: str) -> Export:
        row = connection.execute(select(export).where(export.c.id == export_id)).one_or_none()
        if row is None:
            raise NotFoundError
        path = self._key.decrypt(export_cell(row.id), row.path_enc)
        return Export(row.id, row.holder_id, path, row.claimed, decision_of(row))
