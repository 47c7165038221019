"""Which key is which region's, and how much a region may deliver."""

import base64
import hashlib
from dataclasses import asdict
from typing import Final

from sqlalchemy import Engine, select

from catalog import audit
from catalog.arrivals.records import Limits, RegionKey
from catalog.arrivals.tables import intake_limit, region_key
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.tables import region

KEY_BYTES: Final = 32


def key_id(public_key: bytes) -> str:
    """Name a public key by half of its digest."""
    return hashlib.sha256(public_key).hexdigest()[:32]


def add_key(engine: Engine, region_id: str, public_key: bytes, *, who: str) -> str:
    """Let a region's key in; give its name. A region may have several, so that it can rotate.

    Raises:
        NotFoundError: There is no such region.
        ConflictError: The key is another region's, or was revoked.
    """
    name = key_id(public_key)
    row = {
        "id": name,
        "region_id": region_id,
        "public_key": base64.b64encode(public_key).decode(),
        "added_by": who,
        "added_at": now(),
    }
    with writing(engine) as connection:
        if connection.scalar(select(region.c.id).where(region.c.id == region_id)) is None:
            raise NotFoundError
        if not insert_if_absent(connection, region_key, row):
            mine = select(region_key).where(region_key.c.id == name)
            there = connection.execute(mine).one()
            if there.region_id != region_id or there.revoked_at is not None:
                raise ConflictError(Reason.OTHER_KEY)
            return name
        event = AccessEvent(who, "", "add-key", f"region:{region_id}/{name}", "ALLOWED")
        audit.record(connection, event)
    return name


def revoke_key(engine: Engine, name: str, *, who: str) -> bool:
    """Let a key in no more, for good; tell whether it was let in before.

    Raises:
        NotFoundError: There is no such key.
    """
    mine = region_key.c.id == name
    with writing(engine) as connection:
        whose = connection.scalar(select(region_key.c.region_id).where(mine))
        if whose is None:
            raise NotFoundError
        revoked = connection.execute(
            region_key.update()
            .where(mine, region_key.c.revoked_at.is_(None))
            .values(revoked_by=who, revoked_at=now())
        )
        if not revoked.rowcount:
            return False
        event = AccessEvent(who, "", "revoke-key", f"region:{whose}/{name}", "ALLOWED")
        audit.record(connection, event)
    return True


def find_key(engine: Engine, name: str) -> RegionKey | None:
    """Give a key that is let in; None if there is none by that name."""
    statement = select(region_key).where(region_key.c.id == name)
    with reading(engine) as connection:
        row = connection.execute(statement.where(region_key.c.revoked_at.is_(None))).one_or_none()
    if row is None:
        return None
    return RegionKey(row.id, row.region_id, row.public_key, row.added_by, row.added_at)


def list_keys(engine: Engine) -> tuple[RegionKey, ...]:
    """Give every key that was ever let in, by region."""
    statement = select(region_key).order_by(region_key.c.region_id, region_key.c.added_at)
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return tuple(
        RegionKey(r.id, r.region_id, r.public_key, r.added_by, r.added_at, r.revoked_at)
        for r in rows
    )


def set_limits(engine: Engine, region_id: str, limits: Limits, *, who: str) -> None:
    """Say how much a region may deliver from now on.

    Raises:
        NotFoundError: There is no such region.
    """
    row = asdict(limits)
    with writing(engine) as connection:
        if connection.scalar(select(region.c.id).where(region.c.id == region_id)) is None:
            raise NotFoundError
        if not insert_if_absent(connection, intake_limit, {"region_id": region_id, **row}):
            mine = intake_limit.c.region_id == region_id
            connection.execute(intake_limit.update().where(mine).values(row))
        event = AccessEvent(who, "", "intake-limits", f"region:{region_id}", "ALLOWED")
        audit.record(connection, event)


def limits_of(engine: Engine, region_id: str) -> Limits:
    """Give a region's limits; those of everybody unless somebody set its own."""
    statement = select(intake_limit).where(intake_limit.c.region_id == region_id)
    with reading(engine) as connection:
        row = connection.execute(statement).one_or_none()
    if row is None:
        return Limits()
    return Limits(row.objects_a_day, row.bytes_a_day, row.merges_until)
