"""The small objects that were written with a release, and which of them may be served now."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import Final

from sqlalchemy import Engine, exists, select

from catalog.database import reading, writing
from catalog.deliveries.giving import given_to
from catalog.deliveries.tying import line_of
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.holds import instance_not_held, study_not_held
from catalog.releases.cohort import get_release
from catalog.releases.records import Paper, Sealing
from catalog.releases.rows import current, free_of, released
from catalog.releases.tables import release_paper
from catalog.tables import hold, release_instance
from catalog.vocabulary import HoldKind, ReleaseState

SERVED: Final[tuple[str, ...]] = ("terms.txt", "citation.txt", "CITATION.cff")
"""Those that name no object: they are served as they were written."""

RECORD: Final = "manifest.sha256"
"""What was sealed, object by object: kept for the hub, as it names what may be held by now."""


def selection_name(study_uid: str) -> str:
    """Name the Key Object Selection of a study."""
    return f"selection/{study_uid}"


def written(engine: Engine, release_id: str) -> tuple[Sealing, ...]:
    """Give what is re-keyed of a release and will be sealed, by file name: its papers' content.

    What is held is not sealed, also for a permit that was granted before; nor what a holder gives
    on permit only by now.
    """
    with reading(engine) as connection:
        line = line_of(connection, get_release(connection, release_id).permit_id)
        wanted = released(release_id).where(study_not_held(), instance_not_held(), given_to(line))
        wanted = wanted.order_by(release_instance.c.file_name)
        return tuple(
            Sealing(
                study_uid=row.study_uid,
                series_uid=row.series_uid,
                sop_uid=row.sop_uid,
                sop_class_uid=row.sop_class_uid,
                file_name=row.file_name,
                header_key=row.header_key,
                size=row.header_size + row.size - row.pixel_offset,
                sha256=row.sha256,
            )
            for row in connection.execute(wanted)
        )


def add_papers(engine: Engine, release_id: str, written: Iterable[Paper]) -> None:
    """Enter papers whose bytes are stored, in the place of those entered before.

    Raises:
        NotFoundError: There is no such release, or something was erased since it was frozen: the
            papers may name it.
        ConflictError: It is sealed.
    """
    rows = [{"release_id": release_id, **asdict(paper)} for paper in written]
    with writing(engine) as connection:
        found = get_release(connection, release_id, lock=True)
        if found.state != ReleaseState.BUILDING:
            raise ConflictError(Reason.NOT_BUILDING)
        since = exists().where(hold.c.kind == HoldKind.ERASED, hold.c.placed_at >= found.frozen_at)
        if connection.scalar(select(since)):
            raise NotFoundError
        connection.execute(release_paper.delete().where(release_paper.c.release_id == release_id))
        if rows:
            connection.execute(release_paper.insert(), rows)


def papers(engine: Engine, release_id: str, name: str = "") -> tuple[Paper, ...]:
    """Give what was written with a release, or the one of a name; the caller asks the permit."""
    columns = [release_paper.c[name] for name in ("name", "key", "size", "sha256")]
    wanted = select(*columns).where(release_paper.c.release_id == release_id)
    if name:
        wanted = wanted.where(release_paper.c.name == name)
    with reading(engine) as connection:
        rows = connection.execute(wanted.order_by(release_paper.c.name)).all()
    return tuple(Paper(*row) for row in rows)


def paper(engine: Engine, permit_id: str, name: str, *, who: str | None, today: date) -> Paper:
    """Tell where a paper of the permit's newest release lies, if it is one that may be served.

    Raises:
        NotFoundError: No such permit, not the person's, nothing sealed, or no such paper.
        PermitError: The permit is the person's, but not in force.
    """
    if name not in SERVED:
        raise NotFoundError
    with reading(engine) as connection:
        release_id = current(connection, permit_id, who=who, today=today)
    return _one(engine, release_id, name)


def selection(
    engine: Engine, permit_id: str, study_uid: str, *, who: str | None, today: date
) -> tuple[Paper, frozenset[str]]:
    """Tell where a study's Key Object Selection lies, and which objects it may name now.

    Raises:
        NotFoundError: As of a paper, or nothing of the study may be served.
        PermitError: The permit is the person's, but not in force.
    """
    with reading(engine) as connection:
        release_id = current(connection, permit_id, who=who, today=today)
        wanted = free_of(release_id).where(release_instance.c.study_uid == study_uid)
        free = connection.scalars(wanted.with_only_columns(release_instance.c.sop_uid)).all()
    if not free:
        raise NotFoundError
    return _one(engine, release_id, selection_name(study_uid)), frozenset(free)


def _one(engine: Engine, release_id: str, name: str) -> Paper:
    found = papers(engine, release_id, name)
    if not found:
        raise NotFoundError
    return found[0]
