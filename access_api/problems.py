"""One table: what went wrong → what the caller is told (RFC 9457, application/problem+json).

A problem never carries the input, an identifier, a path or an exception's text. An unknown permit,
somebody else's permit and an unknown UID are the same answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from access_api import errors
from catalog import errors as catalog_errors

_LIMITS: Final = {
    "ge": "at least",
    "le": "at most",
    "pattern": "in the form",
    "min_length": "length at least",
    "max_length": "length at most",
}
WAIT: Final = {HTTPStatus.SERVICE_UNAVAILABLE: "5", HTTPStatus.TOO_MANY_REQUESTS: "10"}
MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """What the caller is told: a type (`urn:mammo:problem:<name>`), a status and a title."""

    name: str
    status: HTTPStatus
    title: str

    def body(self) -> dict[str, Any]:
        """Return the members of RFC 9457 §3.1."""
        return {
            "type": f"urn:mammo:problem:{self.name}",
            "title": self.title,
            "status": int(self.status),
        }


UNKNOWN: Final = Problem("not-found", HTTPStatus.NOT_FOUND, "There is no such thing for you.")
INVALID: Final = Problem(
    "invalid-request", HTTPStatus.UNPROCESSABLE_ENTITY, "The request is not valid."
)
INTERNAL: Final = Problem("internal", HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong.")
TOO_LARGE: Final = Problem(
    "too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "It is larger than what is taken."
)
SLOW: Final = Problem("timeout", HTTPStatus.REQUEST_TIMEOUT, "The bytes came too slowly.")
PACE: Final = Problem("too-many-requests", HTTPStatus.TOO_MANY_REQUESTS, "Ask more slowly.")
LARGE_HEADERS: Final = Problem(
    "headers-too-large", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large."
)
TOO_LONG: Final = Problem("uri-too-long", HTTPStatus.REQUEST_URI_TOO_LONG, "The URL is too long.")
UNAVAILABLE: Final = Problem(
    "unavailable", HTTPStatus.SERVICE_UNAVAILABLE, "The service cannot answer now; try again."
)

Table = Mapping[type[Exception], Problem]
TABLE: Final[Table] = MappingProxyType(
    {
        errors.AuthenticationError: Problem(
            "unauthenticated", HTTPStatus.UNAUTHORIZED, "A valid bearer token is needed."
        ),
        errors.ForbiddenError: Problem(
            "forbidden", HTTPStatus.FORBIDDEN, "Your role does not allow this."
        ),
        errors.GrantError: Problem(
            "no-token-request", HTTPStatus.BAD_REQUEST, "It is no request for a token."
        ),
        errors.UnknownError: UNKNOWN,
        errors.RangeError: Problem(
            "range-not-satisfiable",
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            "The range lies outside the object.",
        ),
        errors.AddressError: Problem(
            "no-public-address",
            HTTPStatus.CONFLICT,
            "This door was not told its public address, so it cannot write links.",
        ),
        errors.PaceError: PACE,
        errors.PreconditionError: Problem(
            "precondition-required",
            HTTPStatus.PRECONDITION_REQUIRED,
            "Say in If-Match which version you have read.",
        ),
        errors.KeysError: UNAVAILABLE,
        errors.BrokenStreamError: UNAVAILABLE,
        catalog_errors.NotFoundError: UNKNOWN,
        # A Hold is told to nobody: "withdrawn" would say that a certain woman opted out.
        catalog_errors.HeldError: UNKNOWN,
        catalog_errors.PermitError: Problem(
            "permit-not-in-force", HTTPStatus.FORBIDDEN, "The permit is not in force."
        ),
        catalog_errors.StepError: Problem(
            "no-such-step", HTTPStatus.CONFLICT, "It takes no such step as it stands."
        ),
        catalog_errors.FormError: Problem(
            "incomplete", HTTPStatus.UNPROCESSABLE_ENTITY, "The application lacks what it must say."
        ),
        catalog_errors.InterestError: Problem(
            "conflict-of-interest",
            HTTPStatus.FORBIDDEN,
            "It names you, or is yours: somebody else has to do this.",
        ),
        catalog_errors.VersionError: Problem(
            "changed", HTTPStatus.PRECONDITION_FAILED, "It was changed meanwhile; read it again."
        ),
        catalog_errors.CursorError: INVALID,
        catalog_errors.RetriableError: UNAVAILABLE,
        catalog_errors.ConflictError: INTERNAL,
        catalog_errors.LedgerKeyError: INTERNAL,
        catalog_errors.SealedError: INTERNAL,
    }
)


def problem_of(error: BaseException, table: Table = TABLE) -> Problem:
    """Look an exception up in the table, by its nearest base class."""
    return next((table[kind] for kind in type(error).__mro__ if kind in table), INTERNAL)


def _respond(
    problem: Problem, headers: Mapping[str, str] | None = None, **members: object
) -> JSONResponse:
    return JSONResponse(
        problem.body() | members,
        status_code=int(problem.status),
        headers=dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


def _on_listed(request: Request, error: Exception, *, table: Table) -> JSONResponse:
    problem = problem_of(error, table)
    # For the log line of this request: a class and a reason of a closed list, never a value.
    request.state.error = type(error).__name__
    request.state.reason = str(getattr(error, "reason", ""))
    headers = {}
    if problem.status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.status in WAIT:
        headers["Retry-After"] = WAIT[problem.status]
    if isinstance(error, errors.RangeError):
        headers["Content-Range"] = f"bytes */{error.size}"
    return _respond(problem, headers, **_told(error))


def _told(error: Exception) -> dict[str, object]:
    """Say what would help: rules that are not met, or a reason of a closed list."""
    if isinstance(error, catalog_errors.FormError):
        return {"gaps": [{"clause": clause, "field": field} for clause, field in error.gaps]}
    return {"detail": error.reason.value} if isinstance(error, catalog_errors.StepError) else {}


def _on_http(_: Request, error: Exception) -> JSONResponse:
    status = HTTPStatus(error.status_code) if isinstance(error, HTTPException) else INTERNAL.status
    if status is HTTPStatus.NOT_FOUND:
        return _respond(UNKNOWN)
    if status is HTTPStatus.BAD_REQUEST:  # of FastAPI's own: a body that is no text
        return _respond(INVALID, errors=[])
    allow = (getattr(error, "headers", None) or {}).get("Allow")
    problem = Problem(status.phrase.lower().replace(" ", "-"), status, f"{status.phrase}.")
    return _respond(problem, {"Allow": allow} if allow else None)


def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    if any(entry["loc"][:1] == ("path",) for entry in found):
        return _respond(UNKNOWN)
    known = _parameters(request)
    return _respond(INVALID, errors=[_without_input(entry, known) for entry in found])


def _parameters(request: Request) -> str:
    """Name the query parameters that the path asked for knows."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return ""
    names: list[str] = []
    for field in route.dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names += kind.model_fields
        else:
            names.append(field.alias)
    return ", ".join(names)


def _without_input(entry: Mapping[str, Any], known: str) -> dict[str, str]:
    """Keep where and why, and what is allowed.

    A parameter nobody declared is input too, so its name is left out; those there are, are named.
    """
    declared = entry["type"] != "extra_forbidden"
    told = {
        "in": str(entry["loc"][0]),
        # Names of models' fields: no body has a mapping of the caller's that is checked inside.
        "name": ".".join(map(str, entry["loc"][1:])) if declared else "",
        "reason": str(entry["type"]) if declared else "unknown parameter",
    }
    limits = entry.get("ctx") or {}
    allowed = [str(limits["expected"])] if "expected" in limits else []
    allowed += [f"{words} {limits[key]}" for key, words in _LIMITS.items() if key in limits]
    said = known if not declared else ", ".join(allowed)
    return told | ({"allowed": said} if said else {})


def answer_with_problems(
    app: FastAPI, table: Table = TABLE, own: type[Exception] = errors.DoorError
) -> None:
    """Register a table; unexpected exceptions are answered by `doorstep.Doorstep`.

    `own` is the base of an application's own errors, besides the door's and the catalogue's.
    """
    for base in {own, errors.DoorError, catalog_errors.CatalogError}:
        app.add_exception_handler(base, partial(_on_listed, table=table))
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
