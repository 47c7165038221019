"""The catalogue version: a number that never comes again once the catalogue says something else."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, func, select

from catalog.erasures.tables import erasure
from catalog.tables import revision


def catalogue_version(connection: Connection) -> int:
    """Give the highest revision that there is, and on top of it what erasures added.

    The highest alone would go back when the newest is erased, and SQLite gives its number again.
    """
    added = connection.scalar(select(func.sum(erasure.c.raises))) or 0
    return _highest(connection) + int(added)


@contextmanager
def risen(connection: Connection, erasure_id: int) -> Iterator[None]:
    """Have the version rise by one at least while an erasure takes its revisions."""
    before = _highest(connection)
    yield
    lost = max(0, before - _highest(connection))
    mine = erasure.c.id == erasure_id
    connection.execute(erasure.update().where(mine).values(raises=lost + 1))


def _highest(connection: Connection) -> int:
    return connection.scalar(select(func.max(revision.c.id))) or 0
