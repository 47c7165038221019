"""Permits: who may have a release, for how long, and in which tier (EHDS Art. 68)."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Engine, Row, select

from catalog.columns import now
from catalog.database import reading, writing
from catalog.errors import ConflictError, NotFoundError, PermitError, Reason
from catalog.tables import permit, permit_person
from catalog.vocabulary import Tier


@dataclass(frozen=True)
class Permit:
    """A data permit as issued.

    Attributes:
        persons: Token subjects of the natural persons it names (Art. 67(2)(a)).
        valid_from: First day it is in force.
        valid_until: Last day it is in force.
    """

    id: str
    title: str
    purpose: str
    valid_from: date
    valid_until: date
    persons: frozenset[str]
    tier: Tier = Tier.PSEUDO_SPE
    revoked_at: datetime | None = None

    def in_force(self, today: date) -> bool:
        """Tell whether the permit can be used on this day."""
        return self.revoked_at is None and self.valid_from <= today <= self.valid_until


def create(engine: Engine, issued: Permit) -> None:
    """Enter a permit; entering the same one again changes nothing.

    Raises:
        ConflictError: Another permit has the id, or it ends before it begins.
    """
    if issued.valid_from > issued.valid_until:
        raise ConflictError
    with writing(engine) as connection:
        there = _find(connection, issued.id)
        if there is not None:
            if there != issued:
                raise ConflictError(Reason.OTHER_PERMIT)
            return
        connection.execute(
            permit.insert().values(
                id=issued.id,
                title=issued.title,
                purpose=issued.purpose,
                tier=issued.tier,
                valid_from=issued.valid_from,
                valid_until=issued.valid_until,
                created_at=now(),
                revoked_at=issued.revoked_at,
            )
        )
        for person in sorted(issued.persons):
            connection.execute(permit_person.insert().values(permit_id=issued.id, person=person))


def get(engine: Engine, permit_id: str) -> Permit:
    """Give a permit whoever asks; the door uses `authorised`.

    Raises:
        NotFoundError: There is none by that id.
    """
    with reading(engine) as connection:
        return _get(connection, permit_id)


def revoke(engine: Engine, permit_id: str) -> None:
    """End a permit now; ending it twice keeps the first moment (EHDS Art. 63).

    Raises:
        NotFoundError: There is none by that id.
    """
    with writing(engine) as connection:
        _get(connection, permit_id)
        connection.execute(
            permit.update()
            .where(permit.c.id == permit_id, permit.c.revoked_at.is_(None))
            .values(revoked_at=now())
        )


def authorised(engine: Engine, permit_id: str, *, who: str, today: date) -> Permit:
    """Give the permit if it names the person and is in force.

    Raises:
        NotFoundError: There is no such permit, or it names others: which, one cannot tell.
        PermitError: It is the person's, but not in force.
    """
    with reading(engine) as connection:
        return require(connection, permit_id, who=who, today=today)


def require(connection: Connection, permit_id: str, *, who: str | None, today: date) -> Permit:
    """Check a permit inside a transaction; without `who`, only that it is in force.

    Raises:
        NotFoundError: There is no such permit, or it does not name `who`.
        PermitError: It is not in force.
    """
    found = _get(connection, permit_id)
    if who is not None and who not in found.persons:
        raise NotFoundError
    if not found.in_force(today):
        raise PermitError
    return found


def _get(connection: Connection, permit_id: str) -> Permit:
    found = _find(connection, permit_id)
    if found is None:
        raise NotFoundError
    return found


def _find(connection: Connection, permit_id: str) -> Permit | None:
    row = connection.execute(select(permit).where(permit.c.id == permit_id)).one_or_none()
    return None if row is None else _read(connection, row)


def _read(connection: Connection, row: Row[tuple[object, ...]]) -> Permit:
    persons = connection.scalars(
        select(permit_person.c.person).where(permit_person.c.permit_id == row.id)
    )
    return Permit(
        id=row.id,
        title=row.title,
        purpose=row.purpose,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        persons=frozenset(persons),
        tier=Tier(row.tier),
        revoked_at=row.revoked_at,
    )
