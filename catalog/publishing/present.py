"""What of a study is there already, and how a newcomer stands to it."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, select

from catalog.erasures.refusing import is_erased
from catalog.errors import Reason
from catalog.publishing.moves import may_move
from catalog.records import Instance, StudyDraft
from catalog.subjects import woman
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
    derived_from: int | None

    def standing(
        self, header_sha256: str, pixel_sha256: str, remade: Collection[str] = ()
    ) -> Standing:
        """Compare the digests of a newcomer with this revision's.

        `remade` are digests of pixels that were made of the newcomer's original before.
        """
        if pixel_sha256 != self.pixel_sha256:
            return Standing.REVISED if self.pixel_sha256 in remade else Standing.CONFLICT
        return Standing.KNOWN if header_sha256 == self.header_sha256 else Standing.REVISED


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
            instance.c.derived_from,
        )
        .join(revision, revision.c.instance_id == instance.c.id)
        .where(instance.c.sop_uid.in_(sop_uids), revision.c.number == instance.c.latest)
    )
    return {row.sop_uid: Present(*row[1:]) for row in connection.execute(statement)}


def contradiction(
    connection: Connection, new: Instance, *, hers: Collection[str], holder_id: str
) -> Reason | None:
    """Tell what of an instance another subject, holder or study already has; or it was erased."""
    if is_erased(connection, subjects=hers, study_uid=new.study_uid, sop_uids=[new.sop_uid]):
        return Reason.ERASED
    there = connection.execute(
        select(study.c.subject_id, study.c.holder_id).where(study.c.study_uid == new.study_uid)
    ).one_or_none()
    another = there is not None and there.subject_id not in {woman(connection, one) for one in hers}
    if another and not may_move(connection, new.study_uid):
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


def published_as(
    connection: Connection, sop_uid: str, header_sha256: str, pixel_sha256: str, *, export_id: str
) -> int | None:
    """Give the number of the revision that an export published with these digests, if it did."""
    statement = (
        select(revision.c.number)
        .join(instance, instance.c.id == revision.c.instance_id)
        .where(revision.c.export_id == export_id, instance.c.sop_uid == sop_uid)
        .where(revision.c.header_sha256 == header_sha256, revision.c.pixel_sha256 == pixel_sha256)
        .order_by(revision.c.number.desc())
    )
    return connection.scalar(statement.limit(1))


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
