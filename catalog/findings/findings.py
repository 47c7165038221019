"""Findings are reported by a release's UID, and confirmed by a second person (EHDS 58(3))."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, or_, select

from catalog import audit
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.database import reading, writing
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.findings.tables import finding
from catalog.tables import holder, instance, release, release_instance, revision, study
from catalog.vocabulary import ReleaseState


@dataclass(frozen=True, repr=False)
class Finding:
    """A significant finding that a researcher reported.

    Attributes:
        release_uid: A Study or SOP Instance UID as the permit's release names it.
        reason: What was found, as one may tell it without naming anybody.
        region: Whose order it became; empty until a second person confirmed it.
        order: That order's id.
    """

    id: int
    permit_id: str
    release_uid: str
    reason: str
    reported_by: str
    reported_at: datetime
    confirmed_by: str = ""
    region: str = ""
    order: str = ""


@dataclass(frozen=True, repr=False)
class Whence:
    """Where a finding leads inside the space: no further than a study and its region."""

    study_uid: str
    region: str


def report(engine: Engine, permit_id: str, release_uid: str, *, reason: str, who: str) -> Finding:
    """Enter a finding; nobody is asked anything yet.

    Raises:
        NotFoundError: No release of the permit has such a UID, or its image was erased.
    """
    row = {
        "permit_id": permit_id,
        "release_uid": release_uid,
        "reason": reason,
        "reported_by": who,
        "reported_at": now(),
    }
    with writing(engine) as connection:
        _whence(connection, permit_id, release_uid)
        key = connection.execute(finding.insert().values(**row)).inserted_primary_key
        number = int(key[0]) if key else 0
        event = AccessEvent(who, permit_id, "finding", release_uid, f"finding:{number}")
        audit.record(connection, event)
        return _read(_row(connection, number))


def whence(engine: Engine, finding_id: int, *, who: str) -> Whence:
    """Tell where a finding leads, for the second person who confirms it.

    Raises:
        NotFoundError: There is none, or its image was erased meanwhile.
        ConflictError: The same person reported it, or it is confirmed.
    """
    with reading(engine) as connection:
        row = _row(connection, finding_id)
        _require_second(row, who)
        return _whence(connection, row.permit_id, row.release_uid)


def confirm(engine: Engine, finding_id: int, *, region: str, order: str, who: str) -> Finding:
    """Record the second person, and the order that was signed.

    Raises:
        NotFoundError: There is none.
        ConflictError: The same person reported it, or it is confirmed.
    """
    with writing(engine) as connection:
        _require_second(_row(connection, finding_id), who)
        mine = finding.update().where(finding.c.id == finding_id, finding.c.order_id.is_(None))
        done = connection.execute(
            mine.values(confirmed_by=who, confirmed_at=now(), region_id=region, order_id=order)
        )
        if not done.rowcount:
            raise ConflictError(Reason.CONFIRMED)
        row = _row(connection, finding_id)
        event = AccessEvent(who, row.permit_id, "trace-back", f"finding:{finding_id}", "ALLOWED")
        audit.record(connection, event)
        return _read(row)


def every(engine: Engine) -> tuple[Finding, ...]:
    """Give all findings, the oldest first."""
    with reading(engine) as connection:
        return tuple(map(_read, connection.execute(select(finding).order_by(finding.c.id))))


def _require_second(row: Row[Any], who: str) -> None:
    if row.order_id is not None:
        raise ConflictError(Reason.CONFIRMED)
    if row.reported_by == who:
        raise ConflictError(Reason.SAME_PERSON)


def _row(connection: Connection, finding_id: int) -> Row[Any]:
    row = connection.execute(select(finding).where(finding.c.id == finding_id)).one_or_none()
    if row is None:
        raise NotFoundError
    return row


def _whence(connection: Connection, permit_id: str, release_uid: str) -> Whence:
    named = or_(
        release_instance.c.sop_uid == release_uid, release_instance.c.study_uid == release_uid
    )
    wanted = (
        select(study.c.study_uid, holder.c.region_id)
        .select_from(release)
        .join(release_instance, release_instance.c.release_id == release.c.id)
        .join(revision, revision.c.id == release_instance.c.revision_id)
        .join(instance, instance.c.id == revision.c.instance_id)
        .join(study, study.c.id == instance.c.study_id)
        .join(holder, holder.c.id == study.c.holder_id)
        .where(release.c.permit_id == permit_id, release.c.state == ReleaseState.SEALED, named)
        .limit(1)
    )
    row = connection.execute(wanted).one_or_none()
    if row is None:
        raise NotFoundError
    return Whence(row.study_uid, row.region_id)


def _read(row: Row[Any]) -> Finding:
    return Finding(
        id=row.id,
        permit_id=row.permit_id,
        release_uid=row.release_uid,
        reason=row.reason,
        reported_by=row.reported_by,
        reported_at=row.reported_at,
        confirmed_by=row.confirmed_by or "",
        region=row.region_id or "",
        order=row.order_id or "",
    )
