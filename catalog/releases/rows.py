"""The rows of a sealed release, with what the catalogue knows of each object."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    select,
)

from catalog.errors import NotFoundError
from catalog.holds import instance_not_held, study_not_held
from catalog.permits import require
from catalog.records import PixelFacts
from catalog.releases.records import Described, Servable
from catalog.sightings.tables import pixel_facts, preview, quality_flag
from catalog.tables import (
    instance,
    permit,
    release,
    release_instance,
    revision,
    series,
    study,
    subject,
)
from catalog.vocabulary import Laterality, ReleaseState

Lists = dict[int, list[Any]]


def current(connection: Connection, permit_id: str, *, who: str | None, today: date) -> str:
    """Give the permit's newest sealed release; without `who`, whoever asks on the hub's side.

    Raises:
        NotFoundError: No such permit, not the person's, or nothing sealed.
        PermitError: The permit is the person's, but not in force.
    """
    require(connection, permit_id, who=who, today=today)
    return newest(connection, permit_id)


def newest(connection: Connection, permit_id: str) -> str:
    """Give a permit's newest sealed release; whoever asks has checked the permit.

    Raises:
        NotFoundError: Nothing is sealed.
    """
    release_id = connection.scalar(_newest(), {"newest_of": permit_id})
    if release_id is None:
        raise NotFoundError
    return str(release_id)


@cache
def _newest() -> Select[tuple[str]]:
    return (
        select(release.c.id)
        .where(release.c.permit_id == bindparam("newest_of"))
        .where(release.c.state == ReleaseState.SEALED)
        .order_by(release.c.number.desc())
        .limit(1)
    )


def released(release_id: str | BindParameter[str]) -> Select[Any]:
    """Select a release's objects; `free` says whether nothing holds one."""
    image = release_instance.alias("image")
    return (
        select(
            release_instance,
            revision.c.key,
            revision.c.size,
            revision.c.pixel_offset,
            revision.c.pixel_sha256,
            revision.c.derived_from,
            instance.c.sop_class_uid,
            instance.c.transfer_syntax,
            series.c.modality,
            image.c.sop_uid.label("image_uid"),
            pixel_facts.c.breast_area_mm2,
            pixel_facts.c.breast_share,
            pixel_facts.c.laterality,
            pixel_facts.c.laterality_agrees,
            pixel_facts.c.saturated_share,
            free().label("free"),
        )
        .select_from(release_instance)
        .join(release, release.c.id == release_instance.c.release_id)
        .join(permit, permit.c.id == release.c.permit_id)
        .join(revision, revision.c.id == release_instance.c.revision_id)
        .join(instance, instance.c.id == revision.c.instance_id)
        .join(series, series.c.id == instance.c.series_id)
        .join(study, study.c.id == instance.c.study_id)
        .join(subject, subject.c.id == study.c.subject_id)
        .outerjoin(pixel_facts, pixel_facts.c.revision_id == revision.c.id)
        .outerjoin(
            image,
            and_(
                image.c.release_id == release_instance.c.release_id,
                image.c.revision_id == revision.c.derived_from,
            ),
        )
        .where(release_instance.c.release_id == release_id)
        .where(release_instance.c.sop_uid.is_not(None))
    )


def free_of(release_id: str) -> Select[Any]:
    """Select those of a release's objects that nothing holds."""
    return released(release_id).where(free())


def free() -> ColumnElement[bool]:
    """Give the condition that no Hold stops an object for the permit joined to it.

    What was opted out of after the permit was granted, it may still have (EHDS Art. 71(3)).
    """
    granted = permit.c.created_at
    return and_(study_not_held(granted), instance_not_held(granted))


def servable_of(row: Row[Any]) -> Servable:
    """Make of a selected row what is needed to send its bytes."""
    return Servable(**_place(row))


def described(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[Described, ...]:
    """Make of selected rows what a manifest and a list show."""
    ids = [row.revision_id for row in rows]
    sizes = listed(connection, select(preview.c.revision_id, preview.c.size), ids)
    flags = listed(connection, select(quality_flag.c.revision_id, quality_flag.c.flag), ids)
    return tuple(
        Described(
            **_place(row),
            derived=row.derived_from is not None,
            derived_from=row.image_uid,
            pixel_facts=_facts(row, flags),
            previews=tuple(sizes.get(row.revision_id, ())),
        )
        for row in rows
    )


def _place(row: Row[Any]) -> dict[str, Any]:
    return {
        "study_uid": row.study_uid,
        "series_uid": row.series_uid,
        "sop_uid": row.sop_uid,
        "sop_class_uid": row.sop_class_uid,
        "transfer_syntax": row.transfer_syntax,
        "modality": row.modality,
        "file_name": row.file_name,
        "header_key": row.header_key,
        "header_size": row.header_size,
        "clean_key": row.key,
        "pixel_offset": row.pixel_offset,
        "pixel_size": row.size - row.pixel_offset,
        "sha256": row.sha256,
        "crc32": row.crc32,
        "mac": row.mac,
    }


def listed(connection: Connection, wanted: Select[Any], ids: list[int]) -> Lists:
    """Give the second column's values by the first, in order."""
    whose, value = wanted.selected_columns
    found: Lists = {}
    for row in connection.execute(wanted.where(whose.in_(ids)).order_by(whose, value)):
        found.setdefault(row[0], []).append(row[1])
    return found


def _facts(row: Row[Any], flags: Lists) -> PixelFacts | None:
    if row.breast_share is None:
        return None
    return PixelFacts(
        breast_area_mm2=row.breast_area_mm2,
        breast_share=row.breast_share,
        laterality=Laterality(row.laterality),
        laterality_agrees=row.laterality_agrees,
        saturated_share=row.saturated_share,
        flags=tuple(flags.get(row.revision_id, ())),
    )
