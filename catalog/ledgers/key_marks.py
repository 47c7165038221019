"""What the region ledger remembers of its keys: enough to notice that one was replaced."""

from hmac import compare_digest

from sqlalchemy import Engine, select

from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.ledgers.tables import export, key_mark


class KeyMarks:
    """The marks of the keys that one region's ledger was filled with; no key opens them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def same(self, name: str, mark: str) -> bool:
        """Tell whether a key's mark is the one it had; the first one is remembered."""
        mine = select(key_mark.c.mark).where(key_mark.c.name == name)
        with reading(self._engine) as connection:
            known = connection.scalar(mine)
        if known is None:
            with writing(self._engine) as connection:
                insert_if_absent(
                    connection, key_mark, {"name": name, "mark": mark, "seen_at": now()}
                )
                known = connection.scalar(mine)
        return known is not None and compare_digest(known, mark)


def is_begun(engine: Engine) -> bool:
    """Tell whether a ledger holds anything that its key is needed for."""
    with reading(engine) as connection:
        return connection.scalar(select(export.c.id).limit(1)) is not None
