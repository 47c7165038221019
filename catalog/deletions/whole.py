"""All of it: what an environment must delete once a permit has ended (EHDS Art. 68(12)).

It is due of every environment that the permit names, and of every bucket that a release was
delivered into, within six months. That is computed; only that it is done is written down.
"""

from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Select, and_, select, union

from catalog import audit
from catalog.accounts.tables import service_account
from catalog.audit import AccessEvent
from catalog.calendar import months_later
from catalog.columns import now
from catalog.database import insert_if_absent, reading
from catalog.deletions.records import Confirmation, Whole
from catalog.deletions.tables import permit_deletion
from catalog.permits import Permit
from catalog.permits.checking import read
from catalog.permits.lines import is_over
from catalog.permits.tables import permit_decision
from catalog.releases.tables import delivery
from catalog.tables import permit_person, release
from catalog.vocabulary import ReleaseState

MONTHS: Final = 6
"""Months after the end of a permit until which its data is deleted."""


def wholes(engine: Engine, *, today: date, permit_id: str = "") -> tuple[Whole, ...]:
    """Give what is due of all permits that ended, or of one, the earliest first."""
    with reading(engine) as connection:
        return due(connection, today=today, permit_id=permit_id)


def due(
    connection: Connection, *, today: date, permit_id: str = "", environment: str = ""
) -> tuple[Whole, ...]:
    """Give inside a transaction what is due, of all or of one permit and environment."""
    given = connection.execute(_given(permit_id, environment)).all()
    ends: dict[str, date] = {}
    for name in {row.permit_id for row in given}:
        last = last_used(read(connection, name), today)
        if last is not None:
            ends[name] = months_later(last, MONTHS)
    said = {
        (row.permit_id, row.environment): row for row in connection.execute(select(permit_deletion))
    }
    found = [
        _whole(row, ends[row.permit_id], said.get((row.permit_id, row.environment)))
        for row in given
        if row.permit_id in ends
    ]
    return tuple(sorted(found, key=lambda one: (one.by, one.permit_id, one.environment)))


def has(connection: Connection, permit_id: str, environment: str) -> bool:
    """Tell whether an environment has anything of a permit, in force or not."""
    return connection.execute(_given(permit_id, environment)).first() is not None


def _given(permit_id: str, environment: str) -> Select[Any]:
    """Select who has anything of which permit: accounts that it names, and buckets."""
    account = permit_person.c.person.label("environment")
    accounts = (
        select(release.c.permit_id, account)
        .join(permit_person, permit_person.c.permit_id == release.c.permit_id)
        .join(service_account, service_account.c.id == permit_person.c.person)
        .where(release.c.state == ReleaseState.SEALED)
    )
    buckets = select(release.c.permit_id, delivery.c.bucket.label("environment")).join(
        delivery, delivery.c.release_id == release.c.id
    )
    every = union(accounts, buckets).subquery()
    wanted = select(every)
    if permit_id:
        wanted = wanted.where(every.c.permit_id == permit_id)
    if environment:
        wanted = wanted.where(every.c.environment == environment)
    return wanted


def enter(
    connection: Connection, permit_id: str, environment: str, said: Confirmation, *, who: str
) -> None:
    """Write down inside a transaction that all is deleted; said once more, it stays as it was."""
    row = {
        "permit_id": permit_id,
        "environment": environment,
        "confirmed_at": now(),
        "confirmed_by": who,
        "deleted_at": said.deleted_at,
        "said_by": said.by,
        "proof_sha256": said.proof_sha256 or None,
    }
    if insert_if_absent(connection, permit_deletion, row):
        what = f"deletion:{environment}"
        audit.record(connection, AccessEvent(who, permit_id, "deleted", what, "all deleted"))


def waits(engine: Engine, permit_id: str, bucket: str, *, today: date) -> bool:
    """Tell whether what lies in a bucket of a permit that another followed is needed there still.

    So until a later one's release was delivered whole into it, or the day has come by which it
    must be gone; not once the last of them is over.
    """
    with reading(engine) as connection:
        found = read(connection, permit_id)
        last = last_used(found, today)
        if found.superseded is None or last is None or is_over(connection, permit_id, today=today):
            return False
        if found.revoked_at is not None or today >= months_later(last, MONTHS):
            return False
        mine, later = permit_decision.alias("mine"), permit_decision.alias("later")
        followed = (
            select(delivery.c.id)
            .join(release, release.c.id == delivery.c.release_id)
            .join(later, later.c.permit_id == release.c.permit_id)
            .join(mine, and_(mine.c.line == later.c.line, mine.c.number < later.c.number))
            .where(mine.c.permit_id == permit_id, delivery.c.bucket == bucket)
            .where(delivery.c.finished_at.is_not(None))
        )
        return connection.execute(followed.limit(1)).first() is None


def last_used(one: Permit, today: date) -> date | None:
    """Give the last day on which a permit was in force; None if it is, or will be."""
    ends = [one.valid_until]
    if one.revoked_at is not None:
        ends.append(one.revoked_at.date())
    if one.superseded is not None:
        ends.append(one.superseded.since - timedelta(days=1))
    ended = one.revoked_at is not None or min(ends) < today
    return min(ends) if ended else None


def _whole(given: Row[Any], by: date, said: Row[Any] | None) -> Whole:
    if said is None:
        return Whole(given.permit_id, given.environment, by)
    return Whole(given.permit_id, given.environment, by, said.confirmed_at, said.confirmed_by)
