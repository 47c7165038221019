"""What the intake remembers of requests: that none comes twice, and how much came today."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from catalog.arrivals.records import Limits
from catalog.arrivals.tables import intake_nonce, intake_usage
from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing


def remember(engine: Engine, key_id: str, nonce: str, *, at: datetime, forget: timedelta) -> bool:
    """Remember a request's nonce; tell whether it is the first with it.

    Args:
        engine: The catalogue.
        key_id: Whose request it is.
        nonce: What it must not share with an earlier one.
        at: When it came.
        forget: Those that are older than this are forgotten; their requests are too old anyway.
    """
    row = {"key_id": key_id, "nonce": nonce, "at": at}
    with writing(engine) as connection:
        connection.execute(intake_nonce.delete().where(intake_nonce.c.at < at - forget))
        return bool(insert_if_absent(connection, intake_nonce, row))


def take(engine: Engine, region_id: str, size: int, limits: Limits) -> bool:
    """Count one object of `size` bytes against today's quota; tell whether it fits."""
    today = now().date()
    mine = (intake_usage.c.region_id == region_id, intake_usage.c.day == today)
    row = {"region_id": region_id, "day": today, "objects": 0, "bytes": 0}
    with writing(engine) as connection:
        insert_if_absent(connection, intake_usage, row)
        taken = connection.execute(
            intake_usage.update()
            .where(
                *mine,
                intake_usage.c.objects + 1 <= limits.objects_a_day,
                intake_usage.c.bytes + size <= limits.bytes_a_day,
            )
            .values(objects=intake_usage.c.objects + 1, bytes=intake_usage.c.bytes + size)
        )
        return bool(taken.rowcount)


def usage(engine: Engine, region_id: str) -> tuple[int, int]:
    """Give the objects and bytes of a region's today."""
    statement = select(intake_usage.c.objects, intake_usage.c.bytes).where(
        intake_usage.c.region_id == region_id, intake_usage.c.day == now().date()
    )
    with reading(engine) as connection:
        row = connection.execute(statement).one_or_none()
    return (0, 0) if row is None else (row.objects, row.bytes)
