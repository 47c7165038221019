"""Search the catalogue: studies by random handle, page by page, never one that is held.

What a query matches is instances: a study is shown when at least one of its instances matches and
is not held, and its numbers count those instances only: as many as a release of the query holds.
`images` counts those that are images; the others are what comes along with images - CAD results,
reports, key objects, presentation states, segmentations. They have no view of their own, so a
query that names one finds images only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, repeat
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    or_,
    select,
)

from catalog.cursors import read_cursor, write_cursor
from catalog.database import reading
from catalog.deliveries.giving import of_standing
from catalog.facets.candidates import candidates
from catalog.holds import instance_not_held, study_not_held
from catalog.sightings.tables import pixel_facts, quality_flag
from catalog.tables import instance, revision, study, subject
from catalog.vocabulary import COMPANIONS, Kind, Laterality, View

_REMEMBERED = 256  # queries whose statement is kept; making it takes longer than running it


@dataclass(frozen=True)
class Query:
    """What to look for; a field left None matches everything.

    Attributes:
        age_band: One of `catalog.vocabulary.AGE_BANDS`.
        exam_year_from: First true year of examination.
        exam_year_to: Last true year of examination.
        holder: A holder's id.
        companions: Whether what comes along with images is looked for too.
        flag: What the pixels told of an image's quality; so images only are found.
        laterality_agrees: Whether side by pixels and side by header are the same; where one of
            them does not say, it is neither. Images only are found.
    """

    view: View | None = None
    laterality: Laterality | None = None
    vendor: str | None = None
    kind: Kind | None = None
    age_band: str | None = None
    exam_year_from: int | None = None
    exam_year_to: int | None = None
    holder: str | None = None
    companions: bool = True
    flag: str | None = None
    laterality_agrees: bool | None = None


@dataclass(frozen=True)
class FoundStudy:
    """One study of a page; neither a UID nor a pseudonym of any permit.

    Attributes:
        study_key: The study's random handle.
        vendors: Of the images that match, like views and lateralities; of all, if no image does.
        images: How many of its images match.
        instances: How many of its objects match, images and others.
        size: About how many bytes those objects have: to one significant digit. The exact number
            would be a mark by which a study of a release finds its handle, and two digits of each
            view, asked for one by one, would be nearly as good.
    """

    study_key: str
    holder: str
    exam_year: int | None
    age_band: str | None
    vendors: tuple[str, ...]
    views: tuple[str, ...]
    lateralities: tuple[str, ...]
    kinds: tuple[str, ...]
    images: int
    instances: int
    size: int


@dataclass(frozen=True)
class Page:
    """Some of the studies found, and how to ask for the next ones, if any."""

    studies: tuple[FoundStudy, ...]
    next_cursor: str | None


def search(engine: Engine, query: Query, *, cursor: str | None = None, limit: int = 50) -> Page:
    """Give one page of the studies that match, in the order of their random handles.

    Raises:
        CursorError: The cursor was not given for this query.
        DatabaseError: The database did not answer.
    """
    after = "" if cursor is None else read_cursor(cursor, query)
    with reading(engine) as connection:
        found = _first(connection, query, after, limit + 1)
    studies = tuple(_found(parts) for parts in found[:limit])
    more = len(found) > limit
    return Page(studies, write_cursor(studies[-1].study_key, query) if more else None)


def _first(
    connection: Connection, query: Query, after: str, many: int
) -> Sequence[Sequence[Row[Any]]]:
    """Give the first studies after a handle, each as its objects that match and are not held.

    Which studies may be among them is looked up; what is shown is read from the objects.
    """
    found: list[list[Row[Any]]] = []
    for keys in candidates(connection, query, after=after, want=many + many // 8):
        rows = connection.execute(_shown(query), {"keys": _padded(keys)}).all() if keys else ()
        found += (list(parts) for _, parts in groupby(rows, attrgetter("key")))
        if len(found) >= many:
            break
    return found[:many]


def study_conditions(query: Query) -> tuple[ColumnElement[bool], ...]:
    """Give the conditions of a query that a study must meet."""
    pairs = (
        (query.age_band, study.c.age_band.__eq__),
        (query.exam_year_from, study.c.exam_year.__ge__),
        (query.exam_year_to, study.c.exam_year.__le__),
        (query.holder, study.c.holder_id.__eq__),
    )
    return tuple(compare(value) for value, compare in pairs if value is not None)


def instance_conditions(query: Query) -> tuple[ColumnElement[bool], ...]:
    """Give the conditions of a query that an instance, and its revision joined to it, must meet."""
    pairs = (
        (query.view, instance.c.view),
        (query.laterality, instance.c.laterality),
        (query.vendor, instance.c.vendor),
        (query.kind, instance.c.kind),
    )
    conditions = [column == value for value, column in pairs if value is not None]
    if not query.companions:
        conditions.append(instance.c.kind.not_in(COMPANIONS))
    return (*conditions, *_pixel_conditions(query))


def _pixel_conditions(query: Query) -> Iterator[ColumnElement[bool]]:
    """Give the conditions on what the pixels of the revision joined to an instance told."""
    if query.flag is not None:
        mine = quality_flag.c.revision_id == revision.c.id
        yield exists().where(mine, quality_flag.c.flag == query.flag).correlate(revision)
    if query.laterality_agrees is not None:
        agrees = pixel_facts.c.laterality_agrees.is_(query.laterality_agrees)
        yield exists().where(pixel_facts.c.revision_id == revision.c.id, agrees).correlate(revision)


def _padded(keys: Sequence[str]) -> list[str]:
    """Repeat the last handle up to one of few lengths: for each the database plans anew."""
    length = 64
    while length < len(keys):
        length *= 4
    return [*keys, *repeat(keys[-1], length - len(keys))]


@lru_cache(_REMEMBERED)
def _shown(query: Query) -> Select[Any]:
    """Select the matching instances with their latest revision and study; `keys` are bound."""
    return (
        select(
            study.c.key,
            study.c.holder_id,
            study.c.exam_year,
            study.c.age_band,
            instance.c.vendor,
            instance.c.view,
            instance.c.laterality,
            instance.c.kind,
            revision.c.size,
        )
        .select_from(study)
        .join(subject, subject.c.id == study.c.subject_id)
        .join(instance, instance.c.study_id == study.c.id)
        .join(revision, latest())
        .where(study.c.key.in_(bindparam("keys", expanding=True)))
        .where(*study_conditions(query), of_standing(), study_not_held())
        .where(*instance_conditions(query), instance_not_held())
        .order_by(study.c.key)
    )


def latest() -> ColumnElement[bool]:
    """Give the condition that joins an instance to its latest revision.

    What was derived here from an image that has a newer revision by now joins to none: of that
    revision it says nothing.
    """
    image, its = instance.alias("image"), revision.alias("its")
    newest = (
        exists()
        .where(its.c.id == revision.c.derived_from)
        .where(image.c.id == its.c.instance_id, image.c.latest == its.c.number)
    )
    return and_(
        revision.c.instance_id == instance.c.id,
        revision.c.number == instance.c.latest,
        or_(revision.c.derived_from.is_(None), newest.correlate(revision)),
    )


def _found(parts: Sequence[Row[Any]]) -> FoundStudy:
    row = parts[0]
    images = [part for part in parts if part.kind not in COMPANIONS]
    shown = images or parts
    return FoundStudy(
        study_key=row.key,
        holder=row.holder_id,
        exam_year=row.exam_year,
        age_band=row.age_band,
        vendors=tuple(sorted({part.vendor for part in shown})),
        views=tuple(sorted({part.view for part in shown})),
        lateralities=tuple(sorted({part.laterality for part in shown})),
        kinds=tuple(sorted({part.kind for part in parts})),
        images=len(images),
        instances=len(parts),
        size=_about(sum(part.size for part in parts)),
    )


def _about(size: int) -> int:
    """Round a number to one significant digit."""
    return round(size, 1 - len(str(size)))
