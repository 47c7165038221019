"""Where releases were delivered whole, and that they are gone from there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from catalog import audit
from catalog.accounts.tables import service_account
from catalog.audit import ALLOWED, AccessEvent
from catalog.columns import now
from catalog.database import reading, writing
from catalog.deletions import whole
from catalog.deletions.records import Confirmation
from catalog.errors import ConflictError, Reason
from catalog.releases.tables import delivery
from catalog.tables import permit_person, release
from catalog.vocabulary import SendingOutcome

_GONE = "its process ended without a word"


@dataclass(frozen=True)
class Delivery:
    """One release in one bucket.

    Attributes:
        number: The release's.
        proof_sha256: Digest of the proof that it was deleted; empty as long as it was not.
        outcome: How it ended; None as long as it runs.
        ended_as: Why it is not whole; empty if it is, or runs.
    """

    id: int
    permit_id: str
    number: int
    bucket: str
    who: str
    begun_at: datetime
    finished_at: datetime | None
    objects: int
    bytes: int
    deleted_at: datetime | None
    proof_sha256: str
    outcome: SendingOutcome | None
    ended_as: str


def begin(engine: Engine, permit_id: str, release_id: str, bucket: str, *, who: str) -> int:
    """Record, before a byte leaves, that a release is delivered; give the delivery's number.

    One that was begun before and has no end broke off: its process is gone.

    Raises:
        ConflictError: The bucket is no account's that is in force and named by the permit.
    """
    row = {"release_id": release_id, "bucket": bucket, "who": who, "begun_at": now()}
    with writing(engine) as connection:
        _require_named(connection, permit_id, bucket)
        _end_lost(connection, permit_id, bucket)
        key = connection.execute(delivery.insert().values(**row)).inserted_primary_key
        number = int(key[0]) if key else 0
        what = f"delivery:{number}"
        audit.record(connection, AccessEvent(who, permit_id, "deliver", what, ALLOWED))
    return number


def _end_lost(connection: Connection, permit_id: str, bucket: str) -> None:
    """Write down that what was begun into a bucket, and has no end, broke off."""
    mine = select(release.c.id).where(release.c.permit_id == permit_id)
    lost = (
        delivery.c.release_id.in_(mine),
        delivery.c.bucket == bucket,
        delivery.c.outcome.is_(None),
    )
    told = {"outcome": SendingOutcome.BROKEN_OFF, "ended_as": _GONE}
    connection.execute(delivery.update().where(*lost).values(**told))


def require_named(engine: Engine, permit_id: str, bucket: str) -> None:
    """Stop unless a permit names the account whose bucket it is.

    Raises:
        ConflictError: It does not, or the account is not in force.
    """
    with reading(engine) as connection:
        _require_named(connection, permit_id, bucket)


def _require_named(connection: Connection, permit_id: str, bucket: str) -> None:
    mine = (
        select(service_account.c.id)
        .join(permit_person, permit_person.c.person == service_account.c.id)
        .where(permit_person.c.permit_id == permit_id, service_account.c.bucket == bucket)
        .where(service_account.c.revoked_at.is_(None))
        .where(service_account.c.valid_until >= now().date())
    )
    if connection.scalar(mine) is None:
        raise ConflictError(Reason.BUCKET)


def finish(engine: Engine, number: int, *, objects: int, size: int) -> None:
    """Record that all of a delivery lies there: how many objects, and their bytes."""
    told = {"finished_at": now(), "objects": objects, "bytes": size}
    told |= {"outcome": SendingOutcome.WHOLE, "ended_as": None}
    with writing(engine) as connection:
        connection.execute(delivery.update().where(delivery.c.id == number).values(**told))


def fail(engine: Engine, number: int, outcome: SendingOutcome, why: str) -> None:
    """Record that a delivery ended and is not whole; `why` names no object and no person."""
    told = {"outcome": outcome, "ended_as": why[:255]}
    mine = delivery.c.id == number
    with writing(engine) as connection:
        connection.execute(
            delivery.update().where(mine, delivery.c.finished_at.is_(None)).values(**told)
        )


def taken_away(engine: Engine, permit_id: str, bucket: str, *, objects: int, who: str) -> None:
    """Record that what is held was taken from a bucket into which nothing is delivered any more."""
    event = AccessEvent(who, permit_id, "take-away", f"bucket:{bucket}", f"{objects} objects")
    audit.append(engine, event)


def proven_gone(engine: Engine, permit_id: str, bucket: str, *, proof_sha256: str, who: str) -> int:
    """Record that nothing of a permit lies in a bucket any more; tell of how many deliveries."""
    mine = select(release.c.id).where(release.c.permit_id == permit_id)
    left = (
        delivery.c.release_id.in_(mine),
        delivery.c.bucket == bucket,
        delivery.c.deleted_at.is_(None),
    )
    told = {"deleted_at": now(), "proof_sha256": proof_sha256}
    with writing(engine) as connection:
        _end_lost(connection, permit_id, bucket)
        gone = connection.execute(delivery.update().where(*left).values(**told)).rowcount
        said = Confirmation(who, now(), proof_sha256)
        whole.enter(connection, permit_id, bucket, said, who=who)
        what = f"proof:{proof_sha256}"
        audit.record(connection, AccessEvent(who, permit_id, "delete", what, ALLOWED))
    return gone


def standing(engine: Engine) -> tuple[tuple[str, str], ...]:
    """Give, by permit and bucket, where something lies whose deletion is not proven."""
    wanted = (
        select(release.c.permit_id, delivery.c.bucket)
        .join(release, release.c.id == delivery.c.release_id)
        .where(delivery.c.deleted_at.is_(None))
        .distinct()
        .order_by(release.c.permit_id, delivery.c.bucket)
    )
    with reading(engine) as connection:
        return tuple((row.permit_id, row.bucket) for row in connection.execute(wanted))


def deliveries_of(engine: Engine, permit_id: str) -> tuple[Delivery, ...]:
    """Give the deliveries of a permit's releases, the oldest first."""
    wanted = (
        select(delivery, release.c.permit_id, release.c.number)
        .join(release, release.c.id == delivery.c.release_id)
        .where(release.c.permit_id == permit_id)
        .order_by(delivery.c.id)
    )
    with reading(engine) as connection:
        return tuple(map(_read, connection.execute(wanted)))


def _read(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        permit_id=row.permit_id,
        number=row.number,
        bucket=row.bucket,
        who=row.who,
        begun_at=row.begun_at,
        finished_at=row.finished_at,
        objects=row.objects or 0,
        bytes=row.bytes or 0,
        deleted_at=row.deleted_at,
        proof_sha256=row.proof_sha256 or "",
        outcome=None if row.outcome is None else SendingOutcome(row.outcome),
        ended_as=row.ended_as or "",
    )
