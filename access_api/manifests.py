"""The list of every file of a release, written for whoever reads it.

Links are made of the address that the door was told, never of what a request says of it; and no
format holds a token.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from fastapi import Query, Response

from access_api import wire
from access_api.access import guarded_router
from access_api.archives.layout import path_of
from access_api.errors import AddressError
from access_api.releases import listed
from access_api.streams import BlocksResponse, in_blocks
from access_api.visits import Visit, Visitor
from catalog.releases import Described, manifest

_BLOCK: Final = 1 << 16

router = guarded_router(tag="Releases")


class ManifestFormat(StrEnum):
    """How a manifest is written."""

    JSON = "json"
    NDJSON = "ndjson"
    SHA256SUM = "sha256sum"
    ARIA2 = "aria2"
    CURL = "curl"


@dataclass(frozen=True)
class _Shape:
    """How a manifest begins, separates and ends."""

    media_type: str
    begin: str = ""
    between: str = ""
    end: str = ""


_TEXT: Final = _Shape("text/plain; charset=utf-8")
_NDJSON: Final = _Shape("application/x-ndjson")
_CURL: Final = _Shape(
    _TEXT.media_type,
    "# curl --config THIS_FILE --header @FILE_WITH_THE_TOKEN\n"
    'create-dirs\nfail\ncontinue-at = "-"\nretry = 5\nparallel\nparallel-max = 4\n',
)
_LINKS: Final = frozenset({ManifestFormat.ARIA2, ManifestFormat.CURL})


@router.get(
    "/releases/{permit}/manifest",
    summary="List every file with its digest",
    response_class=Response,
    responses=wire.MANIFEST_REFUSALS | wire.MANIFEST,
)
def read_manifest(
    visit: Visitor,
    written: Annotated[
        ManifestFormat,
        Query(
            alias="format",
            description="`sha256sum -c`, `aria2c -i` and `curl -K` read the last three.",
        ),
    ] = ManifestFormat.JSON,
) -> Response:
    """Stream path, size and SHA-256 of every instance that may be served now."""
    with visit.recorded("manifest", "manifest"):
        visit.permit_to_read()
        if written in _LINKS and not visit.door.public_url:
            raise AddressError
        found = manifest(visit.door.engine, visit.permit_id, who=visit.who, today=visit.today)
    shape, line = _writing(visit, written)
    lines = _joined(shape, map(line, found))
    return BlocksResponse(
        iter(()) if visit.head else in_blocks(lines, _BLOCK),
        limiter=visit.door.readers,
        media_type=shape.media_type,
        watch=visit.door.watch(visit.permit_to_read),
    )


def _writing(visit: Visit, written: ManifestFormat) -> tuple[_Shape, Callable[[Described], str]]:
    begin = f'{{"permit": {json.dumps(visit.permit_id)}, "instances": [\n'
    as_json = _Shape("application/json", begin, ",\n", "\n]}\n")
    base = f"{visit.door.public_url.rstrip('/')}/releases/{visit.permit_id}/instances"
    return {
        ManifestFormat.JSON: (as_json, _json),
        ManifestFormat.NDJSON: (_NDJSON, lambda one: f"{_json(one)}\n"),
        ManifestFormat.SHA256SUM: (_TEXT, lambda one: f"{one.sha256}  {path_of(one)}\n"),
        ManifestFormat.ARIA2: (_TEXT, lambda one: _aria2(base, one)),
        ManifestFormat.CURL: (_CURL, lambda one: _curl(base, one)),
    }[written]


def _json(one: Described) -> str:
    return listed(one).model_dump_json()


def _aria2(base: str, one: Described) -> str:
    return f"{base}/{one.sop_uid}\n  out={path_of(one)}\n  checksum=sha-256={one.sha256}\n"


def _curl(base: str, one: Described) -> str:
    return f'url = "{base}/{one.sop_uid}"\noutput = "{path_of(one)}"\n'


def _joined(shape: _Shape, lines: Iterable[str]) -> Iterator[bytes]:
    yield shape.begin.encode()
    between = ""
    for line in lines:
        yield f"{between}{line}".encode()
        between = shape.between
    yield shape.end.encode()
