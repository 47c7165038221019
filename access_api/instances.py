"""Bytes: one instance, or one study as an archive. Nothing else of the door serves any."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Header, Response
from fastapi.responses import StreamingResponse

from access_api import wire
from access_api.access import guarded_router
from access_api.content import etag_of, read_instance, repr_digest, zip_instances, zip_size
from access_api.ranges import Extent, choose_extent, names_etag
from access_api.streams import BlocksResponse, opened
from access_api.visits import Uid, Visit, Visitor
from catalog.releases import Servable, list_instances, servable

DICOM: Final = "application/dicom"
ZIP: Final = "application/zip"

router = guarded_router(tag="Releases")


def _find(visit: Visit, sop_uid: str) -> Servable:
    """Check permit, tier and Holds; return where the instance's bytes lie."""
    visit.permit_to_read()
    return servable(
        visit.door.engine,
        visit.permit_id,
        sop_uid,
        who=visit.who,
        today=visit.today,
    )


@router.get(
    "/releases/{permit}/instances/{sop_uid}",
    summary="Download one instance",
    response_class=StreamingResponse,
    responses=wire.BYTES_REFUSALS | wire.BYTES,
)
def download_instance(
    visit: Visitor,
    sop_uid: Uid,
    wanted: Annotated[str | None, Header(alias="Range", max_length=128)] = None,
    known: Annotated[str | None, Header(alias="If-None-Match", max_length=4096)] = None,
    only_if: Annotated[str | None, Header(alias="If-Range", max_length=128)] = None,
) -> Response:
    """Stream one DICOM object of the release, or one byte range of it (PS3.10).

    `ETag` and `Repr-Digest` are the SHA-256 of the whole object, as in the manifest.
    """
    with visit.recorded("download", sop_uid):
        found = _find(visit, sop_uid)
        etag = etag_of(found)
        fresh = names_etag(known, etag)
        allowed = only_if is None or only_if == etag
        extent = choose_extent(wanted, found.size) if allowed and not fresh else None
    headers = {"ETag": etag, "Accept-Ranges": "bytes", "Repr-Digest": repr_digest(found)}
    if fresh:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return _send(visit, found, extent, headers)


def _send(
    visit: Visit, found: Servable, extent: Extent | None, headers: dict[str, str]
) -> Response:
    status = HTTPStatus.OK if extent is None else HTTPStatus.PARTIAL_CONTENT
    headers["Content-Length"] = str(found.size if extent is None else extent.length)
    headers["Content-Disposition"] = f'attachment; filename="{found.sop_uid}.dcm"'
    if extent is not None:
        headers["Content-Range"] = extent.content_range
    blocks = opened(read_instance(visit.door, found, extent))
    return BlocksResponse(
        blocks,
        limiter=visit.door.readers,
        status_code=status,
        headers=headers,
        media_type=DICOM,
    )


@router.get(
    "/releases/{permit}/studies/{study_uid}/archive",
    summary="Download one study",
    response_class=StreamingResponse,
    responses=wire.RELEASE_REFUSALS | wire.ARCHIVE,
)
def download_study(visit: Visitor, study_uid: Uid) -> Response:
    """Stream one study as a ZIP64 archive of uncompressed files, `study/series/instance.dcm`.

    A file that is recalled or damaged meanwhile breaks the download off; it never completes.
    """
    with visit.recorded("archive", study_uid):
        visit.permit_to_read()
        members = list_instances(
            visit.door.engine, visit.permit_id, study_uid, who=visit.who, today=visit.today
        )
    return BlocksResponse(
        opened(zip_instances(visit.door, _checked_again(visit, members))),
        limiter=visit.door.readers,
        headers={
            "Content-Length": str(zip_size(members)),
            "Content-Disposition": f'attachment; filename="{study_uid}.zip"',
        },
        media_type=ZIP,
    )


def _checked_again(visit: Visit, members: tuple[Servable, ...]) -> Iterator[Servable]:
    """Ask for permit and Holds once more when a file's turn comes; minutes may have passed."""
    for member in members:
        yield _find(visit, member.sop_uid)
