"""How bytes are handed over: conditions, one range, HEAD, and asking again while they are sent."""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Header, Response

from access_api.ranges import Extent, choose_extent, names_etag
from access_api.streams import BlocksResponse, Pieces
from access_api.visits import Visit


@dataclass(frozen=True, repr=False)
class Asked:
    """The fields of a request that decide what of an object is sent (RFC 9110 §13, §14)."""

    wanted: str | None
    known: str | None
    only_if: str | None


async def _asked(
    wanted: Annotated[str | None, Header(alias="Range", max_length=128)] = None,
    known: Annotated[str | None, Header(alias="If-None-Match", max_length=4096)] = None,
    only_if: Annotated[str | None, Header(alias="If-Range", max_length=128)] = None,
) -> Asked:
    # Not a class: FastAPI would make it in a thread.
    return Asked(wanted, known, only_if)


Conditions = Annotated[Asked, Depends(_asked)]


@dataclass(frozen=True, repr=False)
class Parcel:
    """One object as it is offered.

    Attributes:
        size: Its bytes.
        etag: Strong entity tag.
        name: By which a browser saves it.
        headers: What else is said of it, whole or in part.
    """

    size: int
    etag: str
    media_type: str
    name: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """What is sent of a parcel: nothing as the caller has it, a range, or (None) all of it."""

    fresh: bool
    extent: Extent | None


def choose(visit: Visit, asked: Asked, parcel: Parcel) -> Choice:
    """Decide by the request's conditions; raises RangeError for a range outside the object.

    Several ranges get the whole (RFC 9110 §14.2), and HEAD knows no range.
    """
    if names_etag(asked.known, parcel.etag):
        return Choice(fresh=True, extent=None)
    same = asked.only_if is None or asked.only_if == parcel.etag
    ranged = same and not visit.head
    return Choice(fresh=False, extent=choose_extent(asked.wanted, parcel.size) if ranged else None)


def deliver(
    visit: Visit,
    parcel: Parcel,
    choice: Choice,
    read: Callable[[Extent], Pieces | AsyncGenerator[memoryview]],
    ask: Callable[[], object],
) -> Response:
    """Answer with the chosen bytes; `ask` is called every few seconds and ends it by raising."""
    told = {"ETag": parcel.etag, "Accept-Ranges": "bytes", **parcel.headers}
    if choice.fresh:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=told)
    extent = choice.extent or Extent(0, parcel.size, parcel.size)
    told["Content-Length"] = str(extent.length)
    told["Content-Disposition"] = f'attachment; filename="{parcel.name}"'
    if choice.extent is not None:
        told["Content-Range"] = extent.content_range
    return BlocksResponse(
        iter(()) if visit.head else read(extent),
        limiter=visit.door.readers,
        length=None if visit.head else extent.length,
        status_code=HTTPStatus.OK if choice.extent is None else HTTPStatus.PARTIAL_CONTENT,
        headers=told,
        media_type=parcel.media_type,
        watch=visit.door.watch(ask),
    )
