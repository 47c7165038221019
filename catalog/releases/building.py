"""Freeze a cohort, add its re-keyed instances, seal it."""

import secrets
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, func, literal, select

from catalog.columns import now
from catalog.database import reading, writing
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.holds import instance_not_held, study_not_held
from catalog.permits import require
from catalog.releases.records import Release, ReleasedInstance, RevisionRef
from catalog.search import Query, instance_conditions, latest, study_conditions
from catalog.tables import (
    instance,
    permit,
    release,
    release_instance,
    revision,
    series,
    study,
    subject,
)
from catalog.vocabulary import ReleaseState

_BATCH = 500


def freeze(engine: Engine, permit_id: str, query: Query, *, today: date) -> Release:
    """Freeze the latest revisions that match and are not held into a new release.

    An instance whose latest revision is held is left out: an older one was replaced for a reason.
    A release of the permit that was begun and never sealed is given up: a permit has one at a time.

    Raises:
        NotFoundError: There is no such permit.
        PermitError: It is not in force.
    """
    release_id = secrets.token_hex(16)
    with writing(engine) as connection:
        connection.execute(select(permit.c.id).where(permit.c.id == permit_id).with_for_update())
        require(connection, permit_id, who=None, today=today)
        _give_up(connection, release.c.permit_id == permit_id)
        before = select(func.max(release.c.number)).where(release.c.permit_id == permit_id)
        connection.execute(
            release.insert().values(
                id=release_id,
                number=(connection.scalar(before) or 0) + 1,
                permit_id=permit_id,
                state=ReleaseState.BUILDING,
                query=asdict(query),
                instances=0,
                frozen_at=now(),
            )
        )
        frozen = connection.execute(
            release_instance.insert().from_select(
                ["release_id", "revision_id"], _cohort(release_id, query)
            ),
            execution_options={"preserve_rowcount": True},
        )
        connection.execute(
            release.update().where(release.c.id == release_id).values(instances=frozen.rowcount)
        )
        return _read(_get(connection, release_id))


def discard(engine: Engine, release_id: str) -> None:
    """Give up a release that is not sealed; one that is sealed, or not there, stays so."""
    with writing(engine) as connection:
        _give_up(connection, release.c.id == release_id)


def _give_up(connection: Connection, which: ColumnElement[bool]) -> None:
    begun = select(release.c.id).where(which, release.c.state == ReleaseState.BUILDING)
    ids = connection.scalars(begun.with_for_update()).all()
    connection.execute(release_instance.delete().where(release_instance.c.release_id.in_(ids)))
    connection.execute(release.delete().where(release.c.id.in_(ids)))


def _cohort(release_id: str, query: Query) -> Select[Any]:
    return (
        select(literal(release_id), revision.c.id)
        .select_from(instance)
        .join(revision, latest())
        .join(study, study.c.id == instance.c.study_id)
        .join(subject, subject.c.id == study.c.subject_id)
        .where(*study_conditions(query), *instance_conditions(query))
        .where(study_not_held(), instance_not_held())
    )


def releases_of(engine: Engine, permit_id: str) -> tuple[Release, ...]:
    """Give a permit's releases, the newest first."""
    newest = (
        select(release).where(release.c.permit_id == permit_id).order_by(release.c.number.desc())
    )
    with reading(engine) as connection:
        return tuple(_read(row) for row in connection.execute(newest))


def pending(engine: Engine, release_id: str) -> Iterator[RevisionRef]:
    """Give the frozen revisions that are not held and have no re-keyed header yet.

    Raises:
        NotFoundError: There is no such release.
    """
    with reading(engine) as connection:
        _get(connection, release_id)
    return _pending(engine, release_id)


def _pending(engine: Engine, release_id: str) -> Iterator[RevisionRef]:
    # The numbers are taken at once: right after a freeze no statistics guide a paged join.
    with reading(engine) as connection:
        ids = connection.scalars(_unfinished(release_id).order_by(release_instance.c.revision_id))
        left = iter(ids.all())
    while batch := list(islice(left, _BATCH)):
        with reading(engine) as connection:
            wanted = _free_revisions().where(revision.c.id.in_(batch)).order_by(revision.c.id)
            rows = connection.execute(wanted).all()
        yield from (RevisionRef(*row) for row in rows)


def _unfinished(release_id: str) -> Select[Any]:
    return select(release_instance.c.revision_id).where(
        release_instance.c.release_id == release_id, release_instance.c.sop_uid.is_(None)
    )


def _free_revisions() -> Select[Any]:
    written_for = subject.alias("written_for")
    return (
        select(
            revision.c.id,
            subject.c.pseudonym,
            study.c.study_uid,
            series.c.series_uid,
            instance.c.sop_uid,
            revision.c.key,
            revision.c.size,
            revision.c.pixel_offset,
            revision.c.sha256,
            func.coalesce(written_for.c.weeks, 0),
        )
        .select_from(revision)
        .join(instance, instance.c.id == revision.c.instance_id)
        .join(series, series.c.id == instance.c.series_id)
        .join(study, study.c.id == instance.c.study_id)
        .join(subject, subject.c.id == study.c.subject_id)
        .outerjoin(written_for, written_for.c.id == revision.c.subject_id)
        .where(study_not_held(), instance_not_held())
    )


def add_instance(engine: Engine, release_id: str, *made: ReleasedInstance) -> None:
    """Add re-keyed instances whose headers are stored; adding one again replaces its row.

    Raises:
        NotFoundError: There is no such release, or a revision is not in it.
        ConflictError: The release is sealed.
        RaceError: Two instances share a UID or a file name.
    """
    with writing(engine) as connection:
        if _get(connection, release_id, lock=True).state != ReleaseState.BUILDING:
            raise ConflictError(Reason.NOT_BUILDING)
        for one in made:
            row = asdict(one)
            written = connection.execute(
                release_instance.update()
                .where(
                    release_instance.c.release_id == release_id,
                    release_instance.c.revision_id == row.pop("revision_id"),
                )
                .values(**row)
            )
            if not written.rowcount:
                raise NotFoundError


def seal(engine: Engine, release_id: str) -> Release:
    """Make a release readable for good; sealing it twice changes nothing.

    Raises:
        NotFoundError: There is no such release.
        ConflictError: An instance that is not held has not been added.
    """
    with writing(engine) as connection:
        found = _get(connection, release_id, lock=True)
        if found.state == ReleaseState.BUILDING:
            missing = _free_revisions().where(revision.c.id.in_(_unfinished(release_id)))
            if connection.execute(missing.limit(1)).first() is not None:
                raise ConflictError(Reason.INCOMPLETE)
            connection.execute(
                release.update()
                .where(release.c.id == release_id)
                .values(state=ReleaseState.SEALED, sealed_at=now())
            )
        return _read(_get(connection, release_id))


def _get(connection: Connection, release_id: str, *, lock: bool = False) -> Row[Any]:
    statement = select(release).where(release.c.id == release_id)
    found = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    if found is None:
        raise NotFoundError
    return found


def _read(row: Row[Any]) -> Release:
    return Release(
        id=row.id,
        permit_id=row.permit_id,
        number=row.number,
        state=ReleaseState(row.state),
        instances=row.instances,
        frozen_at=row.frozen_at,
        sealed_at=row.sealed_at,
    )
