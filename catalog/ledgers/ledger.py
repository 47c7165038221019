"""The region's ledger: which file of which export ended how, and what became of its UIDs.

It has a database of its own on the region side. Paths, original UIDs and accession numbers are
kept encrypted, beside keyed hashes by which they can be found again.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, or_, select

from catalog.changes.rejections import Rejections
from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.erasures.ordered import Erased
from catalog.errands.errands import Errands
from catalog.errors import NotFoundError
from catalog.inventory.ledger import Inventory
from catalog.ledgers.exports import Exports
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.makings import Makings
from catalog.ledgers.records import Ending, Item, NewItem, Progress
from catalog.ledgers.rows import (
    FORGOTTEN,
    count_outcomes,
    ending_row,
    path_cell,
    require_one_to_one,
)
from catalog.ledgers.tables import export, item
from catalog.orders.cohorts import CohortOrders
from catalog.orders.received import ReceivedOrders
from catalog.outcome import Outcome, Tally
from catalog.plans.unasked import Unasked
from catalog.plans.work import Work, claimed
from catalog.reviews.review import Reviews
from catalog.reviews.rows import open_review

_BATCH = 500


class Ledger(Exports):
    """One region's ledger, opened with its key."""

    def __init__(self, engine: Engine, key: LedgerKey) -> None:
        super().__init__(engine, key)
        self.reviews = Reviews(engine, key)
        self.makings = Makings(engine, key)
        self.orders = ReceivedOrders(engine, key)
        self.cohort_orders = CohortOrders(engine)
        self.work = Work(engine)
        self.unasked = Unasked(engine)
        self.inventory = Inventory(engine)
        self.errands = Errands(engine)
        self.rejections = Rejections(engine, key)
        self.erased = Erased(engine, key)

    def enroll(self, export_id: str, items: Iterable[NewItem]) -> int:
        """Enter an export's files that are not entered yet, and count them.

        Raises:
            NotFoundError: The export is not registered.
        """
        entered, coming = 0, iter(items)
        with writing(self._engine) as connection:
            if connection.scalar(select(export.c.id).where(export.c.id == export_id)) is None:
                raise NotFoundError
            while batch := list(islice(coming, _BATCH)):
                rows = [self._new_row(export_id, new) for new in batch]
                entered += insert_if_absent(connection, item, *rows)
        return entered

    def _new_row(self, export_id: str, new: NewItem) -> dict[str, Any]:
        index = self._key.index("item.path", new.path)
        cell = path_cell(export_id, new.ordinal, index)
        return {
            "export_id": export_id,
            "ordinal": new.ordinal,
            "path_enc": self._key.encrypt(cell, new.path),
            "path_index": index,
            "size": new.size,
            "reason": "",
            "foreign_file": False,
        }

    def studies(self, export_id: str) -> tuple[int, ...]:
        """Give the ordinals of the studies that have a file without an outcome."""
        pending = (
            select(item.c.ordinal)
            .where(item.c.export_id == export_id, item.c.outcome.is_(None))
            .distinct()
            .order_by(item.c.ordinal)
        )
        with reading(self._engine) as connection:
            return tuple(connection.scalars(pending))

    def pending_paths(self, export_id: str) -> frozenset[str]:
        """Give the paths of the files that have no outcome yet."""
        mine = select(item).where(
            item.c.export_id == export_id, item.c.outcome.is_(None), item.c.path_enc.is_not(None)
        )
        with reading(self._engine) as connection:
            found = connection.execute(mine).all()
        return frozenset(self._path(row) for row in found)

    def items(self, export_id: str, ordinal: int) -> tuple[Item, ...]:
        """Give one study's files, with an outcome or without, in the order of enrolment."""
        mine = (
            select(item)
            .where(item.c.export_id == export_id, item.c.ordinal == ordinal)
            .where(item.c.path_enc.is_not(None))
            .order_by(item.c.id)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(mine).all()
        return tuple(
            Item(
                row.id,
                row.ordinal,
                self._path(row),
                row.size,
                None if row.outcome is None else Outcome(row.outcome),
            )
            for row in rows
        )

    def _path(self, row: Row[Any]) -> str:
        cell = path_cell(row.export_id, row.ordinal, row.path_index)
        return self._key.decrypt(cell, row.path_enc)

    def require_one_to_one(self, *endings: Ending) -> None:
        """Stop before two originals would have one clean UID, or one original two.

        Raises:
            ConflictError: They would; nothing of it may be published.
        """
        with reading(self._engine) as connection:
            require_one_to_one(connection, [ending_row(self._key, one, None) for one in endings])

    def record(self, *endings: Ending, run: str) -> int:
        """Record how files ended, all in one transaction, and count those that were written.

        A file that another run has recorded keeps its outcome; the same run may correct its own.

        Raises:
            ConflictError: Two originals would have one clean UID, or one original two.
        """
        written, coming = 0, {one.item_id: one for one in endings}
        with writing(self._engine) as connection:
            index = self._indices(connection, list(coming))
            rows = {one: ending_row(self._key, coming[one], index.get(one)) for one in coming}
            require_one_to_one(connection, rows.values())
            for item_id, row in rows.items():
                statement = (
                    item.update()
                    .where(item.c.id == item_id)
                    .where(or_(item.c.outcome.is_(None), item.c.run == run))
                    .values(run=run, recorded_at=now(), **row)
                )
                if connection.execute(statement).rowcount:
                    written += 1
                    open_review(connection, self._key, coming[item_id])
        return written

    def _indices(self, connection: Connection, item_ids: list[int]) -> dict[int, str]:
        wanted = select(item.c.id, item.c.path_index).where(item.c.id.in_(item_ids))
        return {row[0]: row[1] for row in connection.execute(wanted)}

    def tally(self, export_id: str) -> Tally:
        """Count an export's outcomes against its claim, and that of its announced studies.

        Raises:
            NotFoundError: There is no such export.
        """
        foreign = select(func.count()).where(item.c.export_id == export_id, item.c.foreign_file)
        with reading(self._engine) as connection:
            mine = connection.scalar(select(export.c.claimed).where(export.c.id == export_id))
            if mine is None:
                raise NotFoundError
            counts, _ = count_outcomes(connection, export_id)
            every = mine + claimed(connection, export_id)
            return Tally(every, connection.scalar(foreign) or 0, counts)

    def progress(self, export_id: str) -> Progress:
        """Tell how many of an export's files have an outcome."""
        with reading(self._engine) as connection:
            counts, pending = count_outcomes(connection, export_id)
        done = sum(counts.values())
        return Progress(done + pending, done, counts)

    def reasons(self, export_id: str) -> dict[tuple[Outcome, str], int]:
        """Count an export's files by outcome and reason; reasons are closed texts, never values."""
        statement = (
            select(item.c.outcome, item.c.reason, func.count())
            .where(item.c.export_id == export_id, item.c.outcome.is_not(None))
            .group_by(item.c.outcome, item.c.reason)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(statement).all()
        return {(Outcome(word), reason): number for word, reason, number in rows}

    def forget_expired(self, moment: datetime) -> int:
        """Erase what identifies files whose time is over, and count them; outcomes stay."""
        known = or_(item.c.path_enc.is_not(None), item.c.sop_uid_enc.is_not(None))
        statement = item.update().where(item.c.expires_at <= moment, known)
        with writing(self._engine) as connection:
            return connection.execute(statement.values(FORGOTTEN)).rowcount
