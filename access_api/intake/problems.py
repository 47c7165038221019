"""One table: what went wrong → what the region is told (RFC 9457), in the shape of the door's.

What the catalogue says is told by name, so that the region can raise the same. Nothing of the
request is ever repeated.
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from access_api.intake import errors
from access_api.problems import (
    INTERNAL,
    INVALID,
    MEDIA_TYPE,
    TOO_LONG,
    UNAVAILABLE,
    UNKNOWN,
    Problem,
)
from catalog import errors as catalog_errors
from catalog.errors import CatalogError

CONFLICT: Final = Problem("conflict", HTTPStatus.CONFLICT, "It contradicts what is there.")
TABLE: Final[Mapping[type[Exception], Problem]] = MappingProxyType(
    {
        errors.SignatureError: Problem(
            "unauthenticated", HTTPStatus.UNAUTHORIZED, "A region's signature is needed."
        ),
        errors.DigestError: Problem(
            "digest", HTTPStatus.UNPROCESSABLE_ENTITY, "The bytes are not those announced."
        ),
        errors.MessageError: INVALID,
        errors.LengthError: Problem(
            "length-required", HTTPStatus.LENGTH_REQUIRED, "The size must be announced."
        ),
        errors.TooLargeError: Problem(
            "too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "It is larger than what is taken."
        ),
        errors.SlowError: Problem(
            "timeout", HTTPStatus.REQUEST_TIMEOUT, "The bytes came too slowly."
        ),
        errors.PaceError: Problem(
            "too-many-requests", HTTPStatus.TOO_MANY_REQUESTS, "Ask more slowly."
        ),
        errors.QuotaError: Problem(
            "quota", HTTPStatus.TOO_MANY_REQUESTS, "Today's quota is used up."
        ),
        catalog_errors.NotFoundError: UNKNOWN,
        catalog_errors.ConflictError: CONFLICT,
        catalog_errors.RetriableError: UNAVAILABLE,
    }
)
REFUSALS: Final[dict[int | str, dict[str, object]]] = {
    int(one.status): {
        "description": one.title,
        "content": {MEDIA_TYPE: {"example": one.body()}},
    }
    for one in (*TABLE.values(), TOO_LONG)
    if one is not INTERNAL
}
"""What every route that asks who enters may answer, by status."""

_WAIT: Final = {HTTPStatus.SERVICE_UNAVAILABLE: "5", HTTPStatus.TOO_MANY_REQUESTS: "10"}


def problem_of(error: Exception) -> Problem:
    """Look an exception up in the table, by its nearest base class."""
    return next((TABLE[kind] for kind in type(error).__mro__ if kind in TABLE), INTERNAL)


def _on_listed(request: Request, error: Exception) -> JSONResponse:
    problem = problem_of(error)
    request.state.error = type(error).__name__
    request.state.reason = str(getattr(error, "reason", ""))
    members: dict[str, object] = {}
    if isinstance(error, CatalogError) and problem.status in {CONFLICT.status, UNAVAILABLE.status}:
        members = {"error": type(error).__name__, "reason": error.reason.name}
    if isinstance(error, errors.MessageError):
        members = {"errors": [{"in": place, "reason": why} for place, why in error.places]}
    return _respond(problem, members)


def _respond(problem: Problem, members: Mapping[str, object]) -> JSONResponse:
    headers = {"Retry-After": _WAIT[problem.status]} if problem.status in _WAIT else {}
    return JSONResponse(
        {**problem.body(), **members},
        status_code=int(problem.status),
        headers=headers,
        media_type=MEDIA_TYPE,
    )


def _on_http(_: Request, error: Exception) -> JSONResponse:
    status = HTTPStatus(error.status_code) if isinstance(error, HTTPException) else INTERNAL.status
    if status is HTTPStatus.NOT_FOUND:
        return _respond(UNKNOWN, {})
    name = status.phrase.lower().replace(" ", "-")
    return _respond(Problem(name, status, f"{status.phrase}."), {})


def _on_invalid(_: Request, __: Exception) -> JSONResponse:
    # Only paths and queries are read by FastAPI here: what they name is not there.
    return _respond(UNKNOWN, {})


def answer_with_problems(app: FastAPI) -> None:
    """Register the table; unexpected exceptions are answered by `doorstep.Doorstep`."""
    for base in (errors.RefusalError, CatalogError):
        app.add_exception_handler(base, _on_listed)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
