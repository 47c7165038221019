"""Seal a release: all is asked once more, and from then on it is only read.

What it asks may not change before it is sealed. SQLite has one writer at a time; on PostgreSQL two
transactions would not see each other, so Holds and the permit wait until this one is over.
"""

from datetime import date

from sqlalchemy import Connection, Engine, func, select, text

from catalog.columns import now
from catalog.database import writing
from catalog.deliveries.giving import given_to
from catalog.deliveries.tying import line_of
from catalog.errors import ConflictError, Reason
from catalog.permits.changing import locked
from catalog.releases.cohort import (
    free_revisions,
    get_release,
    read_release,
    require_releasable,
    unfinished,
)
from catalog.releases.records import Release
from catalog.tables import release, release_instance, revision
from catalog.vocabulary import ReleaseState


def seal(engine: Engine, release_id: str, *, today: date | None = None) -> Release:
    """Make a release readable for good; sealing it twice changes nothing.

    Permit, tier and Holds are asked once more: hours may have passed. What was held meanwhile is
    taken out of the cohort, for no permit was built with it (EHDS Art. 71(3)); and what its holder
    delivers on permit by now, and did not for this one.

    Raises:
        NotFoundError: There is no such release.
        PermitError: The permit is not in force any more; without `today`, this very day.
        ConflictError: An instance that is not held has not been added, or no assessment of the
            permit's tier is in force any more.
    """
    with writing(engine) as connection:
        _keep_still(connection, get_release(connection, release_id).permit_id)
        found = get_release(connection, release_id, lock=True)
        if found.state == ReleaseState.BUILDING:
            require_releasable(connection, found.permit_id, today=today or now().date())
            line = line_of(connection, found.permit_id)
            left = _take_out(connection, release_id, line)
            if connection.execute(unfinished(release_id).limit(1)).first() is not None:
                raise ConflictError(Reason.INCOMPLETE)
            connection.execute(
                release.update()
                .where(release.c.id == release_id)
                .values(state=ReleaseState.SEALED, sealed_at=now(), instances=left)
            )
        return read_release(get_release(connection, release_id))


def _keep_still(connection: Connection, permit_id: str) -> None:
    """Wait for whoever places or lifts a Hold or ends the permit; who comes later waits for us.

    The table is locked, not a number that each place would have to ask for: none can forget it.
    It comes first, as an erasure locks the same in this order.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE hold IN SHARE MODE"))
    locked(connection, permit_id)


def _take_out(connection: Connection, release_id: str, line: str) -> int:
    """Take out what is held, or not given to a line of permits any more; count what is left."""
    mine = release_instance.c.release_id == release_id
    frozen = select(release_instance.c.revision_id).where(mine)
    free = free_revisions().with_only_columns(revision.c.id).where(revision.c.id.in_(frozen))
    free = free.where(given_to(line))
    connection.execute(
        release_instance.delete().where(mine, release_instance.c.revision_id.not_in(free))
    )
    return connection.scalar(select(func.count()).where(mine)) or 0
