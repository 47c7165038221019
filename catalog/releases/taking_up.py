"""Take up a release that was begun and not sealed, if the same would be frozen for it today."""

from dataclasses import asdict
from datetime import date

from sqlalchemy import Connection, Engine, exists, select

from catalog.database import reading
from catalog.deliveries.giving import of_standing
from catalog.deliveries.tables import delivery_order
from catalog.deliveries.tying import line_of, require_delivered
from catalog.releases.cohort import matching, read_release, require_releasable
from catalog.releases.granted import granted
from catalog.releases.records import Release
from catalog.search import Query
from catalog.tables import release, release_instance, revision, subject_merge
from catalog.vocabulary import ReleaseState


def take_up(
    engine: Engine, permit_id: str, query: Query, *, today: date, with_what_is_there: bool = False
) -> Release | None:
    """Give the release of a permit that was begun with the same query and not sealed, if any.

    Not if two pseudonyms were merged since it was frozen: its first half would have the old one.
    Nor if an order for the permit's line has ended since, or brought what is not in it.

    Raises:
        NotFoundError: There is no such permit.
        PermitError: It is not in force.
        ConflictError: Its tier asks for an assessment, and none is in force; or an order is open,
            and `with_what_is_there` does not say that nobody waits for it.
    """
    begun = select(release).where(
        release.c.permit_id == permit_id,
        release.c.state == ReleaseState.BUILDING,
        ~exists().where(subject_merge.c.at >= release.c.frozen_at),
    )
    with reading(engine) as connection:
        require_releasable(connection, permit_id, today=today)
        line = line_of(connection, permit_id)
        if not with_what_is_there:
            require_delivered(connection, line)
        found = connection.execute(begun).one_or_none()
        if found is None or found.query != asdict(query):
            return None
        begun_so = read_release(found)
        return None if _is_short(connection, begun_so, query, line) else begun_so


def _is_short(connection: Connection, begun: Release, query: Query, line: str) -> bool:
    """Tell whether holders on permit delivered for a line since a release was frozen.

    What they delivered is looked for itself: its transaction may have begun before the freeze.
    """
    ended = exists().where(
        delivery_order.c.line == line, delivery_order.c.ended_at >= begun.frozen_at
    )
    mine = release_instance.c.release_id == begun.id
    frozen = select(revision.c.instance_id).join(
        release_instance, release_instance.c.revision_id == revision.c.id
    )
    missing = (
        matching(begun.id, query, line, granted(connection, begun.permit_id))
        .where(~of_standing(), revision.c.instance_id.not_in(frozen.where(mine)))
        .limit(1)
    )
    if connection.scalar(select(ended)):
        return True
    return connection.execute(missing).first() is not None
