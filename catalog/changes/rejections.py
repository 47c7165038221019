"""What rejection notes took back: what is published of it is held, and what comes is refused."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Select, select

from catalog.batches import batches
from catalog.changes.tables import rejection
from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.tables import export, item
from catalog.outcome import Outcome

PUBLISHED = (Outcome.ADMITTED, Outcome.REVISED, Outcome.KNOWN)
"""Outcomes of files of which something is published."""


@dataclass(frozen=True, repr=False)
class Due:
    """An instance that is published though its original was rejected; nobody has held it yet.

    Attributes:
        id: Of what the note said of it.
        code: Why it was rejected.
        export_id: The export that the note came with.
    """

    id: int
    holder_id: str
    clean_sop_uid: str
    code: str
    export_id: str


class Rejections:
    """What rejection notes said in one region, opened with the ledger's key.

    A note speaks for its own holder's images, and for nobody else's.
    """

    def __init__(self, engine: Engine, key: LedgerKey) -> None:
        self._engine = engine
        self._key = key

    def enter(self, export_id: str, note: str, code: str, named: Collection[str]) -> int:
        """Enter what a note names, and count what is new; the same note again changes nothing."""
        moment, note_index = now(), self._index(note)
        with writing(self._engine) as connection:
            mine = select(export.c.holder_id).where(export.c.id == export_id)
            holder_id = connection.execute(mine).scalar_one()
            rows = [
                {
                    "holder_id": holder_id,
                    "note_index": note_index,
                    "sop_uid_index": self._index(sop_uid),
                    "code": code,
                    "export_id": export_id,
                    "entered_at": moment,
                }
                for sop_uid in sorted(named)
            ]
            return sum(insert_if_absent(connection, rejection, *some) for some in batches(rows))

    def code(self, holder_id: str, sop_uid: str) -> str | None:
        """Give the code by which an original was rejected; None if it was not."""
        mine = select(rejection.c.code).where(
            rejection.c.holder_id == holder_id,
            rejection.c.sop_uid_index == self._index(sop_uid),
        )
        with reading(self._engine) as connection:
            return connection.scalar(mine.order_by(rejection.c.id.desc()).limit(1))

    def due(self, holder_id: str, sop_uids: Iterable[str] | None = None) -> tuple[Due, ...]:
        """Give what a holder has to have held: of some originals, or of all."""
        wanted = [_due(holder_id)]
        if sop_uids is not None:
            some = batches(sorted({*map(self._index, sop_uids)}))
            wanted = [wanted[0].where(rejection.c.sop_uid_index.in_(one)) for one in some]
        with reading(self._engine) as connection:
            return tuple(Due(*row) for one in wanted for row in connection.execute(one))

    def held(self, due: Iterable[Due]) -> None:
        """Say that it was held: it will not be once more, when a person has lifted that."""
        with writing(self._engine) as connection:
            for some in batches([one.id for one in due]):
                mine = rejection.update().where(rejection.c.id.in_(some))
                connection.execute(mine.values(held_at=now()))

    def _index(self, sop_uid: str) -> str:
        return self._key.index("item.sop_uid", sop_uid)


def _due(holder_id: str) -> Select[Any]:
    return (
        select(
            rejection.c.id,
            rejection.c.holder_id,
            item.c.clean_sop_uid,
            rejection.c.code,
            rejection.c.export_id,
        )
        .join(item, item.c.sop_uid_index == rejection.c.sop_uid_index)
        .join(export, export.c.id == item.c.export_id)
        .where(
            rejection.c.holder_id == holder_id,
            export.c.holder_id == holder_id,
            rejection.c.held_at.is_(None),
            item.c.clean_sop_uid.is_not(None),
            item.c.outcome.in_(PUBLISHED),
        )
        .distinct()
        .order_by(rejection.c.id)
    )
