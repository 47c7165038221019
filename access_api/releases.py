"""What a permit's release holds: summary, studies and instances, by release UIDs."""

from datetime import date, datetime
from typing import Annotated, Final

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from access_api import wire
from access_api.access import guarded_router
from access_api.archives.layout import path_of
from access_api.visits import UID_PATTERN, Uid, Visitor
from catalog.releases import Described, contents, list_instances, list_studies, releases_of
from catalog.vocabulary import Laterality, ReleaseState, Tier

MAX_LIMIT: Final = 500

router = guarded_router(tag="Releases")


class ReleaseSummary(BaseModel):
    """A permit, and whether its release can be read yet."""

    model_config = ConfigDict(json_schema_extra={"example": wire.SUMMARY})

    permit: str
    title: str
    purpose: str
    tier: Tier
    valid_from: date
    valid_until: date = Field(description="Last day the permit is in force.")
    release: int | None = Field(description="Number of the release served; null: not ready yet.")
    sealed_at: datetime | None = Field(description="Since when it has not changed (UTC).")
    studies: int | None = Field(description="Studies in it that may be served; null: not ready.")
    instances: int | None = Field(description="DICOM files in it that may be served.")
    size: int | None = Field(description="Bytes of those files.")


class StudyListed(BaseModel):
    """One study of the release; what may not be served is not counted."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": wire.STUDY})

    study_uid: str
    pseudonym: str = Field(description="PatientID in this release; it means nothing elsewhere.")
    modalities: tuple[str, ...]
    series: int
    instances: int
    size: int = Field(description="Bytes of its instances.")


class StudyList(BaseModel):
    """One page of the release's studies, by UID."""

    studies: tuple[StudyListed, ...]
    next_cursor: str | None = Field(description="Give it back as `cursor`; null on the last page.")


class PixelFactsListed(BaseModel):
    """What the pixels of an image tell; measured here, not by its maker."""

    model_config = ConfigDict(from_attributes=True)

    breast_area_mm2: float | None = Field(description="Null where the spacing is not known.")
    breast_share: float = Field(description="Of the image's area, 0 to 1.")
    laterality: Laterality = Field(description="Side by the pixels; empty where they do not say.")
    laterality_agrees: bool | None = Field(
        description="Whether that is the header's side; null where one of the two does not say."
    )
    saturated_share: float = Field(description="Of the breast's pixels, 0 to 1.")
    flags: tuple[str, ...] = Field(description="What to know of the image's quality.")


class InstanceListed(BaseModel):
    """One instance as it will be downloaded, and what is known of it."""

    model_config = ConfigDict(json_schema_extra={"example": wire.INSTANCE})

    path: str = Field(description="Its name in archives: study/series/instance.dcm.")
    size: int = Field(description="Bytes of the DICOM file.")
    sha256: str = Field(description="Digest of the DICOM file.")
    study_uid: str
    series_uid: str
    sop_uid: str
    sop_class_uid: str
    transfer_syntax: str
    modality: str
    previews: tuple[int, ...] = Field(description="Sizes in which there is a preview.")
    derived: bool = Field(description="Made here of an image, such as a mask of the breast.")
    derived_from: str | None = Field(description="That image's `sop_uid`, if it is released too.")
    pixel_facts: PixelFactsListed | None = Field(description="What its pixels tell, if anything.")


class StudyContents(BaseModel):
    """The instances of one study."""

    study_uid: str
    instances: tuple[InstanceListed, ...]


@router.get("/releases/{permit}", summary="Show a permit", responses=wire.RELEASE_REFUSALS)
def show_release(visit: Visitor) -> ReleaseSummary:
    """Return the permit, the number of the release it gives access to, and how much that holds."""
    with visit.recorded("show", "permit"):
        permit = visit.permit()
    sealed = (
        release
        for release in releases_of(visit.door.engine, visit.permit_id)
        if release.state is ReleaseState.SEALED
    )
    newest = next(sealed, None)
    held = contents(visit.door.engine, newest.id) if newest else None
    return ReleaseSummary(
        permit=permit.id,
        title=permit.title,
        purpose=permit.purpose,
        tier=visit.tier(permit),
        valid_from=permit.valid_from,
        valid_until=permit.valid_until,
        release=newest.number if newest else None,
        sealed_at=newest.sealed_at if newest else None,
        studies=held.studies if held else None,
        instances=held.instances if held else None,
        size=held.size if held else None,
    )


@router.get(
    "/releases/{permit}/studies",
    summary="List the studies of a release",
    responses=wire.RELEASE_REFUSALS | wire.REFUSALS,
)
def list_released_studies(
    visit: Visitor,
    cursor: Annotated[str, Query(pattern=UID_PATTERN, description="`next_cursor` before.")] = "0",
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Studies per page.")] = 100,
) -> StudyList:
    """Return one page of the release's studies."""
    with visit.recorded("list", "studies"):
        visit.permit_to_read()
        found = list_studies(
            visit.door.engine,
            visit.permit_id,
            who=visit.who,
            today=visit.today,
            after=cursor,
            limit=limit + 1,
        )
    shown = tuple(StudyListed.model_validate(study) for study in found[:limit])
    return StudyList(studies=shown, next_cursor=shown[-1].study_uid if len(found) > limit else None)


@router.get(
    "/releases/{permit}/studies/{study_uid}",
    summary="List the instances of a study",
    responses=wire.RELEASE_REFUSALS,
)
def list_released_instances(visit: Visitor, study_uid: Uid) -> StudyContents:
    """Return the instances of one study that may be served now."""
    with visit.recorded("list", study_uid):
        visit.permit_to_read()
        found = list_instances(
            visit.door.engine, visit.permit_id, study_uid, who=visit.who, today=visit.today
        )
    return StudyContents(study_uid=study_uid, instances=tuple(listed(one) for one in found))


def listed(found: Described) -> InstanceListed:
    """Describe one instance as it will be downloaded."""
    facts = found.pixel_facts
    return InstanceListed(
        path=path_of(found),
        size=found.size,
        sha256=found.sha256,
        study_uid=found.study_uid,
        series_uid=found.series_uid,
        sop_uid=found.sop_uid,
        sop_class_uid=found.sop_class_uid,
        transfer_syntax=found.transfer_syntax,
        modality=found.modality,
        previews=found.previews,
        derived=found.derived,
        derived_from=found.derived_from,
        pixel_facts=None if facts is None else PixelFactsListed.model_validate(facts),
    )
