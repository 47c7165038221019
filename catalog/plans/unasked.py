"""What came without anybody asking for it, and ended without an export: how much, and how."""

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Engine, func, select

from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.outcome import Outcome
from catalog.plans.tables import unasked


class Unasked:
    """The ends of what no plan of a region took, in its ledger's database; nothing identified."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def end(self, token: str, outcome: Outcome, reason: str, *, files: int, size: int) -> None:
        """Write an end down, once: the same token again changes nothing.

        Args:
            token: A random name of what ended.
            outcome: How every file of it ended.
            reason: A closed text.
            files: How many there were.
            size: Their bytes.
        """
        row = {
            "token": token,
            "outcome": outcome,
            "reason": reason,
            "files": files,
            "bytes": size,
            "ended_at": now(),
        }
        with writing(self._engine) as connection:
            insert_if_absent(connection, unasked, row)

    def ended(self) -> Mapping[Outcome, int]:
        """Count the files that ever ended so."""
        statement = select(unasked.c.outcome, func.sum(unasked.c.files)).group_by(unasked.c.outcome)
        with reading(self._engine) as connection:
            rows = connection.execute(statement).all()
        return Counter({Outcome(word): int(number) for word, number in rows})
