"""The rows of one study: subject, study, series, instances and their revisions."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, select

from catalog.columns import now
from catalog.database import insert_if_absent, reading
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.records import Instance, NewRevision, StudyDraft
from catalog.subjects import enter, woman
from catalog.tables import instance, revision, series, study
from catalog.vocabulary import Standing


@dataclass(frozen=True, repr=False)
class Present:
    """The latest revision of an instance that is already there."""

    instance_id: int
    study_id: int
    number: int
    header_sha256: str
    pixel_sha256: str
    export_id: str

    def standing(self, header_sha256: str, pixel_sha256: str) -> Standing:
        """Compare the digests of a newcomer with this revision's."""
        if pixel_sha256 != self.pixel_sha256:
            return Standing.CONFLICT
        return Standing.KNOWN if header_sha256 == self.header_sha256 else Standing.REVISED


@dataclass(frozen=True)
class Place:
    """Where a revision goes, under whose pseudonym it was made, and which export brought it."""

    subject_id: int
    study_id: int
    series_id: int
    export_id: str


def present_instances(connection: Connection, sop_uids: list[str]) -> dict[str, Present]:
    """Give the latest revision of each of the instances that are there."""
    statement = (
        select(
            instance.c.sop_uid,
            instance.c.id,
            instance.c.study_id,
            revision.c.number,
            revision.c.header_sha256,
            revision.c.pixel_sha256,
            revision.c.export_id,
        )
        .join(revision, revision.c.instance_id == instance.c.id)
        .where(instance.c.sop_uid.in_(sop_uids), revision.c.number == instance.c.latest)
    )
    return {row.sop_uid: Present(*row[1:]) for row in connection.execute(statement)}


def contradiction(
    connection: Connection, new: Instance, *, hers: Collection[str], holder_id: str
) -> Reason | None:
    """Tell what of an instance another subject, holder or study already has."""
    there = connection.execute(
        select(study.c.subject_id, study.c.holder_id).where(study.c.study_uid == new.study_uid)
    ).one_or_none()
    if there is not None and there.subject_id not in {woman(connection, one) for one in hers}:
        return Reason.OTHER_SUBJECT
    if there is not None and there.holder_id != holder_id:
        return Reason.OTHER_HOLDER
    for table, uid in ((series.c.series_uid, new.series_uid), (instance.c.sop_uid, new.sop_uid)):
        owner = (
            select(study.c.study_uid)
            .join(table.table, table.table.c.study_id == study.c.id)
            .where(table == uid)
        )
        if connection.scalar(owner) not in {None, new.study_uid}:
            return Reason.OTHER_STUDY
    return None


def enter_study(connection: Connection, draft: StudyDraft) -> tuple[int, int]:
    """Enter the subject and the study, lock the study's row, and give the ids of both.

    The subject's is that of the pseudonym itself: the study is the woman's, whom it stands for.

    Raises:
        ConflictError: The study is another subject's or another holder's.
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
    ).one()
    if there.subject_id != subject_id:
        raise ConflictError(Reason.OTHER_SUBJECT)
    if there.holder_id != draft.holder_id:
        raise ConflictError(Reason.OTHER_HOLDER)
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
        for new in draft.revisions
    }
    insert_if_absent(connection, series, *(rows[uid] for uid in sorted(rows)))
    found = connection.execute(select(series).where(series.c.series_uid.in_(list(rows)))).all()
    if any(row.study_id != study_id for row in found):
        raise ConflictError(Reason.OTHER_STUDY)
    return {row.series_uid: row.id for row in found}


def already_mine(connection: Connection, draft: StudyDraft) -> set[tuple[str, str, str]]:
    """Give UID and digests of what this very export has already published of the draft."""
    statement = (
        select(instance.c.sop_uid, revision.c.header_sha256, revision.c.pixel_sha256)
        .join(revision, revision.c.instance_id == instance.c.id)
        .where(
            revision.c.export_id == draft.export_id,
            instance.c.sop_uid.in_([new.instance.sop_uid for new in draft.revisions]),
        )
    )
    return {(row[0], row[1], row[2]) for row in connection.execute(statement)}


def write_revision(
    connection: Connection, new: NewRevision, place: Place, *, there: Present | None
) -> None:
    """Write a new instance with its first revision, or one more revision of `there`."""
    number = 1 if there is None else there.number + 1
    row = _describing(new.instance, place) | {"latest": number}
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
    connection.execute(
        revision.insert().values(
            instance_id=instance_id,
            subject_id=place.subject_id,
            number=number,
            export_id=place.export_id,
            published_at=now(),
            **_stored(new),
        )
    )


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
