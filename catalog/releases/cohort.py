"""What freezing and sealing both ask: the release's row, its permit, and what nothing holds."""

from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, Select, func, literal, select

from catalog.deliveries.giving import given_to
from catalog.errors import NotFoundError
from catalog.holds import instance_not_held, study_not_held
from catalog.permits import require
from catalog.releases.granted import is_granted
from catalog.releases.records import Release
from catalog.search import Query, instance_conditions, latest, study_conditions
from catalog.tables import instance, release, release_instance, revision, series, study, subject
from catalog.tiers.assessments import require_assessed
from catalog.vocabulary import ReleaseState


def require_releasable(connection: Connection, permit_id: str, *, today: date) -> None:
    """Check inside a transaction that a permit is in force, and its tier assessed if need be.

    Raises:
        NotFoundError: There is no such permit.
        PermitError: It is not in force.
        ConflictError: Its tier asks for an assessment, and none is in force.
    """
    tier = require(connection, permit_id, who=None, today=today).tier
    require_assessed(connection, permit_id, tier, today=today)


def matching(release_id: str, query: Query, line: str, cohort: Query) -> Select[Any]:
    """Select the latest revisions that match, are not held, and that a line may be given.

    Whatever is asked for, nothing is given beyond the cohort that the permit was granted for.
    """
    return (
        select(literal(release_id), revision.c.id)
        .select_from(instance)
        .join(revision, latest())
        .join(study, study.c.id == instance.c.study_id)
        .join(subject, subject.c.id == study.c.subject_id)
        .where(*study_conditions(query), *instance_conditions(query))
        .where(study_not_held(), instance_not_held(), given_to(line), is_granted(cohort))
    )


def unfinished(release_id: str) -> Select[Any]:
    """Select the frozen revisions that have no re-keyed header yet."""
    return select(release_instance.c.revision_id).where(
        release_instance.c.release_id == release_id, release_instance.c.sop_uid.is_(None)
    )


def free_revisions() -> Select[Any]:
    """Select revisions that nothing holds, with what re-keying one needs."""
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


def get_release(connection: Connection, release_id: str, *, lock: bool = False) -> Row[Any]:
    """Give a release's row.

    Raises:
        NotFoundError: There is none.
    """
    statement = select(release).where(release.c.id == release_id)
    found = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    if found is None:
        raise NotFoundError
    return found


def read_release(row: Row[Any]) -> Release:
    """Read a release's row."""
    return Release(
        id=row.id,
        permit_id=row.permit_id,
        number=row.number,
        state=ReleaseState(row.state),
        instances=row.instances,
        frozen_at=row.frozen_at,
        sealed_at=row.sealed_at,
        catalogue_version=row.catalogue_version,
        query=row.query,
    )
