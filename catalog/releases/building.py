"""Freeze a cohort, add its re-keyed instances, seal it."""

import secrets
from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import date
from itertools import islice

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Update,
    bindparam,
    func,
    select,
)

from catalog.columns import now
from catalog.database import reading, writing
from catalog.deliveries.tying import line_of, require_delivered
from catalog.erasures.version import catalogue_version
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.releases.cohort import (
    free_revisions,
    get_release,
    matching,
    read_release,
    require_releasable,
    unfinished,
)
from catalog.releases.granted import granted
from catalog.releases.records import Release, ReleasedInstance, RevisionRef
from catalog.releases.tables import release_paper
from catalog.search import Query
from catalog.tables import (
    permit,
    release,
    release_instance,
    revision,
)
from catalog.vocabulary import ReleaseState

_BATCH = 500
_REKEYED = tuple(one.name for one in fields(ReleasedInstance) if one.name != "revision_id")


def freeze(
    engine: Engine, permit_id: str, query: Query, *, today: date, with_what_is_there: bool = False
) -> Release:
    """Freeze the latest revisions that match and are not held into a new release.

    An instance whose latest revision is held is left out: an older one was replaced for a reason.
    A release of the permit that was begun and never sealed is given up: a permit has one at a time.
    Its catalogue version tells the state of the catalogue that it is of (`catalogue_version`).
    Of a holder on permit only what was delivered for the permit's line is in it, and of all only
    what the permit was granted for.

    Args:
        engine: The catalogue.
        permit_id: Whose.
        query: What is to be in it.
        today: The day.
        with_what_is_there: Whether it is made though holders have yet to deliver for it.

    Raises:
        NotFoundError: There is no such permit.
        PermitError: It is not in force.
        ConflictError: Its tier asks for an assessment, and none is in force; or an order is open.
    """
    release_id = secrets.token_hex(16)
    with writing(engine) as connection:
        connection.execute(select(permit.c.id).where(permit.c.id == permit_id).with_for_update())
        require_releasable(connection, permit_id, today=today)
        line = line_of(connection, permit_id)
        if not with_what_is_there:
            require_delivered(connection, line)
        _give_up(connection, release.c.permit_id == permit_id)
        _begin(connection, release_id, permit_id, query)
        cohort = granted(connection, permit_id)
        frozen = connection.execute(
            release_instance.insert().from_select(
                ["release_id", "revision_id"], matching(release_id, query, line, cohort)
            ),
            execution_options={"preserve_rowcount": True},
        )
        version = catalogue_version(connection)
        connection.execute(
            release.update()
            .where(release.c.id == release_id)
            .values(instances=frozen.rowcount, catalogue_version=version)
        )
        return read_release(get_release(connection, release_id))


def _begin(connection: Connection, release_id: str, permit_id: str, query: Query) -> None:
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


def discard(engine: Engine, release_id: str) -> None:
    """Give up a release that is not sealed; one that is sealed, or not there, stays so."""
    with writing(engine) as connection:
        _give_up(connection, release.c.id == release_id)


def _give_up(connection: Connection, which: ColumnElement[bool]) -> None:
    begun = select(release.c.id).where(which, release.c.state == ReleaseState.BUILDING)
    ids = connection.scalars(begun.with_for_update()).all()
    for table in (release_instance, release_paper):
        connection.execute(table.delete().where(table.c.release_id.in_(ids)))
    connection.execute(release.delete().where(release.c.id.in_(ids)))


def releases_of(engine: Engine, permit_id: str) -> tuple[Release, ...]:
    """Give a permit's releases, the newest first."""
    newest = (
        select(release).where(release.c.permit_id == permit_id).order_by(release.c.number.desc())
    )
    with reading(engine) as connection:
        return tuple(read_release(row) for row in connection.execute(newest))


def left(engine: Engine, release_id: str) -> int:
    """Count the frozen revisions without a re-keyed header, also those that are held."""
    counted = unfinished(release_id).with_only_columns(func.count())
    with reading(engine) as connection:
        return connection.scalar(counted) or 0


def pending(engine: Engine, release_id: str) -> Iterator[RevisionRef]:
    """Give the frozen revisions that are not held and have no re-keyed header yet.

    Raises:
        NotFoundError: There is no such release.
    """
    with reading(engine) as connection:
        get_release(connection, release_id)
    return _pending(engine, release_id)


def _pending(engine: Engine, release_id: str) -> Iterator[RevisionRef]:
    # The numbers are taken at once: right after a freeze no statistics guide a paged join.
    with reading(engine) as connection:
        ids = connection.scalars(unfinished(release_id).order_by(release_instance.c.revision_id))
        left = iter(ids.all())
    while batch := list(islice(left, _BATCH)):
        with reading(engine) as connection:
            wanted = free_revisions().where(revision.c.id.in_(batch)).order_by(revision.c.id)
            rows = connection.execute(wanted).all()
        yield from (RevisionRef(*row) for row in rows)


def add_instance(engine: Engine, release_id: str, *made: ReleasedInstance) -> None:
    """Add re-keyed instances whose headers are stored; adding one again replaces its row.

    Raises:
        NotFoundError: There is no such release, or a revision is not in it.
        ConflictError: The release is sealed.
        RaceError: Two instances share a UID or a file name.
    """
    with writing(engine) as connection:
        if get_release(connection, release_id, lock=True).state != ReleaseState.BUILDING:
            raise ConflictError(Reason.NOT_BUILDING)
        rows = [asdict(one) | {"of": one.revision_id} for one in made]
        if rows and connection.execute(_entered(release_id), rows).rowcount != len(rows):
            raise NotFoundError


def _entered(release_id: str) -> Update:
    """Say what is written of each re-keyed instance: one statement for many rows."""
    return (
        release_instance.update()
        .where(
            release_instance.c.release_id == release_id,
            release_instance.c.revision_id == bindparam("of"),
        )
        .values({name: bindparam(name) for name in _REKEYED})
    )
