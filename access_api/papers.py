"""The papers of a release: its metadata table, what it is, terms, citation, and what changed.

What lists objects is made when it is asked for, of what may be served then: a Hold is told to
nobody. What lists none is served as it was written with the release.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Header, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from access_api import wire
from access_api.access import guarded_router
from access_api.content import read_paper
from access_api.ranges import names_etag
from access_api.streams import BlocksResponse, in_blocks
from access_api.visits import Uid, Visit, Visitor
from catalog import releases
from catalog.errors import NotFoundError
from catalog.releases import Release
from catalog.releases.as_text import changes_csv, dictionary_csv, dictionary_json, metadata_csv
from catalog.releases.columns import COLUMNS
from catalog.releases.key_objects import only
from catalog.releases.parquet import parquet
from catalog.vocabulary import ReleaseState

_BLOCK: Final = 1 << 16
_CSV: Final = "text/csv; charset=utf-8"
_JSON: Final = "application/json"
_TEXT: Final = "text/plain; charset=utf-8"
_CFF: Final = "application/yaml"
_PARQUET: Final = "application/vnd.apache.parquet"
_DICOM: Final = "application/dicom"

router = guarded_router(tag="Releases")


class Name(StrEnum):
    """What a release has beside its objects."""

    METADATA_CSV = "metadata.csv"
    METADATA_PARQUET = "metadata.parquet"
    DICTIONARY_JSON = "dictionary.json"
    DICTIONARY_CSV = "dictionary.csv"
    RELEASE = "release.json"
    CHANGES = "changes.csv"
    TERMS = "terms.txt"
    CITATION = "citation.txt"
    CITATION_FILE = "CITATION.cff"


@dataclass(frozen=True)
class _Told:
    """What a paper is."""

    media_type: str
    what: str


_PAPERS: Final[dict[Name, _Told]] = {
    Name.METADATA_CSV: _Told(_CSV, "One row for each object: what headers and pixels tell."),
    Name.METADATA_PARQUET: _Told(_PARQUET, "The same table, for programs."),
    Name.DICTIONARY_JSON: _Told(_JSON, "The table's columns: type, meaning, DICOM keyword."),
    Name.DICTIONARY_CSV: _Told(_CSV, "The same, as a table."),
    Name.RELEASE: _Told(_JSON, "The release: number, query, catalogue version, counts."),
    Name.CHANGES: _Told(_CSV, "What was added and replaced since the release before."),
    Name.TERMS: _Told(_TEXT, "What its users are bound to."),
    Name.CITATION: _Told(_TEXT, "How it is cited."),
    Name.CITATION_FILE: _Told(_CFF, "The same, in the Citation File Format."),
}


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
        release, _ = _newest(visit)
    listed = (
        PaperListed(name=name, media_type=told.media_type, what=told.what)
        for name, told in _PAPERS.items()
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
        etag, blocks = _WRITERS[name](visit)
        fresh = names_etag(known, etag)
    return _answer(visit, _PAPERS[name].media_type, name, (etag, blocks), fresh=fresh)


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
        except NotFoundError:  # an erasure wrote it anew since its place was looked up, perhaps
            data = _selection(visit, study_uid)
        etag = _etag(data)
        fresh = names_etag(known, etag)
    name = f"{study_uid}-selection.dcm"
    return _answer(visit, _DICOM, name, (etag, iter((data,))), fresh=fresh)


def _selection(visit: Visit, study_uid: str) -> bytes:
    found, free = releases.selection(
        visit.door.engine, visit.permit_id, study_uid, who=visit.who, today=visit.today
    )
    return only(b"".join(read_paper(visit.door, found)), free)


def _answer(
    visit: Visit, media_type: str, name: str, paper: tuple[str, Iterator[bytes]], *, fresh: bool
) -> Response:
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


def _newest(visit: Visit) -> tuple[Release, Release | None]:
    """Give the release that is served, and the sealed one before it, if there was one."""
    every = releases.releases_of(visit.door.engine, visit.permit_id)
    sealed = [release for release in every if release.state is ReleaseState.SEALED]
    if not sealed:
        raise NotFoundError
    return sealed[0], sealed[1] if len(sealed) > 1 else None


def _etag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()}"'


Written = tuple[str, Iterator[bytes]]


def _whole(data: bytes) -> Written:
    return _etag(data), iter((data,))


def _table(write: Callable[[Iterator[dict[str, Any]]], Iterator[bytes]]) -> Callable[..., Written]:
    def table(visit: Visit) -> Written:
        release, _ = _newest(visit)
        state = releases.state_of(visit.door.engine, release.id)
        rows = releases.metadata(
            visit.door.engine, visit.permit_id, who=visit.who, today=visit.today
        )
        # Another version of the columns is another table.
        return _etag(state.encode() + dictionary_json()), write(rows)

    return table


def _stored(name: Name) -> Callable[[Visit], Written]:
    def stored(visit: Visit) -> Written:
        found = releases.paper(
            visit.door.engine, visit.permit_id, name, who=visit.who, today=visit.today
        )
        return f'"{found.sha256}"', read_paper(visit.door, found)

    return stored


def _changes(visit: Visit) -> Written:
    """Tell what changed, page by page; as long as nothing of either is held anew, it stays."""
    newest, before = _newest(visit)
    if before is None:
        return _whole(b"".join(changes_csv(())))
    engine = visit.door.engine
    states = [releases.state_of(engine, one.id) for one in (before, newest)]
    found = releases.changes(engine, visit.permit_id, before.number, newest.number)
    return _etag("".join(states).encode()), changes_csv(found)


def _release(visit: Visit) -> Written:
    release, before = _newest(visit)
    held = releases.contents(visit.door.engine, release.id)
    told = {
        "permit": release.permit_id,
        "release": release.number,
        "before": before.number if before else None,
        "query": {name: value for name, value in release.query.items() if value is not None},
        "catalogue_version": release.catalogue_version,
        "frozen_at": release.frozen_at.isoformat(),
        "sealed_at": release.sealed_at.isoformat() if release.sealed_at else None,
        "studies": held.studies,
        "instances": held.instances,
        "size": held.size,
        "copies": releases.copies(visit.door.engine, release.id),
    }
    return _whole((json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode())


_WRITERS: Final[dict[Name, Callable[[Visit], Written]]] = {
    Name.METADATA_CSV: _table(metadata_csv),
    Name.METADATA_PARQUET: _table(lambda rows: parquet(COLUMNS, rows)),
    Name.DICTIONARY_JSON: lambda _visit: _whole(dictionary_json()),
    Name.DICTIONARY_CSV: lambda _visit: _whole(b"".join(dictionary_csv())),
    Name.RELEASE: _release,
    Name.CHANGES: _changes,
    Name.TERMS: _stored(Name.TERMS),
    Name.CITATION: _stored(Name.CITATION),
    Name.CITATION_FILE: _stored(Name.CITATION_FILE),
}
