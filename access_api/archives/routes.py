"""A release, one of its studies or one series as one archive, made while it is sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Annotated, Final

from fastapi import Query, Response
from fastapi.responses import StreamingResponse

from access_api import wire
from access_api.access import guarded_router
from access_api.archives.layout import Layout, read_archive, survey
from access_api.archives.tar import Tar
from access_api.archives.zipped import Zip
from access_api.content import read_instance
from access_api.delivery import Asked, Conditions, Parcel, choose, deliver
from access_api.errors import BrokenStreamError
from access_api.ranges import Extent
from access_api.streams import Pieces, grouped
from access_api.visits import Uid, Visit, Visitor
from catalog.errors import NotFoundError
from catalog.releases import Member, Part, members


class ArchiveFormat(StrEnum):
    """What kind of archive: both are uncompressed, and both resume."""

    ZIP = "zip"
    TAR = "tar"


LAYOUTS: Final[dict[ArchiveFormat, Layout]] = {ArchiveFormat.ZIP: Zip(), ArchiveFormat.TAR: Tar()}
Format = Annotated[
    ArchiveFormat, Query(alias="format", description="Both are uncompressed, and both resume.")
]

router = guarded_router(tag="Releases")


@router.get(
    "/releases/{permit}/archive",
    summary="Download a whole release",
    response_class=StreamingResponse,
    responses=wire.BYTES_REFUSALS | wire.ARCHIVE,
)
def download_release(
    visit: Visitor, asked: Conditions, written: Format = ArchiveFormat.ZIP
) -> Response:
    """Stream the release as one archive of uncompressed files, `study/series/instance.dcm`.

    The same members give the same bytes, so that it resumes; a file that is held or damaged
    meanwhile breaks it off, and it never completes.
    """
    return _send(visit, asked, Part(), (visit.permit_id, written))


@router.get(
    "/releases/{permit}/studies/{study_uid}/archive",
    summary="Download one study",
    response_class=StreamingResponse,
    responses=wire.BYTES_REFUSALS | wire.ARCHIVE,
)
def download_study(
    visit: Visitor, study_uid: Uid, asked: Conditions, written: Format = ArchiveFormat.ZIP
) -> Response:
    """Stream one study as an archive, as of a release."""
    return _send(visit, asked, Part(study_uid), (study_uid, written))


@router.get(
    "/releases/{permit}/studies/{study_uid}/series/{series_uid}/archive",
    summary="Download one series",
    response_class=StreamingResponse,
    responses=wire.BYTES_REFUSALS | wire.ARCHIVE,
)
def download_series(
    visit: Visitor,
    study_uid: Uid,
    series_uid: Uid,
    asked: Conditions,
    written: Format = ArchiveFormat.ZIP,
) -> Response:
    """Stream one series as an archive, as of a release."""
    return _send(visit, asked, Part(study_uid, series_uid), (series_uid, written))


def _send(visit: Visit, asked: Asked, part: Part, name: tuple[str, ArchiveFormat]) -> Response:
    target, written = name
    layout, walk = LAYOUTS[written], partial(_members, visit, part)
    with visit.recorded("archive", target):
        visit.permit_to_read()
        found = survey(layout, walk())
        if not found.count:
            raise NotFoundError
        parcel = Parcel(found.size, found.etag, layout.media_type, f"{target}.{layout.suffix}")
        choice = choose(visit, asked, parcel)
    turns = _Turns(visit)
    return deliver(visit, parcel, choice, partial(_read, layout, walk, turns), turns.ask)


def _members(visit: Visit, part: Part) -> Iterator[Member]:
    engine = visit.door.engine
    return members(engine, visit.permit_id, part, who=visit.who, today=visit.today)


def _read(
    layout: Layout, walk: "partial[Iterator[Member]]", turns: "_Turns", extent: Extent
) -> Pieces:
    """Yield a range; members that changed since the survey make it end early, or not at all."""
    return grouped(read_archive(layout, walk, extent, turns.read))


@dataclass(repr=False)
class _Turns:
    """Whose turn it is: permit and Holds are asked when a file's turn comes, and while it lasts."""

    visit: Visit
    sop_uid: str = ""

    def ask(self) -> None:
        """Raise unless the file that is being sent may still be had."""
        if self.sop_uid:
            self.visit.find(self.sop_uid)
        else:
            self.visit.permit_to_read()

    def read(self, member: Member, extent: Extent) -> Pieces:
        """Open one file."""
        self.sop_uid = member.sop_uid
        found = self.visit.find(member.sop_uid)
        if (found.sha256, found.size) != (member.sha256, member.size):
            # A newer release was sealed under the same UIDs.
            raise BrokenStreamError
        yield read_instance(self.visit.door, found, extent)
