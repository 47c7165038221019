"""What became of an original: found by its accession number, or itself."""

from sqlalchemy import Engine

from catalog.database import reading
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.records import Trace
from catalog.ledgers.rows import accession_value, traced
from catalog.ledgers.tables import item
from catalog.outcome import Outcome


class Tracing:
    """Looks in one region's ledger, opened with its key."""

    def __init__(self, engine: Engine, key: LedgerKey) -> None:
        self._engine = engine
        self._key = key

    def by_accession(self, accession: str, issuer: str = "") -> tuple[Trace, ...]:
        """Tell what became of every file of an accession number."""
        return self._trace("accession", accession_value(issuer, accession))

    def by_instance(self, sop_uid: str) -> tuple[Trace, ...]:
        """Tell what became of an original SOP Instance UID."""
        return self._trace("sop_uid", sop_uid)

    def _trace(self, column: str, value: str) -> tuple[Trace, ...]:
        index = self._key.index(f"item.{column}", value)
        with reading(self._engine) as connection:
            rows = connection.execute(traced().where(item.c[f"{column}_index"] == index)).all()
        return tuple(Trace(row[0], Outcome(row[1]), *row[2:]) for row in rows)
