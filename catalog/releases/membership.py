"""The members of an archive, in its order: what its layout is made of, and no more."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Engine, Row, Select

from catalog.database import reading
from catalog.permits import require
from catalog.releases.rows import current, free_of
from catalog.tables import release_instance, revision

_PAGE = 2000


@dataclass(frozen=True, repr=False)
class Member:
    """One object as an archive lays it out; where its bytes lie is asked when its turn comes.

    Attributes:
        size: Bytes of the DICOM file.
        sha256: Hex digest of it.
        crc32: CRC-32 of it.
    """

    study_uid: str
    series_uid: str
    sop_uid: str
    size: int
    sha256: str
    crc32: int


@dataclass(frozen=True)
class Part:
    """What of a release is meant: all of it, one study, or one series of a study."""

    study_uid: str | None = None
    series_uid: str | None = None


def members(
    engine: Engine, permit_id: str, part: Part, *, who: str, today: date
) -> Iterator[Member]:
    """Give the objects of a part that are not held, by file name, a page in memory at a time.

    Permit and Holds are checked at once and again for every page.

    Raises:
        NotFoundError: No such permit, not the person's, or nothing sealed.
        PermitError: The permit is the person's, but not in force.
    """
    with reading(engine) as connection:
        release_id = current(connection, permit_id, who=who, today=today)

    def pages() -> Iterator[Member]:
        last, wanted = "", _of(release_id, part)
        while True:
            page = wanted.where(release_instance.c.file_name > last)
            with reading(engine) as connection:
                require(connection, permit_id, who=who, today=today)
                rows = connection.execute(page).all()
            yield from map(_member, rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1].file_name

    return pages()


def _of(release_id: str, part: Part) -> Select[Any]:
    wanted = free_of(release_id).with_only_columns(
        release_instance.c.file_name,
        release_instance.c.study_uid,
        release_instance.c.series_uid,
        release_instance.c.sop_uid,
        (release_instance.c.header_size + revision.c.size - revision.c.pixel_offset).label("size"),
        release_instance.c.sha256,
        release_instance.c.crc32,
    )
    if part.study_uid is not None:
        wanted = wanted.where(release_instance.c.study_uid == part.study_uid)
    if part.series_uid is not None:
        wanted = wanted.where(release_instance.c.series_uid == part.series_uid)
    return wanted.order_by(release_instance.c.file_name).limit(_PAGE)


def _member(row: Row[Any]) -> Member:
    return Member(row.study_uid, row.series_uid, row.sop_uid, row.size, row.sha256, row.crc32)
