"""The rows of what was made of an image: derived objects, previews, and what its pixels told."""

from collections.abc import Mapping

from sqlalchemy import Connection

from catalog.errors import ConflictError, Reason
from catalog.publishing.present import Present
from catalog.publishing.study_rows import Place, Written, write_revision
from catalog.records import NewRevision, StudyDraft
from catalog.sightings.tables import pixel_facts, preview, quality_flag


def write_pixels(connection: Connection, new: NewRevision, written: Written) -> None:
    """Write what the pixels of a revision told, and its previews."""
    whose = {"revision_id": written.revision_id}
    if (facts := new.pixel_facts) is not None:
        connection.execute(
            pixel_facts.insert().values(
                breast_area_mm2=facts.breast_area_mm2,
                breast_share=facts.breast_share,
                laterality=facts.laterality,
                laterality_agrees=facts.laterality_agrees,
                saturated_share=facts.saturated_share,
                **whose,
            )
        )
        if facts.flags:
            flags = [{"flag": flag, **whose} for flag in dict.fromkeys(facts.flags)]
            connection.execute(quality_flag.insert(), flags)
    if new.previews:
        rows = [
            {
                "size": one.size,
                "width": one.width,
                "height": one.height,
                "key": one.key,
                "bytes": one.bytes,
                "sha256": one.sha256,
                **whose,
            }
            for one in new.previews
        ]
        connection.execute(preview.insert(), rows)


def write_derived(
    connection: Connection,
    draft: StudyDraft,
    images: Mapping[str, tuple[Written, Place]],
    *,
    series: Mapping[str, int],
    present: Mapping[str, Present],
) -> None:
    """Write a revision of all that was made of the images that were written now.

    A new revision of the image brings one of what was made of it, though its bytes may be the
    same as before: so a Hold on the older one does not outlive it.

    Raises:
        ConflictError: The UID is of another study's, or of something else in this one.
    """
    for new in sorted(draft.derived, key=lambda one: one.instance.sop_uid):
        if new.derived_from not in images:
            continue
        image, place = images[new.derived_from]
        there = present.get(new.instance.sop_uid)
        if there is not None and there.derived_from != image.instance_id:
            raise ConflictError(Reason.OTHER_STUDY)
        mine = Place(
            place.subject_id, place.study_id, series[new.instance.series_uid], place.export_id
        )
        write_revision(connection, new, mine, there=there, image=image)
