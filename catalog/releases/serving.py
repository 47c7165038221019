"""Read a permit's newest sealed release; permit and Holds are checked on every call."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, bindparam, func, select

from catalog.database import reading
from catalog.errors import HeldError, NotFoundError
from catalog.permits import require
from catalog.releases.records import (
    Described,
    ReleaseContents,
    ReleasedStudy,
    Servable,
    ServablePreview,
)
from catalog.releases.rows import current, described, free_of, newest, released, servable_of
from catalog.sightings.tables import preview as previews
from catalog.tables import release_instance, revision
from catalog.tiers.assessments import is_assessed
from catalog.vocabulary import Tier

_BATCH = 500


def servable(
    engine: Engine,
    permit_id: str,
    sop_uid: str,
    *,
    who: str | None,
    today: date,
    may: Callable[[Connection, Tier], object] = lambda _connection, _tier: None,
) -> Servable:
    """Tell where the bytes of one released object lie, all by one look at the catalogue.

    `may` is told the tier by which the permit's data may be had, and raises if that is not enough;
    what else it must know it asks by the same connection. `who` is None at the hub.

    Raises:
        NotFoundError: No such permit, not the person's, nothing sealed, or not in the release.
        PermitError: The permit is the person's, but not in force.
        HeldError: The object is in the release, but held.
    """
    with reading(engine) as connection:
        permit = require(connection, permit_id, who=who, today=today)
        assessed = is_assessed(connection, permit_id, permit.tier, today=today)
        may(connection, permit.tier if assessed else Tier.PSEUDO_SPE)
        row = _one(connection, newest(connection, permit_id), sop_uid)
    return servable_of(row)


def preview(
    engine: Engine, permit_id: str, sop_uid: str, *, size: int, who: str, today: date
) -> ServablePreview:
    """Tell where the bytes of a released image's preview lie.

    Raises:
        NotFoundError: As of the image itself, or it has no preview of that size.
        PermitError: The permit is the person's, but not in force.
        HeldError: The image is in the release, but held.
    """
    with reading(engine) as connection:
        release_id = current(connection, permit_id, who=who, today=today)
        row = _one(connection, release_id, sop_uid)
        found = connection.execute(
            select(previews).where(
                previews.c.revision_id == row.revision_id, previews.c.size == size
            )
        ).one_or_none()
    if found is None:
        raise NotFoundError
    return ServablePreview(found.key, found.width, found.height, found.bytes, found.sha256)


def _one(connection: Connection, release_id: str, sop_uid: str) -> Row[Any]:
    named = {"one_release": release_id, "one_sop": sop_uid}
    row = connection.execute(_by_uid(), named).one_or_none()
    if row is None:
        raise NotFoundError
    if not row.free:
        raise HeldError
    return row


@cache
def _by_uid() -> Select[Any]:
    """Give the statement for one object; to make it anew costs more than to execute it."""
    uid = release_instance.c.sop_uid == bindparam("one_sop")
    return released(bindparam("one_release")).where(uid)


def contents(engine: Engine, release_id: str) -> ReleaseContents:
    """Count what of a release nothing holds; whoever asks has checked the permit."""
    size = release_instance.c.header_size + revision.c.size - revision.c.pixel_offset
    wanted = free_of(release_id).with_only_columns(
        func.count(release_instance.c.study_uid.distinct()), func.count(), func.sum(size)
    )
    with reading(engine) as connection:
        studies, instances, total = connection.execute(wanted).one()
    return ReleaseContents(studies, instances, total or 0)


def list_studies(
    engine: Engine, permit_id: str, *, who: str, today: date, after: str = "", limit: int = 100
) -> tuple[ReleasedStudy, ...]:
    """Give the release's studies whose UID sorts after `after`, at most `limit` of them.

    Raises:
        NotFoundError: No such permit, not the person's, or nothing sealed.
        PermitError: The permit is the person's, but not in force.
    """
    with reading(engine) as connection:
        release_id = current(connection, permit_id, who=who, today=today)
        wanted = free_of(release_id)
        uids = connection.scalars(
            wanted.with_only_columns(release_instance.c.study_uid)
            .where(release_instance.c.study_uid > after)
            .distinct()
            .order_by(release_instance.c.study_uid)
            .limit(limit)
        ).all()
        rows = connection.execute(wanted.where(release_instance.c.study_uid.in_(uids))).all()
    parts: dict[str, list[Row[Any]]] = {uid: [] for uid in uids}
    for row in rows:
        parts[row.study_uid].append(row)
    return tuple(_study(uid, of) for uid, of in parts.items())


def list_instances(
    engine: Engine,
    permit_id: str,
    study_uid: str,
    *,
    who: str,
    today: date,
    series_uid: str | None = None,
) -> tuple[Described, ...]:
    """Give the objects of one study, or of one of its series, that are not held.

    Raises:
        NotFoundError: No such permit, not the person's, nothing sealed, or nothing to show.
        PermitError: The permit is the person's, but not in force.
    """
    with reading(engine) as connection:
        release_id = current(connection, permit_id, who=who, today=today)
        wanted = free_of(release_id).where(release_instance.c.study_uid == study_uid)
        if series_uid is not None:
            wanted = wanted.where(release_instance.c.series_uid == series_uid)
        order = (release_instance.c.series_uid, release_instance.c.sop_uid)
        rows = connection.execute(wanted.order_by(*order)).all()
        found = described(connection, rows)
    if not found:
        raise NotFoundError
    return found


def manifest(
    engine: Engine, permit_id: str, *, who: str | None, today: date
) -> Iterator[Described]:
    """Give every object of the release that is not held, by file name; `who` is None at the hub.

    Permit and Holds are checked at once and again for every few hundred objects.

    Raises:
        NotFoundError: No such permit, not the person's, or nothing sealed.
        PermitError: The permit is the person's, but not in force.
    """
    with reading(engine) as connection:
        release_id = current(connection, permit_id, who=who, today=today)

    def rows() -> Iterator[Described]:
        last = ""
        while True:
            name = release_instance.c.file_name
            batch = free_of(release_id).where(name > last).order_by(name).limit(_BATCH)
            with reading(engine) as connection:
                require(connection, permit_id, who=who, today=today)
                found = described(connection, connection.execute(batch).all())
            if not found:
                return
            yield from found
            last = found[-1].file_name

    return rows()


def unheld(engine: Engine, permit_id: str) -> Iterator[tuple[str, str]]:
    """Give study UID and file name of each object of a permit's newest release that nothing holds.

    Whatever became of the permit: it is for taking away what is held from where a release lies.

    Raises:
        NotFoundError: Nothing is sealed.
    """
    columns = (release_instance.c.study_uid, release_instance.c.file_name)
    with reading(engine) as connection:
        wanted = free_of(newest(connection, permit_id)).with_only_columns(*columns)
        for row in connection.execute(wanted).all():
            yield row.study_uid, row.file_name


def _study(uid: str, rows: Sequence[Row[Any]]) -> ReleasedStudy:
    return ReleasedStudy(
        study_uid=uid,
        pseudonym=rows[0].pseudonym,
        modalities=tuple(sorted({row.modality for row in rows})),
        series=len({row.series_uid for row in rows}),
        instances=len(rows),
        size=sum(row.header_size + row.size - row.pixel_offset for row in rows),
    )
