"""What an environment must delete once a permit has ended, by when, and who said that it did.

A row is opened for every environment that a permit named, and for every bucket that its release was
delivered into, when somebody looks after the permit has ended (EHDS Art. 68(12): six months).
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, select, union

from catalog import audit
from catalog.accounts.tables import service_account
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.deletions.tables import permit_deletion
from catalog.errors import NotFoundError
from catalog.permits import Permit, get
from catalog.releases.tables import delivery
from catalog.tables import permit_person, release
from catalog.vocabulary import ReleaseState

MONTHS: Final = 6
"""Months after the end of a permit until which its data is deleted."""


@dataclass(frozen=True)
class Deletion:
    """What one environment must delete of one permit.

    Attributes:
        environment: The service account's id, or the bucket's name.
        due: The last day for it.
        confirmed_by: Who said that it is done; empty as long as nobody did.
    """

    permit_id: str
    environment: str
    due: date
    confirmed_at: datetime | None
    confirmed_by: str

    def is_late(self, today: date) -> bool:
        """Tell whether its day has passed and nobody confirmed it."""
        return self.confirmed_at is None and today > self.due


def deletions(engine: Engine, *, today: date, permit_id: str = "") -> tuple[Deletion, ...]:
    """Give what is due of all permits that ended, or of one, the earliest first.

    What nobody noted yet is noted now.
    """
    with reading(engine) as connection:
        ids = connection.scalars(_released(permit_id)).all()
    ended = [one for one in (get(engine, each) for each in ids) if last_used(one, today)]
    with writing(engine) as connection:
        for one in ended:
            insert_if_absent(connection, permit_deletion, *_rows(connection, one, today))
    wanted = select(permit_deletion).order_by(permit_deletion.c.due_on, permit_deletion.c.permit_id)
    if permit_id:
        wanted = wanted.where(permit_deletion.c.permit_id == permit_id)
    with reading(engine) as connection:
        return tuple(map(_read, connection.execute(wanted)))


def confirm(engine: Engine, permit_id: str, environment: str, *, who: str, today: date) -> Deletion:
    """Record that an environment has deleted what it had of a permit that ended.

    Confirmed once more, it stays as it was.

    Raises:
        NotFoundError: The permit is unknown or in force, or the environment had nothing of it.
    """
    deletions(engine, today=today, permit_id=permit_id)
    with writing(engine) as connection:
        mark(connection, permit_id, environment, who=who)
        wanted = select(permit_deletion).where(*_one(permit_id, environment))
        found = connection.execute(wanted).one_or_none()
    if found is None:
        raise NotFoundError
    return _read(found)


def mark(connection: Connection, permit_id: str, environment: str, *, who: str) -> None:
    """Note inside a transaction who confirms a deletion, if it is due and nobody did."""
    said = {"confirmed_at": now(), "confirmed_by": who}
    open_ones = (*_one(permit_id, environment), permit_deletion.c.confirmed_at.is_(None))
    if connection.execute(permit_deletion.update().where(*open_ones).values(**said)).rowcount:
        what = f"deletion:{environment}"
        audit.record(connection, AccessEvent(who, permit_id, "confirm-deletion", what, "ALLOWED"))


def last_used(one: Permit, today: date) -> date | None:
    """Give the last day on which a permit was in force; None if it is, or will be."""
    ends = [one.valid_until]
    if one.revoked_at is not None:
        ends.append(one.revoked_at.date())
    if one.superseded is not None:
        ends.append(one.superseded.since - timedelta(days=1))
    ended = one.revoked_at is not None or min(ends) < today
    return min(ends) if ended else None


def months_after(day: date, months: int) -> date:
    """Give the same day some months later, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _released(permit_id: str) -> Any:  # noqa: ANN401 # a Select of one column
    wanted = select(release.c.permit_id).where(release.c.state == ReleaseState.SEALED).distinct()
    return wanted.where(release.c.permit_id == permit_id) if permit_id else wanted


def _rows(connection: Connection, one: Permit, today: date) -> Iterator[dict[str, Any]]:
    accounts = select(permit_person.c.person).join(
        service_account, service_account.c.id == permit_person.c.person
    )
    buckets = select(delivery.c.bucket).join(release, release.c.id == delivery.c.release_id)
    everywhere = union(
        accounts.where(permit_person.c.permit_id == one.id),
        buckets.where(release.c.permit_id == one.id, delivery.c.deleted_at.is_(None)),
    )
    ended = last_used(one, today) or today
    for name in connection.scalars(everywhere):
        yield {"permit_id": one.id, "environment": name, "due_on": months_after(ended, MONTHS)}


def _one(permit_id: str, environment: str) -> tuple[Any, ...]:
    return permit_deletion.c.permit_id == permit_id, permit_deletion.c.environment == environment


def _read(row: Row[Any]) -> Deletion:
    return Deletion(
        permit_id=row.permit_id,
        environment=row.environment,
        due=row.due_on,
        confirmed_at=row.confirmed_at,
        confirmed_by=row.confirmed_by or "",
    )
