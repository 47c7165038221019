"""Bytes of one instance."""

from typing import Final

from fastapi import Response
from fastapi.responses import StreamingResponse

from access_api import wire
from access_api.access import guarded_router
from access_api.content import etag_of, read_instance, repr_digest
from access_api.delivery import Conditions, Parcel, choose, deliver
from access_api.visits import Uid, Visitor

DICOM: Final = "application/dicom"

router = guarded_router(tag="Releases")


@router.get(
    "/releases/{permit}/instances/{sop_uid}",
    summary="Download one instance",
    response_class=StreamingResponse,
    responses=wire.BYTES_REFUSALS | wire.BYTES,
)
def download_instance(visit: Visitor, sop_uid: Uid, asked: Conditions) -> Response:
    """Stream one DICOM object of the release, or one byte range of it (PS3.10).

    `ETag` and `Repr-Digest` are the SHA-256 of the whole object, as in the manifest.
    """
    with visit.recorded("download", sop_uid):
        found = visit.find(sop_uid)
        parcel = Parcel(
            found.size,
            etag_of(found),
            DICOM,
            f"{sop_uid}.dcm",
            {"Repr-Digest": repr_digest(found)},
        )
        choice = choose(visit, asked, parcel)
    return deliver(
        visit,
        parcel,
        choice,
        lambda extent: read_instance(visit.door, found, extent),
        lambda: visit.find(sop_uid),
    )
