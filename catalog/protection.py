"""The side table: whose identity is protected and whose records are blocked, by keyed hash.

It lies on the region's side only. Whoever reads it without the key learns how many are flagged,
and nothing of who; whoever has the key must ask for each person by her identifier.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, func, or_, select

from catalog.database import reading, writing
from catalog.protection_tables import protection
from catalog.vocabulary import Flag, HoldKind

_BATCH = 500


@dataclass(frozen=True)
class Flags:
    """What is said of one person, and the day of which it was so."""

    protected: Flag
    blocked: Flag
    as_of: date

    def together(self, other: "Flags") -> "Flags":
        """Join two words of one person: of each flag the stricter."""
        order = (Flag.NO, Flag.UNKNOWN, Flag.YES)
        return Flags(
            max(self.protected, other.protected, key=order.index),
            max(self.blocked, other.blocked, key=order.index),
            min(self.as_of, other.as_of),
        )


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
        """Tell what is said of a person; None if nothing is."""
        mine = select(protection).where(protection.c.person == self._person(canonical))
        with reading(self._engine) as connection:
            row = connection.execute(mine).one_or_none()
        return None if row is None else Flags(Flag(row.protected), Flag(row.blocked), row.as_of)

    def enter(self, said: Mapping[str, Flags]) -> int:
        """Enter what is said of persons, whole or not at all, and count those that were taken.

        What is older than what is known already is not taken.
        """
        taken, coming = 0, iter(said.items())
        with writing(self._engine) as connection:
            while batch := dict(islice(coming, _BATCH)):
                taken += self._enter(connection, batch)
        return taken

    def _enter(self, connection: Connection, said: Mapping[str, Flags]) -> int:
        coming = {self._person(canonical): flags for canonical, flags in said.items()}
        there = {
            row.person: row
            for row in connection.execute(
                select(protection).where(protection.c.person.in_(list(coming)))
            )
        }
        newer = {
            person: _row(flags, there.get(person))
            for person, flags in coming.items()
            if person not in there or there[person].as_of <= flags.as_of
        }
        connection.execute(protection.delete().where(protection.c.person.in_(list(newer))))
        if newer:
            rows = [{"person": person, **row} for person, row in newer.items()]
            connection.execute(protection.insert(), rows)
        return len(newer)

    def due(self, canonicals: Iterable[str]) -> Iterator[tuple[str, tuple[HoldKind, ...]]]:
        """Give those of the persons of whose flags the hub is still to be told, and of which."""
        coming = iter(canonicals)
        while batch := {self._person(one): one for one in islice(coming, _BATCH)}:
            wanted = select(protection).where(
                protection.c.person.in_(list(batch)),
                or_(protection.c.protected_due, protection.c.blocked_due),
            )
            with reading(self._engine) as connection:
                rows = connection.execute(wanted).all()
            yield from ((batch[row.person], _kinds(row)) for row in rows)

    def remind(self, canonical: str) -> bool:
        """Make a person's flags due again, if any is set, and tell whether one is."""
        mine = protection.c.person == self._person(canonical)
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

    def told(self, canonical: str) -> None:
        """Record that the hub knows of a person's flags."""
        with writing(self._engine) as connection:
            connection.execute(
                protection.update()
                .where(protection.c.person == self._person(canonical))
                .values(protected_due=False, blocked_due=False)
            )

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

    def _person(self, canonical: str) -> str:
        return hmac.new(self._key, canonical.encode(), hashlib.sha256).hexdigest()


def _row(flags: Flags, there: Any) -> dict[str, Any]:  # noqa: ANN401 # a row of SQLAlchemy's
    """Make a row; a flag that was not there before is one the hub is to be told of."""
    row: dict[str, Any] = {"as_of": flags.as_of}
    for name, flag in (("protected", flags.protected), ("blocked", flags.blocked)):
        was = None if there is None else getattr(there, name)
        still_due = there is not None and getattr(there, f"{name}_due")
        row |= {name: flag, f"{name}_due": flag is Flag.YES and (still_due or was != Flag.YES)}
    return row


def _kinds(row: Any) -> tuple[HoldKind, ...]:  # noqa: ANN401 # a row of SQLAlchemy's
    due = ((row.protected_due, HoldKind.PROTECTED), (row.blocked_due, HoldKind.BLOCKED))
    return tuple(kind for is_due, kind in due if is_due)
