"""The papers of releases that name what is erased: written anew without it, or gone, too."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from catalog.erasures.records import Store
from catalog.erasures.rows import Doom, Named, each
from catalog.errors import RaceError
from catalog.releases.key_objects import without
from catalog.releases.papers import RECORD, selection_name
from catalog.releases.records import Paper
from catalog.releases.tables import release_paper
from catalog.tables import release_instance


@dataclass(frozen=True, repr=False)
class Naming:
    """A paper that names erased objects.

    Attributes:
        gone: SOP Instance UIDs of its release that it may not name any more.
    """

    release_id: str
    name: str
    key: str
    sha256: str
    gone: frozenset[str]


def naming(connection: Connection, doom: Doom) -> list[Naming]:
    """Give the papers that may name what goes: each release's record, and the selections."""
    columns = [release_instance.c[name] for name in ("release_id", "study_uid", "sop_uid")]
    released = select(*columns).where(release_instance.c.sop_uid.is_not(None))
    gone: dict[str, set[str]] = defaultdict(set)
    names: dict[str, set[str]] = defaultdict(set)
    for row in each(connection, released, release_instance.c.revision_id, doom.revisions):
        gone[row.release_id].add(row.sop_uid)
        names[row.release_id] |= {RECORD, selection_name(row.study_uid)}
    found = []
    for release_id, mine in names.items():
        wanted = select(release_paper).where(release_paper.c.release_id == release_id)
        uids = frozenset(gone[release_id])
        rows = each(connection, wanted, release_paper.c.name, sorted(mine))
        found += [Naming(release_id, row.name, row.key, row.sha256, uids) for row in rows]
    return found


def written_without(one: Naming, data: bytes) -> bytes:
    """Give a paper's bytes without what is gone; empty if nothing is left in it."""
    if one.name != RECORD:
        return without(data, one.gone)
    lines = data.decode().splitlines(keepends=True)
    return "".join(line for line in lines if _listed(line) not in one.gone).encode()


def _listed(line: str) -> str:
    """Give the SOP Instance UID that a line of the record is of: its file is named after it."""
    return line.rstrip("\n").rpartition("/")[2].removesuffix(".dcm")


def replace(
    connection: Connection, named: Iterable[Naming], anew: Mapping[str, Paper | None]
) -> list[Named]:
    """Enter the papers that were written anew, by the key of the old; give what is to go.

    One of which nothing is left has none in its place, and goes.

    Raises:
        RaceError: A release was sealed since they were written; write them once more.
    """
    old: list[Named] = []
    for one in named:
        mine = (release_paper.c.release_id == one.release_id, release_paper.c.name == one.name)
        if one.key not in anew:
            raise RaceError
        new = anew[one.key]
        if new is None:
            connection.execute(release_paper.delete().where(*mine))
        elif new.key == one.key:
            continue
        else:
            told = {"key": new.key, "size": new.size, "sha256": new.sha256}
            connection.execute(release_paper.update().where(*mine).values(**told))
        old.append((Store.RELEASES, one.key, one.sha256))
    return old
