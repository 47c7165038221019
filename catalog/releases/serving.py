"""Read a permit's newest sealed release; permit and Holds are checked on every call."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, and_, select

from catalog.database import reading
from catalog.errors import HeldError, NotFoundError
from catalog.holds import instance_not_held, study_not_held
from catalog.permits import require
from catalog.releases.records import ReleasedStudy, Servable
from catalog.tables import (
    instance,
    release,
    release_instance,
    revision,
    series,
    study,
    subject,
)
from catalog.vocabulary import ReleaseState

_BATCH = 500


def servable(engine: Engine, permit_id: str, sop_uid: str, *, who: str, today: date) -> Servable:
    """Tell where the bytes of one released object lie.

    Raises:
        NotFoundError: No such permit, not the person's, nothing sealed, or not in the release.
        PermitError: The permit is the person's, but not in force.
        HeldError: The object is in the release, but held.
    """
    with reading(engine) as connection:
        release_id = _current(connection, permit_id, who=who, today=today)
        wanted = _released(release_id).where(release_instance.c.sop_uid == sop_uid)
        row = connection.execute(wanted).one_or_none()
    if row is None:
        raise NotFoundError
    if not row.free:
        raise HeldError
    return _servable(row)


def list_studies(
    engine: Engine, permit_id: str, *, who: str, today: date, after: str = "", limit: int = 100
) -> tuple[ReleasedStudy, ...]:
    """Give the release's studies whose UID sorts after `after`, at most `limit` of them.

    Raises:
        NotFoundError: No such permit, not the person's, or nothing sealed.
        PermitError: The permit is the person's, but not in force.
    """
    with reading(engine) as connection:
        release_id = _current(connection, permit_id, who=who, today=today)
        free = _free(release_id)
        uids = connection.scalars(
            free.with_only_columns(release_instance.c.study_uid)
            .where(release_instance.c.study_uid > after)
            .distinct()
            .order_by(release_instance.c.study_uid)
            .limit(limit)
        ).all()
        rows = connection.execute(free.where(release_instance.c.study_uid.in_(uids))).all()
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
) -> tuple[Servable, ...]:
    """Give the objects of one study, or of one of its series, that are not held.

    Raises:
        NotFoundError: No such permit, not the person's, nothing sealed, or nothing to show.
        PermitError: The permit is the person's, but not in force.
    """
    with reading(engine) as connection:
        release_id = _current(connection, permit_id, who=who, today=today)
        wanted = _free(release_id).where(release_instance.c.study_uid == study_uid)
        if series_uid is not None:
            wanted = wanted.where(release_instance.c.series_uid == series_uid)
        order = (release_instance.c.series_uid, release_instance.c.sop_uid)
        rows = connection.execute(wanted.order_by(*order)).all()
    if not rows:
        raise NotFoundError
    return tuple(_servable(row) for row in rows)


def manifest(engine: Engine, permit_id: str, *, who: str, today: date) -> Iterator[Servable]:
    """Give every object of the release that is not held, by file name.

    Permit and Holds are checked at once and again for every few hundred objects.

    Raises:
        NotFoundError: No such permit, not the person's, or nothing sealed.
        PermitError: The permit is the person's, but not in force.
    """
    with reading(engine) as connection:
        release_id = _current(connection, permit_id, who=who, today=today)

    def rows() -> Iterator[Servable]:
        last = ""
        while True:
            name = release_instance.c.file_name
            batch = _free(release_id).where(name > last).order_by(name).limit(_BATCH)
            with reading(engine) as connection:
                require(connection, permit_id, who=who, today=today)
                found = connection.execute(batch).all()
            if not found:
                return
            yield from (_servable(row) for row in found)
            last = found[-1].file_name

    return rows()


def _current(connection: Connection, permit_id: str, *, who: str, today: date) -> str:
    require(connection, permit_id, who=who, today=today)
    newest = (
        select(release.c.id)
        .where(release.c.permit_id == permit_id, release.c.state == ReleaseState.SEALED)
        .order_by(release.c.number.desc())
        .limit(1)
    )
    release_id = connection.scalar(newest)
    if release_id is None:
        raise NotFoundError
    return str(release_id)


def _released(release_id: str) -> Select[Any]:
    return (
        select(
            release_instance,
            revision.c.key,
            revision.c.size,
            revision.c.pixel_offset,
            instance.c.sop_class_uid,
            instance.c.transfer_syntax,
            series.c.modality,
            and_(study_not_held(), instance_not_held()).label("free"),
        )
        .select_from(release_instance)
        .join(revision, revision.c.id == release_instance.c.revision_id)
        .join(instance, instance.c.id == revision.c.instance_id)
        .join(series, series.c.id == instance.c.series_id)
        .join(study, study.c.id == instance.c.study_id)
        .join(subject, subject.c.id == study.c.subject_id)
        .where(release_instance.c.release_id == release_id)
        .where(release_instance.c.sop_uid.is_not(None))
    )


def _free(release_id: str) -> Select[Any]:
    return _released(release_id).where(study_not_held(), instance_not_held())


def _servable(row: Row[Any]) -> Servable:
    return Servable(
        study_uid=row.study_uid,
        series_uid=row.series_uid,
        sop_uid=row.sop_uid,
        sop_class_uid=row.sop_class_uid,
        transfer_syntax=row.transfer_syntax,
        modality=row.modality,
        file_name=row.file_name,
        header_key=row.header_key,
        header_size=row.header_size,
        clean_key=row.key,
        pixel_offset=row.pixel_offset,
        pixel_size=row.size - row.pixel_offset,
        sha256=row.sha256,
        crc32=row.crc32,
    )


def _study(uid: str, rows: Sequence[Row[Any]]) -> ReleasedStudy:
    return ReleasedStudy(
        study_uid=uid,
        pseudonym=rows[0].pseudonym,
        modalities=tuple(sorted({row.modality for row in rows})),
        series=len({row.series_uid for row in rows}),
        instances=len(rows),
        size=sum(row.header_size + row.size - row.pixel_offset for row in rows),
    )
