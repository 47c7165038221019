"""The rows of one study: subject, study, series, instances and their revisions."""

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, select

from catalog.columns import now
from catalog.database import insert_if_absent, reading
from catalog.errors import ConflictError, NotFoundError, RaceError, Reason
from catalog.publishing.moves import may_move, move
from catalog.publishing.present import Present
from catalog.records import Instance, NewRevision, StudyDraft
from catalog.subjects import enter
from catalog.tables import instance, revision, series, study


@dataclass(frozen=True)
class Place:
    """Where a revision goes, under whose pseudonym it was made, and which export brought it."""

    subject_id: int
    study_id: int
    series_id: int
    export_id: str


@dataclass(frozen=True)
class Written:
    """The rows that a revision became."""

    instance_id: int
    revision_id: int


def enter_study(connection: Connection, draft: StudyDraft) -> tuple[int, int]:
    """Enter the subject and the study, lock the study's row, and give the ids of both.

    The subject's is that of the pseudonym itself: the study is the woman's, whom it stands for.

    Raises:
        ConflictError: The study is another subject's or another holder's.
        RaceError: It was erased meanwhile.
    """
    facts = draft.revisions[0].instance
    written_for, subject_id = enter(connection, draft.subject)
    insert_if_absent(
        connection,
        study,
        {
            "key": secrets.token_hex(16),
            "study_uid": facts.study_uid,
            "subject_id": subject_id,
            "holder_id": draft.holder_id,
            "exam_year": facts.exam_year,
            "age_band": facts.age_band,
            "published_at": now(),
        },
    )
    there = connection.execute(
        select(study).where(study.c.study_uid == facts.study_uid).with_for_update()
    ).one_or_none()
    if there is None:  # it was erased meanwhile
        raise RaceError
    if there.holder_id != draft.holder_id:
        raise ConflictError(Reason.OTHER_HOLDER)
    if there.subject_id != subject_id:
        if not may_move(connection, facts.study_uid):
            raise ConflictError(Reason.OTHER_SUBJECT)
        move(connection, int(there.id), subject_id, who=draft.export_id)
    return written_for, int(there.id)


def enter_series(connection: Connection, draft: StudyDraft, study_id: int) -> dict[str, int]:
    """Enter the draft's series and give their ids by Series Instance UID.

    Raises:
        ConflictError: A series is in another study.
    """
    rows = {
        new.instance.series_uid: {
            "series_uid": new.instance.series_uid,
            "study_id": study_id,
            "modality": new.instance.modality,
        }
        for new in draft.every
    }
    insert_if_absent(connection, series, *(rows[uid] for uid in sorted(rows)))
    found = connection.execute(select(series).where(series.c.series_uid.in_(list(rows)))).all()
    if any(row.study_id != study_id for row in found):
        raise ConflictError(Reason.OTHER_STUDY)
    return {row.series_uid: row.id for row in found}


def write_revision(
    connection: Connection,
    new: NewRevision,
    place: Place,
    *,
    there: Present | None,
    image: Written | None = None,
) -> Written:
    """Write a new instance with its first revision, or one more revision of `there`.

    `image` is what it was derived from, if it was.
    """
    number = 1 if there is None else there.number + 1
    row = (
        _describing(new.instance, place)
        | _machine(new)
        | {
            "latest": number,
            "derived_from": None if image is None else image.instance_id,
        }
    )
    if there is None:
        key = connection.execute(instance.insert().values(**row)).inserted_primary_key
        instance_id = int(key[0]) if key else 0
    else:
        instance_id = there.instance_id
        connection.execute(instance.update().where(instance.c.id == instance_id).values(**row))
        connection.execute(
            study.update()
            .where(study.c.id == place.study_id)
            .values(exam_year=new.instance.exam_year, age_band=new.instance.age_band)
        )
    key = connection.execute(
        revision.insert().values(
            instance_id=instance_id,
            subject_id=place.subject_id,
            number=number,
            export_id=place.export_id,
            published_at=now(),
            derived_from=None if image is None else image.revision_id,
            **_stored(new),
        )
    ).inserted_primary_key
    return Written(instance_id, int(key[0]) if key else 0)


def _describing(described: Instance, place: Place) -> dict[str, Any]:
    return {
        "sop_uid": described.sop_uid,
        "study_id": place.study_id,
        "series_id": place.series_id,
        "sop_class_uid": described.sop_class_uid,
        "transfer_syntax": described.transfer_syntax,
        "kind": described.kind,
        "view": described.view,
        "laterality": described.laterality,
        "vendor": described.vendor,
        "rows": described.rows,
        "columns": described.columns,
        "frames": described.frames,
    }


def _machine(new: NewRevision) -> dict[str, str]:
    """Give what is told of the machine; what was known before stays where nothing is told now."""
    told = {"device": new.facts.device, "model": new.instance.model}
    return {name: value for name, value in told.items() if value}


def _stored(new: NewRevision) -> dict[str, Any]:
    return {
        "key": new.stored.key,
        "size": new.stored.size,
        "pixel_offset": new.stored.pixel_offset,
        "sha256": new.stored.sha256,
        "header_sha256": new.stored.header_sha256,
        "pixel_sha256": new.stored.pixel_sha256,
        "profile": new.versions.profile,
        "edition": new.versions.edition,
        "detector": new.versions.detector,
        "key_version": new.versions.key_version,
        "boxes_blanked": new.facts.boxes_blanked,
        "flags": list(new.facts.flags),
    }


def clean_key(engine: Engine, sop_uid: str) -> str:
    """Give the object key of an instance's latest revision, by its UID inside the space.

    Raises:
        NotFoundError: There is no such instance.
    """
    found = (
        select(revision.c.key)
        .join(instance, instance.c.id == revision.c.instance_id)
        .where(instance.c.sop_uid == sop_uid, revision.c.number == instance.c.latest)
    )
    with reading(engine) as connection:
        key = connection.scalar(found)
    if key is None:
        raise NotFoundError
    return str(key)
