"""What regions delivered, and what they told of their exports."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy import Engine, select

from catalog.arrivals.records import ArrivalState
from catalog.arrivals.tables import arrival
from catalog.arrivals.wire import StudyMessage
from catalog.database import reading
from catalog.inventory.records import TalliedExport
from catalog.outcome import Outcome, Tally
from catalog.tables import export, outcome

_PAGE = 200


def waited_for(engine: Engine) -> frozenset[str]:
    """Give the keys in the arrivals that a study names which is not settled yet.

    They are few: the hub settles studies as they come.
    """
    waiting = select(arrival).where(arrival.c.state == ArrivalState.RECEIVED)
    with reading(engine) as connection:
        rows = connection.execute(waiting).all()
    return frozenset(
        f"{row.region_id}/{row.holder_id}/{sha256}"
        for row in rows
        for sha256 in _digests(row.message)
    )


def _digests(message: str) -> Iterator[str]:
    """Give the digests that a message names; one that is no message is refused for all it says."""
    try:
        told = StudyMessage.model_validate_json(message, strict=True)
    except ValidationError:
        return
    for one in told.revisions:
        yield one.stored.sha256
        yield from (small.sha256 for small in one.previews)


def exports(engine: Engine, before: datetime) -> Iterator[TalliedExport]:
    """Give the exports first seen before a moment, with what was claimed and how all ended."""
    last = ""
    while True:
        wanted = select(export).where(export.c.id > last, export.c.first_seen_at <= before)
        with reading(engine) as connection:
            rows = connection.execute(wanted.order_by(export.c.id).limit(_PAGE)).all()
            mine = outcome.c.export_id.in_([row.id for row in rows])
            counted = connection.execute(select(outcome).where(mine)).all() if rows else []
        if not rows:
            return
        counts: dict[str, Counter[Outcome]] = {row.id: Counter() for row in rows}
        for one in counted:
            counts[one.export_id][Outcome(one.outcome)] += one.instances
        for row in rows:
            told = row.tallied_at is not None
            tally = Tally(row.claimed or 0, row.foreign_files or 0, counts[row.id])
            yield TalliedExport(row.id, tally if told else None)
        last = rows[-1].id
