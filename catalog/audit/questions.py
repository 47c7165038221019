"""The two questions of an auditor (EHDS Art. 73(1)(e)): who saw this study; what did she see.

A study has other UIDs in each permit's releases. Whichever of them is asked by leads to the study,
and from there to what it is called under all permits.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    CTE,
    Column,
    ColumnElement,
    Engine,
    Select,
    String,
    cast,
    literal,
    select,
    union,
)

from catalog.audit.ledger import COLUMNS, lines
from catalog.audit.records import ALLOWED, Access, Wanted
from catalog.audit.tables import access_log
from catalog.database import reading
from catalog.errors import NotFoundError
from catalog.releases.tables import delivery
from catalog.tables import instance, release, release_instance, revision, study

WHOLE: Final = ("manifest", "studies", "metadata.csv", "metadata.parquet", "changes.csv")
"""What a line calls a release as a whole; the permit's id and a delivery are such names, too."""
HEADS: Final = "%-head"
"""Actions of which no byte was read (RFC 9110 §9.3.2): nobody saw anything."""

_BATCH: Final = 500
_STUDY_OF_RELEASED = (
    release_instance.join(release, release.c.id == release_instance.c.release_id)
    .join(revision, revision.c.id == release_instance.c.revision_id)
    .join(instance, instance.c.id == revision.c.instance_id)
)


class Part(StrEnum):
    """By what a study was seen: itself, or the list or files of a release that it is in."""

    STUDY = "study"
    RELEASE = "release"


@dataclass(frozen=True)
class Seen:
    """One line of who saw a study, and whether it names the study or its whole release."""

    access: Access
    part: Part


def study_of(engine: Engine, name: str) -> str:
    """Give the random handle of a study by whatever names it.

    Args:
        engine: The catalogue.
        name: Its handle, its UID or an instance's, here or in any release.

    Raises:
        NotFoundError: Nothing has that name.
    """
    wanted = select(study.c.key).where(study.c.id.in_(select(_named(name).c.id)))
    with reading(engine) as connection:
        key = connection.scalar(wanted)
    if key is None:
        raise NotFoundError
    return str(key)


def who_saw(engine: Engine, name: str, *, refused: bool = False, after: int = 0) -> Iterator[Seen]:
    """Give every access to a study under any permit, oldest first; one query for each page.

    Args:
        engine: The catalogue.
        name: As for `study_of`.
        refused: Whether accesses that were refused are given, too.
        after: Lines with a number above this.
    """
    wanted = _accesses(name)
    if not refused:
        wanted = wanted.where(access_log.c.outcome == ALLOWED)
    while True:
        page = wanted.where(access_log.c.id > after).order_by(access_log.c.id).limit(_BATCH)
        with reading(engine) as connection:
            rows = connection.execute(page).all()
        if not rows:
            return
        yield from (Seen(Access(*row[:-1]), Part(row[-1])) for row in rows)
        after = rows[-1].id


def seen_by(engine: Engine, person: str, *, after: int = 0) -> Iterator[Access]:
    """Give every line of a person or service account, oldest first; one query for each page."""
    return lines(engine, Wanted(actor=person), after=after)


def _accesses(name: str) -> Select[Any]:
    called = _called(name)
    joined = select(*COLUMNS, called.c.part).join(
        called,
        (access_log.c.permit_id == called.c.permit_id) & (access_log.c.object == called.c.object),
    )
    return joined.where(access_log.c.action.not_like(HEADS))


def _named(name: str) -> CTE:
    """Select the study's number; each branch goes by an index."""
    released = select(instance.c.study_id).select_from(_STUDY_OF_RELEASED)
    return union(
        select(study.c.id).where(study.c.key == name),
        select(study.c.id).where(study.c.study_uid == name),
        select(instance.c.study_id).where(instance.c.sop_uid == name),
        released.where(release_instance.c.study_uid == name),
        released.where(release_instance.c.sop_uid == name),
    ).cte("named")


def _called(name: str) -> CTE:
    """Select what lines call the study, by permit; the empty one for the hub's own people."""
    named = select(_named(name).c.id)
    mine = (
        select(release.c.permit_id)
        .select_from(_STUDY_OF_RELEASED)
        .where(instance.c.study_id.in_(named))
    )
    own = (
        mine.add_columns(column.label("object"), literal(Part.STUDY).label("part"))
        for column in (
            release_instance.c.study_uid,
            release_instance.c.series_uid,
            release_instance.c.sop_uid,
        )
    )
    whole = (
        mine.add_columns(word, literal(Part.RELEASE))
        for word in (release.c.permit_id, *(literal(word) for word in WHOLE))
    )
    brought = (
        select(release.c.permit_id, numbered("delivery:", delivery.c.id), literal(Part.RELEASE))
        .select_from(_STUDY_OF_RELEASED.join(delivery, delivery.c.release_id == release.c.id))
        .where(instance.c.study_id.in_(named))
    )
    here = select(literal(""), numbered("study:", study.c.id), literal(Part.STUDY)).where(
        study.c.id.in_(named)
    )
    return union(*own, *whole, brought, here).cte("called")


def numbered(kind: str, number: Column[int]) -> ColumnElement[str]:
    """Give what a line calls a record: its kind and number."""
    return literal(kind).concat(cast(number, String))
