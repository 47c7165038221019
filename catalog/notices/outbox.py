"""The outbox: notices are found by the Holds, recalls and erasures there are, and end by a person.

To find them again changes nothing, so that no crash and no caller can lose one.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, func, select

from catalog import audit
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.deletions.objects import hits
from catalog.erasures.tables import erasure, tombstone
from catalog.errors import NotFoundError
from catalog.holds.effects import EFFECTS
from catalog.notices.tables import notice
from catalog.recalls.records import CLOCK
from catalog.recalls.tables import recall
from catalog.tables import hold, permit_person, release, release_instance
from catalog.vocabulary import ReleaseState

AUTHORITY: Final = "IMY"
_TOLD: Final = tuple(kind for kind, effect in EFFECTS.items() if effect.notice)


class NoticeState(StrEnum):
    """How far a notice has come."""

    DUE = "due"
    SENT = "sent"
    DONE = "done"


@dataclass(frozen=True)
class Notice:
    """That somebody is to be told: of how many objects, and until when.

    Attributes:
        about: `recall:3`, `erasure:2` or `holds:2026-11-22`, those of a day.
        permit_id: Whose persons are told; None for the authority (GDPR Art. 33).
        persons: Token subjects.
        note: What the operator wrote when it was done.
        lifted: Whether nothing of what it is about is held any more, and nothing was erased.
    """

    id: int
    about: str
    permit_id: str | None
    persons: tuple[str, ...]
    instances: int
    due_at: datetime
    state: NoticeState
    note: str
    lifted: bool


def collect(engine: Engine, today: date) -> int:
    """Enter the notices that are due and not entered yet, and count them.

    Single Holds are told of together, once the day (UTC) that they were placed on is over. Those
    of a Hold that was lifted before anybody looked are none.
    """
    with writing(engine) as connection:
        over = f"holds:{today}"
        held = [
            row
            for row in _of_holds(connection)
            if row["about"] < over or row["about"].startswith("recall:")
        ]
        had = {row["about"] for row in held}
        rows = [*_of_recalls(connection, had), *held, *_of_erasures(connection)]
        return insert_if_absent(connection, notice, *rows)


def _row(about: str, permit_id: str | None, instances: int, since: datetime) -> dict[str, Any]:
    return {
        "about": about,
        "permit_id": permit_id,
        "whom": permit_id or AUTHORITY,
        "instances": instances,
        "made_at": now(),
        "due_at": since + CLOCK,
    }


def _of_recalls(connection: Connection, had: Collection[str]) -> Iterator[dict[str, Any]]:
    """Give the authority's, one for each recall that held anything at once, or that somebody has.

    What was published later was held from the first: nobody had it, and none is due for it.
    """
    for row in connection.execute(select(recall)):
        if row.holds or f"recall:{row.id}" in had:
            yield _row(f"recall:{row.id}", None, row.holds, row.aware_at)


def _of_holds(connection: Connection) -> Iterator[dict[str, Any]]:
    """Give those of permits whose releases have what is held: a recall's are one, a day's are."""
    hit = hits()
    wanted = (
        select(
            hit.c.recall_id,
            release.c.permit_id,
            release_instance.c.sop_uid,
            func.coalesce(recall.c.aware_at, hit.c.placed_at).label("since"),
        )
        .select_from(hit)
        .join(release_instance, release_instance.c.revision_id == hit.c.revision_id)
        .join(release, release.c.id == release_instance.c.release_id)
        .outerjoin(recall, recall.c.id == hit.c.recall_id)
        .where(hit.c.kind.in_(_TOLD), release_instance.c.sop_uid.is_not(None))
        .where(release.c.state == ReleaseState.SEALED)
        .distinct()
    )
    found: dict[tuple[str, str], tuple[set[str], datetime]] = {}
    for row in connection.execute(wanted):
        day = f"{row.since.date()}"
        about = f"holds:{day}" if row.recall_id is None else f"recall:{row.recall_id}"
        uids, since = found.get((about, row.permit_id), (set[str](), row.since))
        found[about, row.permit_id] = ({*uids, row.sop_uid}, min(since, row.since))
    for (about, permit_id), (uids, since) in sorted(found.items()):
        yield _row(about, permit_id, len(uids), since)


def _of_erasures(connection: Connection) -> Iterator[dict[str, Any]]:
    """Give those of permits whose releases lost something to an erasure (GDPR Art. 19)."""
    names = (tombstone.c.erasure_id, release.c.permit_id, erasure.c.begun_at)
    wanted = (
        select(*names, func.sum(tombstone.c.instances).label("instances"))
        .join(release, release.c.id == tombstone.c.release_id)
        .join(erasure, erasure.c.id == tombstone.c.erasure_id)
        .group_by(*names)
    )
    for row in connection.execute(wanted):
        yield _row(f"erasure:{row.erasure_id}", row.permit_id, int(row.instances), row.begun_at)


def every(engine: Engine, *, done: bool = False) -> tuple[Notice, ...]:
    """Give the notices that are not done, those due first at the front; all of them, if asked."""
    wanted = select(notice).order_by(notice.c.due_at, notice.c.id)
    if not done:
        wanted = wanted.where(notice.c.done_at.is_(None))
    with reading(engine) as connection:
        standing = _standing(connection)
        return tuple(_read(connection, row, standing) for row in connection.execute(wanted).all())


def get(engine: Engine, number: int) -> Notice:
    """Give a notice.

    Raises:
        NotFoundError: There is none of that number.
    """
    with reading(engine) as connection:
        return _get(connection, number)


def sent(engine: Engine, number: int, *, who: str) -> Notice:
    """Write down that a notice was sent; again changes nothing.

    Raises:
        NotFoundError: There is none of that number.
    """
    return _say(engine, number, {"sent_at": now(), "sent_by": who}, who)


def done(engine: Engine, number: int, *, note: str, who: str) -> Notice:
    """Write down that whom it concerns knows of it, or why nobody need; again changes nothing.

    Raises:
        NotFoundError: There is none of that number.
    """
    return _say(engine, number, {"done_at": now(), "done_by": who, "note": note}, who)


def _say(engine: Engine, number: int, told: dict[str, Any], who: str) -> Notice:
    first = next(iter(told))
    open_ = (notice.c.id == number, notice.c[first].is_(None))
    with writing(engine) as connection:
        found = _get(connection, number)
        if connection.execute(notice.update().where(*open_).values(told)).rowcount:
            word = first.removesuffix("_at")
            event = AccessEvent(who, found.permit_id or "", "notice", f"notice:{number}", word)
            audit.record(connection, event)
        return _get(connection, number)


def _get(connection: Connection, number: int) -> Notice:
    row = connection.execute(select(notice).where(notice.c.id == number)).one_or_none()
    if row is None:
        raise NotFoundError
    return _read(connection, row, _standing(connection))


@dataclass(frozen=True)
class _Standing:
    """What is held, by notice and permit; and the permits that an erasure took something from."""

    held: frozenset[tuple[str, str | None]]
    erased: frozenset[str]

    def has(self, about: str, permit_id: str | None) -> bool:
        return (about, permit_id) in self.held or permit_id in self.erased


def _standing(connection: Connection) -> _Standing:
    held = {(str(row["about"]), row["permit_id"]) for row in _of_holds(connection)}
    mine = (hold.c.recall_id.is_not(None), hold.c.lifted_at.is_(None))
    for number in connection.scalars(select(hold.c.recall_id).where(*mine).distinct()):
        held.add((f"recall:{number}", None))
    erased = {str(row["permit_id"]) for row in _of_erasures(connection)}
    return _Standing(frozenset(held), frozenset(erased))


def _read(connection: Connection, row: Row[Any], standing: _Standing) -> Notice:
    persons = select(permit_person.c.person).where(permit_person.c.permit_id == row.permit_id)
    state = NoticeState.DUE if row.sent_at is None else NoticeState.SENT
    return Notice(
        id=row.id,
        about=row.about,
        permit_id=row.permit_id,
        persons=tuple(sorted(connection.scalars(persons))),
        instances=row.instances,
        due_at=row.due_at,
        state=state if row.done_at is None else NoticeState.DONE,
        note=row.note or "",
        lifted=not standing.has(row.about, row.permit_id),
    )
