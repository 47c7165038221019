"""Previews: small pictures of released images, under the very conditions of the images."""

from enum import IntEnum
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Header, Query, Response
from fastapi.responses import StreamingResponse

from access_api import wire
from access_api.access import guarded_router
from access_api.content import read_preview
from access_api.ranges import names_etag
from access_api.streams import BlocksResponse
from access_api.visits import Uid, Visitor
from catalog.releases import preview

PNG: Final = "image/png"

router = guarded_router(tag="Releases")


class PreviewSize(IntEnum):
    """Pixels of the longest side; a smaller image keeps its own."""

    SMALL = 256
    MEDIUM = 512
    LARGE = 1024


@router.get(
    "/releases/{permit}/instances/{sop_uid}/preview",
    summary="Show one image, small",
    response_class=StreamingResponse,
    responses=wire.RELEASE_REFUSALS | wire.PICTURE,
)
def show_preview(
    visit: Visitor,
    sop_uid: Uid,
    size: Annotated[PreviewSize, Query(description="Longest side.")] = PreviewSize.SMALL,
    known: Annotated[str | None, Header(alias="If-None-Match", max_length=4096)] = None,
) -> Response:
    """Return a PNG of one image of the release, windowed as its header says (PS3.3 C.11.2).

    It is no diagnostic image. The list of a study's instances says which have one.
    """
    with visit.recorded("preview", sop_uid):
        visit.permit_to_read()
        found = preview(
            visit.door.engine,
            visit.permit_id,
            sop_uid,
            size=size,
            who=visit.who,
            today=visit.today,
        )
        fresh = names_etag(known, etag := f'"{found.sha256}"')
    headers = {"ETag": etag}
    if fresh:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return BlocksResponse(
        iter(()) if visit.head else read_preview(visit.door, found),
        limiter=visit.door.readers,
        headers=headers | {"Content-Length": str(found.bytes)},
        media_type=PNG,
        watch=visit.door.watch(lambda: visit.find(sop_uid)),
    )
