"""What changed between two releases of a permit, by their UIDs: one permit's stay the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, Row, select

from catalog.database import reading
from catalog.errors import NotFoundError
from catalog.releases.rows import released
from catalog.tables import release
from catalog.vocabulary import ReleaseState


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
) -> tuple[Change, ...]:
    """Give what was added, removed and replaced; whoever asks has checked the permit.

    What is held now is not told, also where it was removed: who comes later would learn of it.
    With `all_of_it` it is: for the hub's own side.

    Raises:
        NotFoundError: One of the two is no sealed release of the permit.
    """
    with reading(engine) as connection:
        sides = []
        for number in (earlier, later):
            mine = (release.c.permit_id == permit_id, release.c.number == number)
            sealed = release.c.state == ReleaseState.SEALED
            release_id = connection.scalar(select(release.c.id).where(*mine, sealed))
            if release_id is None:
                raise NotFoundError
            found = connection.execute(released(release_id)).all()
            sides.append({row.sop_uid: row for row in found})
    before, after = sides
    told = _told(before, after)
    shown = (change for change, free in told if free or all_of_it)
    return tuple(sorted(shown, key=lambda one: (one.kind, one.study_uid, one.sop_uid)))


def _told(before: dict[str, Row[Any]], after: dict[str, Row[Any]]) -> Iterator[tuple[Change, bool]]:
    for uid, row in after.items():
        old = before.get(uid)
        if old is None:
            yield Change(Kind.ADDED, row.study_uid, uid, "", row.sha256), row.free
        elif old.revision_id != row.revision_id:
            change = Change(Kind.REPLACED, row.study_uid, uid, old.sha256, row.sha256)
            yield change, row.free
    for uid, row in before.items():
        if uid not in after:
            yield Change(Kind.REMOVED, row.study_uid, uid, row.sha256, ""), row.free
