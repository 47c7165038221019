"""What a region's ledger says: what is sealed for whom, how far exports are, what is published."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, case, func, select

from catalog.changes.leading import led
from catalog.database import reading
from catalog.inventory.records import Published, Sealed, Standing
from catalog.ledgers.rows import count_outcomes
from catalog.ledgers.tables import export, item
from catalog.outcome import Outcome, Tally
from catalog.plans.records import AnnouncedState
from catalog.plans.tables import announced
from catalog.plans.work import claimed
from catalog.reviews.records import OPEN
from catalog.reviews.tables import review

_PAGE = 500
_PUBLISHED = (Outcome.ADMITTED, Outcome.REVISED, Outcome.KNOWN)

Place = tuple[str, int]
"""An export's id and an item's: the two first parts of the name of all that is sealed of a file."""


class Inventory:
    """One region's ledger, asked what there should be."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def sealed(self, places: Collection[Place]) -> Mapping[Place, Sealed]:
        """Tell of known files whether anything that is sealed of them is still needed."""
        wanted = (
            select(item.c.id, item.c.export_id, item.c.outcome, item.c.quarantine_key)
            .add_columns(review.c.state)
            .outerjoin(review, review.c.item_id == item.c.id)
            .where(item.c.id.in_([number for _, number in places]))
        )
        with reading(self._engine) as connection:
            rows = connection.execute(wanted).all()
        return {
            (row.export_id, row.id): Sealed(
                ended=row.outcome is not None,
                kept=row.quarantine_key is not None or row.state in OPEN,
            )
            for row in rows
        }

    def exports(self, moment: datetime) -> Iterator[Standing]:
        """Give how far every export is, in order of their names."""
        last = ""
        with reading(self._engine) as connection:
            goes_on = frozenset(connection.scalars(led()))
        while True:
            wanted = select(export).where(export.c.id > last).order_by(export.c.id).limit(1)
            with reading(self._engine) as connection:
                row = connection.execute(wanted).one_or_none()
                if row is None:
                    return
                standing = _standing(connection, row, moment)
            yield replace(standing, led=row.id in goes_on)
            last = row.id

    def published(self, since: datetime | None = None) -> tuple[int, Iterator[Published]]:
        """Count the files that are published, and give them; with a moment, those since then."""
        mine: list[ColumnElement[bool]] = [
            item.c.outcome.in_(_PUBLISHED),
            item.c.clean_sop_uid.is_not(None),
        ]
        if since is not None:
            mine.append(item.c.recorded_at >= since)
        with reading(self._engine) as connection:
            number = connection.scalar(select(func.count()).select_from(item).where(*mine)) or 0
        return number, self._published(mine)

    def _published(self, mine: list[ColumnElement[bool]]) -> Iterator[Published]:
        last = 0
        columns = (item.c.id, item.c.export_id, item.c.ordinal, item.c.clean_sop_uid)
        while True:
            wanted = select(*columns).where(item.c.id > last, *mine).order_by(item.c.id)
            with reading(self._engine) as connection:
                rows = connection.execute(wanted.limit(_PAGE)).all()
            if not rows:
                return
            yield from (Published(*row) for row in rows)
            last = rows[-1].id


def _standing(connection: Connection, row: Any, moment: datetime) -> Standing:  # noqa: ANN401 # a row of SQLAlchemy's
    counts, pending = count_outcomes(connection, row.id)
    foreign = select(func.count()).where(item.c.export_id == row.id, item.c.foreign_file)
    held = case((announced.c.leased_until > moment, 1))
    studies = select(func.count(), func.count(held)).where(
        announced.c.export_id == row.id, announced.c.state == AnnouncedState.WAITING
    )
    waiting, leased = connection.execute(studies).one()
    every = row.claimed + claimed(connection, row.id)
    tally = Tally(every, connection.scalar(foreign) or 0, counts)
    return Standing(row.id, row.registered_at, pending, waiting, leased, tally)
