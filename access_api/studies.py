"""Search: what exists, by random handles; neither a UID nor a pseudonym nor a byte of an image."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from access_api.access import Searcher, guarded_router
from access_api.calls import append
from access_api.door import OpenDoor
from access_api.wire import REFUSALS, STUDY_FOUND
from catalog.audit import ALLOWED, AccessEvent
from catalog.audit.records import MAX_OBJECT
from catalog.search import Query as CatalogQuery
from catalog.search import search
from catalog.vocabulary import AGE_BANDS, Kind, Laterality, QualityFlag, View

router = guarded_router(tag="Catalogue")

MAX_LIMIT = 200


def _known_band(value: str) -> str:
    if value not in AGE_BANDS:
        msg = "not an age band"
        raise ValueError(msg)
    return value


AgeBand = Annotated[
    str,
    Field(max_length=8, json_schema_extra={"enum": list(AGE_BANDS)}),
    AfterValidator(_known_band),
]
Year = Annotated[int, Field(ge=1900, le=2200)]


class SearchParameters(BaseModel):
    """What to look for; what is left out matches everything, and unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    view: View | None = Field(None, description="Projection (PS3.16 CID 4014).", examples=["MLO"])
    laterality: Laterality | None = Field(None, description="Which breast.", examples=["L"])
    vendor: str | None = Field(
        None,
        pattern=r"^[A-Z][A-Z0-9 ]{0,31}$",
        description="Normalised manufacturer.",
        examples=["HOLOGIC"],
    )
    kind: Kind | None = Field(
        None,
        description="Sort of mammogram, or of what comes along: CAD_SR, SR, KO, PR, SEG.",
        examples=["FFDM"],
    )
    companions: bool = Field(
        default=True,
        description="Whether CAD results, reports, key objects, presentation states and "
        "segmentations are looked for too; `false` means images only.",
    )
    age_band: AgeBand | None = Field(
        None, description="Age at the examination.", examples=["50-54"]
    )
    exam_year_from: Year | None = Field(None, description="First year.", examples=[2018])
    exam_year_to: Year | None = Field(None, description="Last year.", examples=[2022])
    flag: QualityFlag | None = Field(
        None,
        description="What the pixels tell of an image's quality; finds images only.",
        examples=["saturated"],
    )
    laterality_agrees: bool | None = Field(
        None,
        description="Whether the side by the pixels is the header's; finds images only.",
        examples=[True],
    )
    holder: str | None = Field(
        None,
        pattern=r"^[a-z0-9][a-z0-9-]{0,63}$",
        description="Data holder, by id.",
        examples=["vg-mammography"],
    )
    cursor: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_=-]{1,512}$",
        description="`next_cursor` of the page before; it belongs to one query.",
    )
    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="Studies per page.")

    def query(self) -> CatalogQuery:
        """Return the catalogue's query."""
        return CatalogQuery(**self.model_dump(exclude={"cursor", "limit"}))

    def criteria(self) -> str:
        """Return what is looked for, as it is recorded."""
        asked = self.model_dump(exclude={"cursor", "limit"}, exclude_defaults=True)
        return f"studies?{urlencode(asked)}"[:MAX_OBJECT]


class StudyFound(BaseModel):
    """One study; its numbers count the matching objects only.

    `images` counts mammograms. `instances` counts also what comes along with them.
    """

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": STUDY_FOUND})

    study_key: str = Field(description="A random handle: no UID, no pseudonym.")
    holder: str
    exam_year: int | None
    age_band: str | None
    vendors: tuple[str, ...]
    views: tuple[str, ...]
    lateralities: tuple[str, ...]
    kinds: tuple[str, ...]
    images: int = Field(description="Mammograms that match.")
    instances: int = Field(description="Objects that match: mammograms, and what comes along.")
    size: int = Field(
        description="About how many bytes those objects have, rounded to one significant digit; "
        "a release's manifest has the exact sizes."
    )


class StudyPage(BaseModel):
    """One page of studies."""

    studies: tuple[StudyFound, ...]
    next_cursor: str | None = Field(description="Give it back as `cursor`; null on the last page.")


@router.get("/studies", summary="Search the catalogue", responses=REFUSALS)
def search_studies(
    caller: Searcher, door: OpenDoor, wanted: Annotated[SearchParameters, Query()]
) -> StudyPage:
    """Return one page of the studies that match, in the order of their handles.

    What may not be served is not found. Handles say nothing about any release.
    """
    page = search(door.engine, wanted.query(), cursor=wanted.cursor, limit=wanted.limit)
    append(door.engine, AccessEvent(caller.subject, "", "search", wanted.criteria(), ALLOWED))
    return StudyPage(
        studies=tuple(StudyFound.model_validate(found) for found in page.studies),
        next_cursor=page.next_cursor,
    )
