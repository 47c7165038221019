"""Previews of a study for those who run the hub; researchers have theirs from their releases."""

from dataclasses import dataclass

from sqlalchemy import Engine, select

from catalog import audit
from catalog.audit import AccessEvent
from catalog.database import writing
from catalog.deliveries.giving import of_standing
from catalog.errors import NotFoundError
from catalog.holds import instance_not_held, study_not_held
from catalog.search import latest
from catalog.sightings.tables import preview
from catalog.tables import instance, revision, study, subject


@dataclass(frozen=True, repr=False)
class StudyPreview:
    """One image's preview, and where its bytes lie."""

    laterality: str
    view: str
    key: str
    sha256: str


def of_study(engine: Engine, key: str, *, size: int, who: str) -> tuple[StudyPreview, ...]:
    """Give the previews of a study's images that nothing holds; who asked is recorded.

    Args:
        engine: The catalogue.
        key: The study's random handle, as a search gives it, or how it begins.
        size: Pixels of the longest side: 256, 512 or 1024.
        who: Who asks.

    Raises:
        NotFoundError: There is no such study, or more than one begins so.
    """
    with writing(engine) as connection:
        ids = connection.scalars(
            select(study.c.id)
            .where(study.c.key.startswith(key, autoescape=True), of_standing())
            .limit(2)
        ).all()
        if len(ids) != 1:
            raise NotFoundError
        rows = connection.execute(
            select(instance.c.laterality, instance.c.view, preview.c.key, preview.c.sha256)
            .select_from(preview)
            .join(revision, revision.c.id == preview.c.revision_id)
            .join(instance, latest())
            .join(study, study.c.id == instance.c.study_id)
            .join(subject, subject.c.id == study.c.subject_id)
            .where(study.c.id == ids[0], preview.c.size == size)
            .where(study_not_held(), instance_not_held())
            .order_by(instance.c.view, instance.c.laterality, instance.c.id)
        ).all()
        event = AccessEvent(who, "", "preview", f"study:{ids[0]}", "ALLOWED")
        audit.record(connection, event)
    return tuple(StudyPreview(*row) for row in rows)
