"""What changed between two releases of a permit, by their UIDs: one permit's stay the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, Select, and_, select

from catalog.database import reading
from catalog.errors import NotFoundError
from catalog.releases.rows import free, released
from catalog.tables import release, release_instance
from catalog.vocabulary import ReleaseState

_PAGE = 2000


class Kind(StrEnum):
    """What became of an object from one release to a later one."""

    ADDED = "added"
    REMOVED = "removed"
    REPLACED = "replaced"


@dataclass(frozen=True, repr=False)
class Change:
    """One object that is not the same in both releases.

    Attributes:
        before: Digest of the file in the earlier release; empty if it was not in it.
        after: Digest in the later one; empty if it is not in it.
    """

    kind: Kind
    study_uid: str
    sop_uid: str
    before: str
    after: str


def changes(
    engine: Engine, permit_id: str, earlier: int, later: int, *, all_of_it: bool = False
) -> Iterator[Change]:
    """Give what was added, removed and replaced, a page in memory; whoever asks checked the permit.

    What was removed is not told: beside what is held by now, or was erased, each removal would say
    why. What is added or replaced is, unless it is held. With `all_of_it`, for the hub's own side,
    both are.

    Raises:
        NotFoundError: One of the two is no sealed release of the permit.
    """
    with reading(engine) as connection:
        before, after = (_sealed(connection, permit_id, number) for number in (earlier, later))
    return (
        change
        for kind, of, beside in (
            (Kind.ADDED, after, before),
            (Kind.REMOVED, before, after),
            (Kind.REPLACED, after, before),
        )
        if kind is not Kind.REMOVED or all_of_it
        for change, is_free in _told(engine, kind, of, beside)
        if is_free or all_of_it
    )


def _sealed(connection: Connection, permit_id: str, number: int) -> str:
    mine = (release.c.permit_id == permit_id, release.c.number == number)
    wanted = select(release.c.id).where(*mine, release.c.state == ReleaseState.SEALED)
    found = connection.scalar(wanted)
    if found is None:
        raise NotFoundError
    return str(found)


def _told(engine: Engine, kind: Kind, of: str, beside: str) -> Iterator[tuple[Change, bool]]:
    """Give the changes of one kind by file name, and whether nothing holds the object."""
    last, wanted = "", _differing(kind, of, beside).limit(_PAGE)
    while True:
        with reading(engine) as connection:
            rows = connection.execute(wanted.where(release_instance.c.file_name > last)).all()
        for row in rows:
            before = row.sha256 if kind is Kind.REMOVED else row.other or ""
            after = "" if kind is Kind.REMOVED else row.sha256
            yield Change(kind, row.study_uid, row.sop_uid, before, after), row.free
        if len(rows) < _PAGE:
            return
        last = rows[-1].file_name


def _differing(kind: Kind, of: str, beside: str) -> Select[Any]:
    """Select objects of one release that are not, or not the same, in the other."""
    other = release_instance.alias("other")
    same = and_(other.c.release_id == beside, other.c.sop_uid == release_instance.c.sop_uid)
    if kind is Kind.REPLACED:
        which = other.c.revision_id != release_instance.c.revision_id
    else:
        which = other.c.revision_id.is_(None)
    return (
        released(of)
        .outerjoin(other, same)
        .where(which)
        .with_only_columns(
            release_instance.c.file_name,
            release_instance.c.study_uid,
            release_instance.c.sop_uid,
            release_instance.c.sha256,
            other.c.sha256.label("other"),
            free().label("free"),
        )
        .order_by(release_instance.c.file_name)
    )
