"""Which keys the catalogue's records name, and what they say of the bytes; page by page."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Select, func, select, tuple_

from catalog.database import reading
from catalog.inventory.records import Entry, Part, Unsealed
from catalog.releases.tables import release_paper
from catalog.sightings.tables import preview
from catalog.tables import release, release_instance, revision
from catalog.vocabulary import ReleaseState

_PAGE = 500


def named(engine: Engine, keys: Collection[str]) -> frozenset[str]:
    """Give those of some keys of the clean store that a record names."""
    return _found(engine, keys, (revision.c.key, preview.c.key))


def headers_named(engine: Engine, keys: Collection[str]) -> frozenset[str]:
    """Give those of some keys of the releases' store that a release names: headers and papers."""
    return _found(engine, keys, (release_instance.c.header_key, release_paper.c.key))


def _found(engine: Engine, keys: Collection[str], columns: Collection[Any]) -> frozenset[str]:
    if not keys:
        return frozenset()
    with reading(engine) as connection:
        return frozenset(
            key
            for column in columns
            for key in connection.scalars(select(column).where(column.in_(keys)))
        )


def counted(engine: Engine, since: datetime | None = None) -> int:
    """Count the objects and previews that records name."""
    objects = _since(select(func.count()).select_from(revision), since)
    pictures = select(func.count()).select_from(preview)
    if since is not None:
        pictures = _since(pictures.join(revision, revision.c.id == preview.c.revision_id), since)
    with reading(engine) as connection:
        return (connection.scalar(objects) or 0) + (connection.scalar(pictures) or 0)


def pages(engine: Engine, since: datetime | None = None) -> Iterator[list[Entry]]:
    """Give what the records say of objects and their previews, a page at a time, oldest first.

    Each page is read for itself, so that no transaction lasts while a store is asked.
    """
    last = 0
    columns = (revision.c.id, revision.c.key, revision.c.size, revision.c.sha256)
    pictures = (preview.c.revision_id, preview.c.key, preview.c.bytes, preview.c.sha256)
    while True:
        wanted = _since(select(*columns).where(revision.c.id > last), since)
        with reading(engine) as connection:
            rows = connection.execute(wanted.order_by(revision.c.id).limit(_PAGE)).all()
            shown = select(*pictures).where(preview.c.revision_id.in_([row.id for row in rows]))
            small = connection.execute(shown).all() if rows else []
        if not rows:
            return
        yield [Entry(Part.OBJECT, *row) for row in rows] + [
            Entry(Part.PREVIEW, *row) for row in small
        ]
        last = rows[-1].id


def _since(statement: Select[Any], since: datetime | None) -> Select[Any]:
    return statement if since is None else statement.where(revision.c.published_at >= since)


def headers_counted(engine: Engine) -> int:
    """Count the headers of sealed releases, and their papers."""
    wanted = select(func.count()).select_from(release_instance)
    papers = _of_sealed(select(func.count()).select_from(release_paper))
    with reading(engine) as connection:
        return (connection.scalar(_sealed(wanted)) or 0) + (connection.scalar(papers) or 0)


def headers(engine: Engine) -> Iterator[list[Entry]]:
    """Give what sealed releases say of their headers and papers, a page at a time.

    Of headers the digests are in the keys.
    """
    yield from _papers(engine)
    place = tuple_(release_instance.c.release_id, release_instance.c.revision_id)
    last = ("", 0)
    while True:
        wanted = _sealed(select(release_instance)).where(place > last)
        ordered = wanted.order_by(release_instance.c.release_id, release_instance.c.revision_id)
        with reading(engine) as connection:
            rows = connection.execute(ordered.limit(_PAGE)).all()
        if not rows:
            return
        yield [
            Entry(
                Part.HEADER,
                row.revision_id,
                row.header_key,
                row.header_size,
                row.header_key.rpartition("/")[2].partition(".")[0],
                row.release_id,
            )
            for row in rows
        ]
        last = (rows[-1].release_id, rows[-1].revision_id)


def _papers(engine: Engine) -> Iterator[list[Entry]]:
    """Give papers: no revision's, but their release's."""
    columns = [release_paper.c[name] for name in ("release_id", "name", "key", "size", "sha256")]
    last = ("", "")
    while True:
        page = _of_sealed(select(*columns)).where(tuple_(*columns[:2]) > last)
        with reading(engine) as connection:
            rows = connection.execute(page.order_by(*columns[:2]).limit(_PAGE)).all()
        if not rows:
            return
        yield [Entry(Part.HEADER, 0, row.key, row.size, row.sha256, row.release_id) for row in rows]
        last = (rows[-1].release_id, rows[-1].name)


def _of_sealed(statement: Select[Any]) -> Select[Any]:
    """Leave those of `release_paper` whose release is sealed."""
    return statement.join(release, release.c.id == release_paper.c.release_id).where(
        release.c.state == ReleaseState.SEALED
    )


def _sealed(statement: Select[Any]) -> Select[Any]:
    return statement.join(release, release.c.id == release_instance.c.release_id).where(
        release.c.state == ReleaseState.SEALED, release_instance.c.header_key.is_not(None)
    )


def unsealed(engine: Engine, moment: datetime, older: timedelta) -> tuple[Unsealed, ...]:
    """Give the releases that were begun so long ago and never sealed, the oldest first."""
    wanted = select(release.c.id, release.c.permit_id, release.c.frozen_at).where(
        release.c.state == ReleaseState.BUILDING, release.c.frozen_at <= moment - older
    )
    with reading(engine) as connection:
        rows = connection.execute(wanted.order_by(release.c.frozen_at, release.c.id)).all()
    return tuple(Unsealed(*row) for row in rows)
