"""Objects that regions deliver: put once, under the region's own prefix, and never given back."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Final, cast
from typing import BinaryIO as Binary

from anyio import to_thread
from fastapi import Path, Request, Response
from pydantic import BaseModel

from access_api.intake.bodies import Incoming, Pieces, announced_size
from access_api.intake.entry import Region, Visit, signed_router
from access_api.intake.errors import DigestError, QuotaError
from access_api.intake.hall import Hall, OpenHall
from catalog.arrivals import regions, visits
from catalog.errors import AlreadyStoredError, NotFoundError
from catalog.objects import StoredObject

router = signed_router(tag="Objects")

HolderId = Annotated[
    str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="One of the region's holders.")
]
Sha256 = Annotated[
    str, Path(pattern=r"^[0-9a-f]{64}$", description="Digest of the bytes, in hexadecimal.")
]
_PATH: Final = "/objects/{holder}/{sha256}"
_BYTES: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class Kept(BaseModel):
    """How many bytes are kept."""

    size: int


@router.put(
    _PATH, summary="Deliver an object", status_code=HTTPStatus.CREATED, openapi_extra=_BYTES
)
async def put(
    holder: HolderId, sha256: Sha256, visit: Region, hall: OpenHall, request: Request
) -> Kept:
    """Keep an object for a holder; the same again changes nothing, and nothing is overwritten."""
    size = announced_size(request, hall.settings.object_bytes)
    if sha256 != visit.sha256:
        raise DigestError
    with hall.uploading(visit.region):
        settings = hall.settings
        pieces = Pieces(request, idle=settings.idle_seconds, whole=settings.object_seconds)
        stream = Incoming(pieces, size, sha256)
        keep = partial(_keep, hall, visit, holder, stream=stream, told=StoredObject(size, sha256))
        await to_thread.run_sync(keep, limiter=hall.uploads)
    return Kept(size=size)


def _keep(hall: Hall, visit: Visit, holder: str, *, stream: Incoming, told: StoredObject) -> None:
    hall.scope(visit.region).holder(holder)
    key = f"{visit.region}/{holder}/{told.sha256}"
    try:
        there = hall.arrivals.stat(key)
    except NotFoundError:
        limits = regions.limits_of(hall.engine, visit.region)
        if not visits.take(hall.engine, visit.region, told.size, limits):
            raise QuotaError from None
        hall.arrivals.put(key, cast("Binary", stream), told.size, told.sha256)
        return
    if there != told:
        raise AlreadyStoredError
    stream.drain()


@router.head(_PATH, summary="Has it come?", responses={404: {"description": "It has not."}})
def head(holder: HolderId, sha256: Sha256, visit: Region, hall: OpenHall) -> Response:
    """Tell whether the region has delivered an object, so that it need not send it twice."""
    hall.scope(visit.region).holder(holder)
    hall.arrivals.stat(f"{visit.region}/{holder}/{sha256}")
    return Response()
