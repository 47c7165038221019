"""What comes with a request: records, read whole and small, and objects, piece by piece."""

import hashlib
import time
from functools import cache
from io import RawIOBase
from typing import Final, Generic, TypeVar

from anyio import fail_after, from_thread
from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from access_api.intake.entry import Region, Visit
from access_api.intake.errors import (
    DigestError,
    LengthError,
    MessageError,
    SlowError,
    TooLargeError,
)
from access_api.intake.hall import Hall, OpenHall
from catalog.arrivals import wire

T = TypeVar("T", bound=BaseModel)

_PLACES: Final = 20
_RECORD_SECONDS: Final = 60.0


class Pieces:
    """The bytes of a request as they come, within a time."""

    def __init__(self, request: Request, *, idle: float, whole: float) -> None:
        self._stream = aiter(request.stream())
        self._idle = idle
        self._until = time.monotonic() + whole

    async def next(self) -> bytes:
        """Give the next piece; nothing at the end.

        Raises:
            SlowError: It did not come in time, or the caller left.
        """
        left = self._until - time.monotonic()
        try:
            with fail_after(max(min(self._idle, left), 0)):
                return await anext(self._stream, b"")
        except (TimeoutError, ClientDisconnect):
            raise SlowError from None


class Posted(Generic[T]):
    """A dependency that reads a record: signed, small, and of one schema."""

    def __init__(self, model: type[T]) -> None:
        self._model = model

    async def __call__(self, visit: Region, hall: OpenHall, request: Request) -> T:
        """Return the record; raises a RefusalError that names only places of the schema."""
        body = await _whole(visit, hall, request)
        try:
            return self._model.model_validate_json(body, strict=True)
        except ValidationError as error:
            places = tuple(
                (".".join(_place(part) for part in one["loc"]), str(one["type"]))
                for one in error.errors(include_url=False, include_input=False)[:_PLACES]
                if one["type"] != "extra_forbidden"
            )
            raise MessageError(places) from None


def _place(part: str | int) -> str:
    """Name a place of the schema; a key that somebody made up is not repeated."""
    return str(part) if isinstance(part, int) or part in _names() else "?"


@cache
def _names() -> frozenset[str]:
    models = (one for one in vars(wire).values() if isinstance(one, type))
    known = (one.model_fields for one in models if issubclass(one, BaseModel))
    return frozenset(name for fields in known for name in fields)


async def _whole(visit: Visit, hall: Hall, request: Request) -> bytes:
    limit = hall.settings.message_bytes
    pieces = Pieces(request, idle=hall.settings.idle_seconds, whole=_RECORD_SECONDS)
    body = bytearray()
    while piece := await pieces.next():
        body += piece
        if len(body) > limit:
            raise TooLargeError
    if hashlib.sha256(body).hexdigest() != visit.sha256:
        raise DigestError
    return bytes(body)


def announced_size(request: Request, limit: int) -> int:
    """Give how many bytes a request says it has.

    Raises:
        LengthError: It does not say.
        TooLargeError: More than `limit`, or none.
    """
    told = request.headers.getlist("content-length")
    if len(told) != 1 or "transfer-encoding" in request.headers:
        raise LengthError
    if not told[0].isascii() or not told[0].isdigit():
        raise LengthError
    if not 0 < int(told[0][:20]) <= limit:
        raise TooLargeError
    return int(told[0])


class Incoming(RawIOBase):
    """A request's bytes as a stream for another thread, checked before the last one is given.

    So what is not as announced is never stored: the upload that reads it does not complete.
    """

    def __init__(self, pieces: Pieces, size: int, sha256: str) -> None:
        super().__init__()
        self._pieces = pieces
        self._left = size
        self._sha256 = sha256
        self._digest = hashlib.sha256()
        self._held = b""

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Give some of the bytes, at most `size`.

        Raises:
            DigestError: The bytes are not those announced, or not as many.
            SlowError: They did not come in time.
        """
        if not self._held and self._left:
            self._held = from_thread.run(self._pieces.next)
            self._digest.update(self._held)
            self._left -= len(self._held)
            if self._left < 0 or not self._held:
                raise DigestError
            if not self._left and self._digest.hexdigest() != self._sha256:
                raise DigestError
        cut = len(self._held) if size < 0 else size
        given, self._held = self._held[:cut], self._held[cut:]
        return given

    def drain(self) -> None:
        """Read to the end, and keep nothing."""
        while self.read(1 << 20):
            pass
