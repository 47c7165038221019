"""What a source showed of studies that came in before: more than came, or less."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, select

from catalog.batches import batches
from catalog.changes import selects
from catalog.changes.leading import led
from catalog.changes.rejections import PUBLISHED
from catalog.changes.tables import missed, rescan
from catalog.database import insert_if_absent, reading, writing
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.tables import item
from catalog.plans.tables import plan_window

LATELY = timedelta(days=90)
"""For so long what was held as gone is remembered, even if it is listed again."""


@dataclass(frozen=True, repr=False)
class Compared:
    """How what a source lists of a study stands to what came of it.

    Attributes:
        late: Whether it lists objects that never came, and were not asked for too often.
        gone: Keyed hashes of originals that are published and not listed any more.
        there: Of those that are published and listed.
        lost: Of those that were held as gone lately, listed again or not: the Hold is still there.
    """

    late: bool
    gone: frozenset[str] = frozenset()
    there: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()


@dataclass(frozen=True, repr=False)
class Missed:
    """A published instance that its source did not list in two looks or more."""

    id: int
    clean_sop_uid: str


@dataclass(frozen=True)
class Looked:
    """A look that was taken: a plan's, at how many studies, and when."""

    plan_id: str
    studies: int
    moment: datetime


class Rescans:
    """The looks that were taken again at one region's sources, opened with the ledger's key."""

    def __init__(self, engine: Engine, key: LedgerKey) -> None:
        self._engine = engine
        self._key = key

    def compare(
        self, plan_id: str, study_uid: str, listed: Iterable[str], *, moment: datetime
    ) -> Compared:
        """Hold a source's list of SOP Instance UIDs against what came of a study.

        Only what came by the plan itself can be gone; what was rejected or held as gone before is
        not gone once more, but lost if it was held as gone lately. Files that were refused unread,
        or could not be read, have no UID in the ledger: as many of those listed are taken for them.
        """
        study = self._key.index("item.study_uid", study_uid)
        now_there = {self._key.index("item.sop_uid", one) for one in listed}
        with reading(self._engine) as connection:
            every = set(connection.scalars(selects.originals(plan_id, study).where(selects.came())))
            every |= set(connection.scalars(selects.given_up(plan_id, study)))
            published = set(connection.scalars(selects.published(plan_id, study)))
            held = set(connection.scalars(selects.held(plan_id, published)))
            lost = set(connection.scalars(selects.lost(plan_id, published, moment - LATELY)))
            unnamed = selects.unnamed(connection, plan_id, study)
        late = len(now_there - every) > unnamed
        gone = published - held - now_there
        there = published & now_there
        return Compared(late, frozenset(gone), frozenset(there), frozenset(lost))

    def note(
        self, plan_id: str, *, gone: Collection[str], there: Collection[str], moment: datetime
    ) -> None:
        """Remember what was not listed; what is listed again was never gone.

        What was held lately is remembered all the same, and is not gone once more meanwhile.
        """
        lately = missed.c.held_at >= moment - LATELY
        mine = (missed.c.plan_id == plan_id) & (missed.c.held_at.is_(None) | ~lately)
        rows = [
            {"plan_id": plan_id, "sop_uid_index": one, "first_at": moment} for one in sorted(gone)
        ]
        with writing(self._engine) as connection:
            for some in batches(there):
                connection.execute(missed.delete().where(mine, missed.c.sop_uid_index.in_(some)))
            for some_rows in batches(rows):
                insert_if_absent(connection, missed, *some_rows)

    def due(self, plan_id: str, gone: Collection[str], before: datetime) -> tuple[Missed, ...]:
        """Give what is gone now, was gone at a moment already, and is not held for it yet."""
        wanted = (
            select(missed.c.id, item.c.clean_sop_uid)
            .join(item, item.c.sop_uid_index == missed.c.sop_uid_index)
            .where(
                missed.c.plan_id == plan_id,
                missed.c.held_at.is_(None),
                missed.c.first_at <= before,
                item.c.outcome.in_(PUBLISHED),
                item.c.clean_sop_uid.is_not(None),
            )
            .distinct()
        )
        with reading(self._engine) as connection:
            return tuple(
                Missed(*row)
                for some in batches(sorted(gone))
                for row in connection.execute(wanted.where(missed.c.sop_uid_index.in_(some)))
            )

    def held(self, due: Iterable[Missed], moment: datetime) -> None:
        """Say that it was held: it will not be once more, when a person has lifted that."""
        with writing(self._engine) as connection:
            for some in batches([one.id for one in due]):
                mine = missed.update().where(missed.c.id.in_(some))
                connection.execute(mine.values(held_at=moment))

    def looked(self, look: Looked) -> None:
        """Say that a look was taken that found nothing."""
        with writing(self._engine) as connection:
            self.enter(connection, look, None)

    def enter(self, connection: Connection, look: Looked, export_id: str | None) -> None:
        """Say, within a transaction, that a look was taken, and which export brings its finds."""
        row = {
            "plan_id": look.plan_id,
            "export_id": export_id,
            "studies": look.studies,
            "looked_at": look.moment,
            "ended_at": None if export_id else look.moment,
        }
        connection.execute(rescan.insert().values(**row))

    def last(self, plan_id: str) -> datetime | None:
        """Give the moment of a plan's last look; None before the first."""
        mine = select(rescan.c.looked_at).where(rescan.c.plan_id == plan_id)
        with reading(self._engine) as connection:
            return connection.scalar(mine.order_by(rescan.c.looked_at.desc()).limit(1))

    def exports(self, plan_id: str, *, unfinished: bool = False) -> tuple[str, ...]:
        """Give the exports that bring in what a plan's looks found, the oldest first."""
        mine = select(rescan.c.export_id).where(
            rescan.c.plan_id == plan_id, rescan.c.export_id.is_not(None)
        )
        if unfinished:
            mine = mine.where(rescan.c.ended_at.is_(None))
        with reading(self._engine) as connection:
            return tuple(connection.scalars(mine.order_by(rescan.c.id)))

    def plan_of(self, export_id: str) -> str | None:
        """Give the plan that an export brings something in for; None if it was begun by hand."""
        by_window = select(plan_window.c.plan_id).where(plan_window.c.export_id == export_id)
        by_look = select(rescan.c.plan_id).where(rescan.c.export_id == export_id)
        with reading(self._engine) as connection:
            return connection.scalar(by_window) or connection.scalar(by_look)

    def led(self) -> frozenset[str]:
        """Give the exports to which a plan leads that was not cancelled; no others go on."""
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(led()))

    def end(self, export_id: str, moment: datetime) -> None:
        """Say that all that a look found came in."""
        with writing(self._engine) as connection:
            mine = rescan.update().where(rescan.c.export_id == export_id)
            connection.execute(mine.values(ended_at=moment))
