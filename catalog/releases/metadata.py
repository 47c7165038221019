"""The metadata table of a release: one row per object that may be served now.

Like every list of a release it is made when it is asked for: a Hold is told to nobody, so a table
that was written once would tell what the list of a study does not any more.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select

from catalog.database import reading
from catalog.permits import require
from catalog.releases.columns import COLUMNS, Source
from catalog.releases.rows import current, free_of, listed
from catalog.sightings.tables import quality_flag
from catalog.tables import instance, release_instance, revision
from catalog.vocabulary import COMPANIONS

_BATCH = 500
_HEADER = tuple(column.name for column in COLUMNS if column.source is Source.HEADER)


def metadata(
    engine: Engine, permit_id: str, *, who: str | None, today: date
) -> Iterator[dict[str, Any]]:
    """Give the table's rows, by file name and by the names of `columns.COLUMNS`.

    Permit and Holds are checked at once and again for every few hundred rows.

    Raises:
        NotFoundError: No such permit, not the person's, or nothing sealed.
        PermitError: The permit is the person's, but not in force.
    """
    with reading(engine) as connection:
        release_id = current(connection, permit_id, who=who, today=today)
        first_of = _first_of(connection, release_id)

    def rows() -> Iterator[dict[str, Any]]:
        last = ""
        while True:
            name = release_instance.c.file_name
            batch = free_of(release_id).where(name > last).order_by(name).limit(_BATCH)
            with reading(engine) as connection:
                require(connection, permit_id, who=who, today=today)
                found = connection.execute(batch).all()
                flags = _flags(connection, [row.revision_id for row in found])
            if not found:
                return
            for row in found:
                yield _row(row, flags, first_of)
            last = found[-1].file_name

    return rows()


def copies(engine: Engine, release_id: str) -> int:
    """Count the images of a release that are copies of another of it; held ones do not count."""
    with reading(engine) as connection:
        wanted = _images(release_id).with_only_columns(
            func.count(), func.count(revision.c.pixel_sha256.distinct())
        )
        images, different = connection.execute(wanted).one()
    return int(images - different)


def state_of(engine: Engine, release_id: str) -> str:
    """Digest which objects of a release may be served now: while it stays, its lists do."""
    ids = free_of(release_id).with_only_columns(release_instance.c.revision_id)
    digest = hashlib.sha256(release_id.encode())
    with reading(engine) as connection:
        for number in connection.scalars(ids.order_by(release_instance.c.revision_id)):
            digest.update(b" %d" % number)
    return digest.hexdigest()


def _images(release_id: str) -> Any:  # noqa: ANN401 # a Select whose columns differ
    pictures = instance.c.kind.not_in(COMPANIONS)
    return free_of(release_id).where(pictures, revision.c.pixel_offset < revision.c.size)


def _first_of(connection: Connection, release_id: str) -> Mapping[str, str]:
    """Give, of images with the same pixel data, the one with the lowest UID, by their digest."""
    digest, uid = revision.c.pixel_sha256, release_instance.c.sop_uid
    several = (
        _images(release_id)
        .with_only_columns(digest, func.min(uid))
        .group_by(digest)
        .having(func.count() > 1)
    )
    return {row[0]: row[1] for row in connection.execute(several)}


def _flags(connection: Connection, ids: list[int]) -> Mapping[int, list[str]]:
    return listed(connection, select(quality_flag.c.revision_id, quality_flag.c.flag), ids)


def _row(
    row: Row[Any], flags: Mapping[int, list[str]], first_of: Mapping[str, str]
) -> dict[str, Any]:
    first = first_of.get(row.pixel_sha256)
    said: Mapping[str, Any] = row.facts or {}
    return {
        "path": f"{row.study_uid}/{row.series_uid}/{row.sop_uid}.dcm",
        "size": row.header_size + row.size - row.pixel_offset,
        "sha256": row.sha256,
        "pseudonym": row.pseudonym,
        "study_uid": row.study_uid,
        "series_uid": row.series_uid,
        "sop_uid": row.sop_uid,
        "sop_class_uid": row.sop_class_uid,
        "transfer_syntax": row.transfer_syntax,
        "modality": row.modality,
        "derived": row.derived_from is not None,
        "derived_from": row.image_uid,
        "copy_of": None if first == row.sop_uid else first,
        **{name: said.get(name) for name in _HEADER},
        "breast_area_mm2": row.breast_area_mm2,
        "breast_share": row.breast_share,
        "pixel_laterality": row.laterality or None,
        "laterality_agrees": row.laterality_agrees,
        "saturated_share": row.saturated_share,
        "quality_flags": ";".join(flags.get(row.revision_id, ())) or None,
    }
