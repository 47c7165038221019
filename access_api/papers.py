"""The papers of a release, listed and read, and the Key Object Selection of each study."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Header, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from access_api import wire
from access_api.access import guarded_router
from access_api.content import read_paper
from access_api.errors import BrokenStreamError
from access_api.paper_kinds import PAPERS, Name, Written, newest, whole
from access_api.ranges import names_etag
from access_api.streams import BlocksResponse, in_blocks
from access_api.visits import Uid, Visit, Visitor
from catalog import releases
from catalog.releases.key_objects import only

_BLOCK: Final = 1 << 16
_DICOM: Final = "application/dicom"

router = guarded_router(tag="Releases")


class PaperListed(BaseModel):
    """One paper."""

    name: str = Field(examples=["metadata.csv"])
    media_type: str
    what: str


class PaperList(BaseModel):
    """The papers of the release that is served."""

    release: int = Field(description="Number of the release.")
    papers: tuple[PaperListed, ...]


@router.get(
    "/releases/{permit}/papers",
    summary="List the papers of a release",
    responses=wire.RELEASE_REFUSALS,
)
def list_papers(visit: Visitor) -> PaperList:
    """Return what there is beside DICOM objects: metadata, dictionary, terms, citation."""
    with visit.recorded("list", "papers"):
        visit.permit_to_read()
        release, _ = newest(visit)
    listed = (
        PaperListed(name=name, media_type=paper.media_type, what=paper.what)
        for name, paper in PAPERS.items()
    )
    return PaperList(release=release.number, papers=tuple(listed))


@router.get(
    "/releases/{permit}/papers/{name}",
    summary="Read a paper of a release",
    response_class=StreamingResponse,
    responses=wire.RELEASE_REFUSALS | wire.PAPER,
)
def read_one_paper(
    visit: Visitor,
    name: Name,
    known: Annotated[str | None, Header(alias="If-None-Match", max_length=4096)] = None,
) -> Response:
    """Stream one paper. Tables hold what may be served now, and their `ETag` follows it."""
    with visit.recorded("paper", name):
        visit.permit_to_read()
        etag, blocks = PAPERS[name].write(visit)
        fresh = names_etag(known, etag)
    return _answer(visit, PAPERS[name].media_type, name, (etag, blocks), fresh=fresh)


@router.get(
    "/releases/{permit}/studies/{study_uid}/selection",
    summary="Read the Key Object Selection of a study",
    response_class=StreamingResponse,
    responses=wire.RELEASE_REFUSALS | wire.SELECTION,
)
def read_selection(
    visit: Visitor,
    study_uid: Uid,
    known: Annotated[str | None, Header(alias="If-None-Match", max_length=4096)] = None,
) -> Response:
    """Return a DICOM object that lists the study's released objects (PS3.3 §A.35.4)."""
    with visit.recorded("selection", study_uid):
        visit.permit_to_read()
        try:
            data = _selection(visit, study_uid)
        except BrokenStreamError:  # an erasure wrote it anew since its place was looked up, perhaps
            data = _selection(visit, study_uid)
        etag, blocks = whole(data)
        fresh = names_etag(known, etag)
    name = f"{study_uid}-selection.dcm"
    return _answer(visit, _DICOM, name, (etag, blocks), fresh=fresh)


def _selection(visit: Visit, study_uid: str) -> bytes:
    found, free = releases.selection(
        visit.door.engine, visit.permit_id, study_uid, who=visit.who, today=visit.today
    )
    return only(b"".join(read_paper(visit.door, found)), free)


def _answer(visit: Visit, media_type: str, name: str, paper: Written, *, fresh: bool) -> Response:
    etag, blocks = paper
    headers = {"ETag": etag, "Content-Disposition": f'attachment; filename="{name}"'}
    if fresh:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag})
    return BlocksResponse(
        iter(()) if visit.head else in_blocks(blocks, _BLOCK),
        limiter=visit.door.readers,
        headers=headers,
        media_type=media_type,
        watch=visit.door.watch(visit.permit_to_read),
    )
