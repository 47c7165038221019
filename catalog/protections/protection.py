"""The side table: whose identity is protected and whose records are blocked, by keyed hash.

It lies on the region's side only. Whoever reads it without the key learns how many are flagged,
and nothing of who; whoever has the key must ask for each person by her identifier.
"""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, func, or_, select, text

from catalog.database import reading, writing
from catalog.protections.flags import Flags
from catalog.protections.tables import protection
from catalog.vocabulary import Flag, HoldKind

__all__ = ["Flags", "ProtectionTable", "Status", "without_issuer"]

_BATCH = 500
# What stands between a local number and who issued it, in canonical form
_MARK = "\x1f"
_DUE = {HoldKind.PROTECTED: "protected_due", HoldKind.BLOCKED: "blocked_due"}


@dataclass(frozen=True)
class Status:
    """What the side table holds, in numbers.

    Attributes:
        unknown: Persons of whom one of the flags is unknown.
        due: Persons of whose flags the hub has not been told yet.
        stale: Persons whose flags are older than was asked.
    """

    persons: int
    protected: int
    blocked: int
    unknown: int
    due: int
    stale: int
    oldest: date | None
    newest: date | None


class ProtectionTable:
    """One region's side table, opened with its key."""

    def __init__(self, engine: Engine, key: bytes) -> None:
        self._engine = engine
        self._key = key

    def flags(self, canonical: str) -> Flags | None:
        """Tell what is said of a person; None if nothing is.

        A flag of a local number counts with its issuer and without, as a PACS may leave it out.
        What is no flag is said of the number as it was written only: it may be another woman's.
        """
        with reading(self._engine) as connection:
            return self._flags(connection, canonical)

    def _flags(self, connection: Connection, canonical: str) -> Flags | None:
        bare, person = self._hash(without_issuer(canonical)), self._hash(canonical)
        alike = protection.c.number == bare
        if person != bare:
            alike = protection.c.person.in_([person, bare])
        every = {
            row.person: _flags(row) for row in connection.execute(select(protection).where(alike))
        }
        mine = every.pop(person, None)
        for other in every.values():
            if other.kinds:
                mine = other.only_flags() if mine is None else mine.with_flags(other)
        return mine

    def enter(self, said: Mapping[str, Flags]) -> int:
        """Enter what is said of persons, whole or not at all, and count those that were taken.

        What is older than what is known already is not taken, save a flag where it is unknown.
        """
        taken, coming = 0, iter(said.items())
        with writing(self._engine) as connection:
            _be_alone(connection)
            while batch := dict(islice(coming, _BATCH)):
                taken += self._enter(connection, batch)
        return taken

    def _enter(self, connection: Connection, said: Mapping[str, Flags]) -> int:
        coming = {self._hash(canonical): canonical for canonical in said}
        there = _rows(connection, coming)
        taken = []
        for person, canonical in coming.items():
            before, word = there.get(person), said[canonical]
            after = word if before is None else word.after(_flags(before))
            if before is None or word.as_of >= before.as_of or after != _flags(before):
                taken.append(self._row(canonical, after, before))
        _replace(connection, taken)
        return len(taken)

    def carry(self, old: str, new: str) -> None:
        """Say of the number a person has now what is said of the one she had: the stricter wins.

        Where nothing is said of the new one, only a flag goes along: that she has none, the list
        has to say of the new number itself.
        """
        with writing(self._engine) as connection:
            _be_alone(connection)
            mine = self._flags(connection, old)
            there = _rows(connection, [self._hash(new)]).get(self._hash(new))
            if mine is None or (there is None and not mine.kinds):
                return
            known = None if there is None else _flags(there)
            carried = mine.only_flags() if known is None else known.strictest(mine)
            if carried != known:
                _replace(connection, [self._row(new, carried, there)])

    def due(self, canonicals: Iterable[str]) -> Iterator[tuple[str, tuple[HoldKind, ...]]]:
        """Give those of the persons of whose flags the hub is still to be told, and of which."""
        coming = iter(canonicals)
        while batch := {self._hash(one): one for one in islice(coming, _BATCH)}:
            wanted = select(protection).where(
                protection.c.person.in_(list(batch)),
                or_(protection.c.protected_due, protection.c.blocked_due),
            )
            with reading(self._engine) as connection:
                rows = connection.execute(wanted).all()
            yield from ((batch[row.person], _kinds(row)) for row in rows)

    def remind(self, canonical: str) -> bool:
        """Make a person's flags due again, if any is set, and tell whether one is."""
        mine = protection.c.person == self._hash(canonical)
        with writing(self._engine) as connection:
            written = connection.execute(
                protection.update()
                .where(
                    mine, or_(protection.c.protected == Flag.YES, protection.c.blocked == Flag.YES)
                )
                .values(
                    protected_due=protection.c.protected == Flag.YES,
                    blocked_due=protection.c.blocked == Flag.YES,
                )
            )
            return bool(written.rowcount)

    def told(self, canonical: str, kinds: Collection[HoldKind]) -> None:
        """Record that the hub knows of these flags of a person; another may have come meanwhile."""
        done = {_DUE[kind]: False for kind in kinds}
        if not done:
            return
        mine = protection.c.person == self._hash(canonical)
        with writing(self._engine) as connection:
            connection.execute(protection.update().where(mine).values(done))

    def status(self, *, since: date) -> Status:
        """Count what the table holds; `since` is the first day that is not too old."""
        counted = select(
            func.count(),
            *(
                func.count().filter(condition)
                for condition in (
                    protection.c.protected == Flag.YES,
                    protection.c.blocked == Flag.YES,
                    or_(
                        protection.c.protected == Flag.UNKNOWN, protection.c.blocked == Flag.UNKNOWN
                    ),
                    or_(protection.c.protected_due, protection.c.blocked_due),
                    protection.c.as_of < since,
                )
            ),
            func.min(protection.c.as_of),
            func.max(protection.c.as_of),
        )
        with reading(self._engine) as connection:
            return Status(*connection.execute(counted).one())

    def _row(
        self,
        canonical: str,
        flags: Flags,
        there: Any,  # noqa: ANN401 # a row of SQLAlchemy's
    ) -> dict[str, Any]:
        return {
            "person": self._hash(canonical),
            "number": self._hash(without_issuer(canonical)),
            **_columns(flags, there),
        }

    def _hash(self, canonical: str) -> str:
        return hmac.new(self._key, canonical.encode(), hashlib.sha256).hexdigest()


def without_issuer(canonical: str) -> str:
    """Write a local number as it is where its issuer is not said; other numbers have none."""
    _, mark, number = canonical.rpartition(_MARK)
    return mark + number


def _be_alone(connection: Connection) -> None:
    """Let no other write the table until the transaction ends: what is read here stays so.

    On SQLite a transaction that writes is alone from its beginning.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {protection.name} IN SHARE ROW EXCLUSIVE MODE"))


def _rows(connection: Connection, persons: Iterable[str]) -> dict[str, Any]:
    wanted = select(protection).where(protection.c.person.in_(list(persons)))
    return {row.person: row for row in connection.execute(wanted)}


def _replace(connection: Connection, rows: list[dict[str, Any]]) -> None:
    persons = [row["person"] for row in rows]
    connection.execute(protection.delete().where(protection.c.person.in_(persons)))
    if rows:
        connection.execute(protection.insert(), rows)


def _flags(row: Any) -> Flags:  # noqa: ANN401 # a row of SQLAlchemy's
    return Flags(Flag(row.protected), Flag(row.blocked), row.as_of)


def _columns(flags: Flags, there: Any) -> dict[str, Any]:  # noqa: ANN401 # a row of SQLAlchemy's
    """Make the columns; a flag that was not there before is one the hub is to be told of."""
    row: dict[str, Any] = {"as_of": flags.as_of}
    for name, flag in (("protected", flags.protected), ("blocked", flags.blocked)):
        was = None if there is None else getattr(there, name)
        still_due = there is not None and getattr(there, f"{name}_due")
        row |= {name: flag, f"{name}_due": flag is Flag.YES and (still_due or was != Flag.YES)}
    return row


def _kinds(row: Any) -> tuple[HoldKind, ...]:  # noqa: ANN401 # a row of SQLAlchemy's
    return tuple(kind for kind, column in _DUE.items() if getattr(row, column))
