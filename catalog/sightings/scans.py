"""Which detector looked at which clean object, and what is held because of what it found."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, and_, exists, func, or_, select, union
from sqlalchemy.sql.selectable import Join

from catalog import holds
from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.errors import NotFoundError, Reason
from catalog.holds import HoldTarget
from catalog.sightings.tables import scan
from catalog.tables import instance, revision
from catalog.vocabulary import HoldKind, HoldScope

_BATCH = 200
_NUMBER = re.compile(r"text (\d+)( \(.*\))?")


@dataclass(frozen=True, repr=False)
class Unscanned:
    """One clean object that waits to be looked at.

    Attributes:
        detector: What looked at it as it was made.
    """

    revision_id: int
    key: str
    size: int
    sha256: str
    detector: str


@dataclass(frozen=True)
class Look:
    """What a detector said of one object.

    Attributes:
        findings: How many places it found; None if it could not look.
        reason: Why the object is held, if it is; it must name nobody.
    """

    detector: str
    findings: int | None
    reason: str


def unscanned(
    engine: Engine, detector: str, *, since: str, again: bool = False
) -> tuple[int, Iterator[Unscanned]]:
    """Count the revisions that wait to be looked at by a detector, and give them, oldest first.

    All revisions are asked for, not only the latest: a sealed release serves those it froze. What
    was derived here from an image is left out: what holds the image holds it.

    Args:
        engine: The catalogue.
        detector: Its name; what it has looked at is left out.
        since: What this detector, or a later one, looked at as it was made, or since, is left
            out too.
        again: Take also what was looked at by such a detector as it was made.

    Raises:
        NotFoundError: `since` is neither this detector nor one that there are records of.
    """
    with reading(engine) as connection:
        waiting = _waiting(detector, _not_before(connection, detector, since), again=again)
        total = connection.scalar(select(func.count()).select_from(_joined()).where(waiting)) or 0
    return total, _rows(engine, waiting)


def _rows(engine: Engine, waiting: ColumnElement[bool]) -> Iterator[Unscanned]:
    last = 0
    while True:
        batch = (
            select(
                revision.c.id,
                revision.c.key,
                revision.c.size,
                revision.c.sha256,
                revision.c.detector,
            )
            .select_from(_joined())
            .where(waiting, revision.c.id > last)
            .order_by(revision.c.id)
            .limit(_BATCH)
        )
        with reading(engine) as connection:
            found = connection.execute(batch).all()
        if not found:
            return
        yield from (Unscanned(*row) for row in found)
        last = found[-1].id


def _joined() -> Join:
    return revision.join(instance, instance.c.id == revision.c.instance_id)


def _waiting(detector: str, recent: frozenset[str], *, again: bool) -> ColumnElement[bool]:
    looked = exists().where(
        scan.c.revision_id == revision.c.id,
        or_(scan.c.detector == detector, scan.c.detector.in_(recent)),
    )
    waiting = and_(instance.c.derived_from.is_(None), ~looked.correlate(revision))
    return waiting if again else and_(waiting, revision.c.detector.not_in(recent))


def _not_before(connection: Connection, detector: str, since: str) -> frozenset[str]:
    """Give the detectors there are records of, from `since` on."""
    recorded = union(select(revision.c.detector), select(scan.c.detector))
    names = {detector, *connection.scalars(recorded)}
    if since not in names:
        raise NotFoundError(Reason.NO_DETECTOR)
    first = _order(since)
    return frozenset(name for name in names if name == since or _order(name) >= (first or 1))


def _order(detector: str) -> int:
    """Give a detector's number, as in `text 2 (PP-OCRv6)`; one without was before all others."""
    numbered = _NUMBER.fullmatch(detector)
    return int(numbered[1]) if numbered else 0


def record(engine: Engine, revision_id: int, look: Look, *, who: str) -> int | None:
    """Write down that a revision was looked at, and hold it if anything was found.

    Both are written, or neither. Again changes nothing, so that a Hold that was lifted is not
    placed once more for the same detector; another detector's finding is another Hold.

    Returns:
        The Hold's number; None if none was placed.
    """
    row = {
        "revision_id": revision_id,
        "detector": look.detector,
        "at": now(),
        "findings": look.findings,
    }
    with writing(engine) as connection:
        if not insert_if_absent(connection, scan, row) or look.findings == 0:
            return None
        target = HoldTarget(HoldScope.REVISION, str(revision_id))
        return holds.stop(connection, HoldKind.RECALLED, target, reason=look.reason, who=who)
