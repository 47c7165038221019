"""Take the UIDs of what is erased from findings and recalls, which stay."""

from collections.abc import Iterable

from sqlalchemy import Connection, exists, select

from catalog.batches import batches
from catalog.findings.tables import finding
from catalog.recalls.tables import recall
from catalog.tables import release, release_instance

Name = tuple[str | None, str]
"""A UID, and the permit whose releases name something by it; None inside the space."""


def names_of(connection: Connection, revisions: Iterable[int]) -> set[Name]:
    """Give objects and studies of some revisions by their names in releases."""
    found: set[Name] = set()
    mine = (
        select(release.c.permit_id, release_instance.c.sop_uid, release_instance.c.study_uid)
        .join(release, release.c.id == release_instance.c.release_id)
        .where(release_instance.c.sop_uid.is_not(None))
    )
    for some in batches(revisions):
        for row in connection.execute(mine.where(release_instance.c.revision_id.in_(some))):
            found |= {(row.permit_id, row.sop_uid), (row.permit_id, row.study_uid)}
    return found


def forget(connection: Connection, names: Iterable[Name], erasure_id: int) -> None:
    """Put the erasure in the place of UIDs, once the rows that say whose they were are gone.

    A study that has other objects in a permit's releases keeps its name there.
    """
    instead = f"erasure:{erasure_id}"
    gone = {name for name in names if not _stays(connection, name)}
    told_of = select(finding.c.id, finding.c.permit_id, finding.c.release_uid)
    for row in connection.execute(told_of).all():
        if (row.permit_id, row.release_uid) in gone:
            mine = finding.update().where(finding.c.id == row.id)
            connection.execute(mine.values(release_uid=instead))
    for row in connection.execute(select(recall.c.id, recall.c.criteria)).all():
        if (row.criteria.get("permit"), row.criteria.get("instance")) in gone:
            told = {**row.criteria, "instance": instead}
            connection.execute(recall.update().where(recall.c.id == row.id).values(criteria=told))


def _stays(connection: Connection, name: Name) -> bool:
    permit_id, uid = name
    if permit_id is None:
        return False
    there = (
        exists()
        .where(release_instance.c.study_uid == uid)
        .where(release_instance.c.release_id == release.c.id, release.c.permit_id == permit_id)
    )
    return bool(connection.scalar(select(there)))
