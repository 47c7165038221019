"""The console's table of refusals (RFC 9457): the door's, and a few of its own."""

from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from access_api import errors as door_errors
from access_api import problems
from access_api.console import errors
from access_api.problems import (
    INVALID,
    MEDIA_TYPE,
    PACE,
    TOO_LARGE,
    UNAVAILABLE,
    UNKNOWN,
    Problem,
    Table,
)
from catalog import errors as catalog_errors

TABLE: Final[Table] = MappingProxyType(
    {
        **problems.TABLE,
        errors.ContentError: INVALID,
        catalog_errors.ConflictError: Problem(
            "conflict", HTTPStatus.CONFLICT, "It contradicts what is there."
        ),
    }
)


def _example(problem: Problem) -> dict[str, Any]:
    return {
        "description": problem.title,
        "content": {MEDIA_TYPE: {"example": problem.body()}},
    }


_EVERY: Final = (
    *(TABLE[door_errors.AuthenticationError], TABLE[door_errors.ForbiddenError]),
    *(UNKNOWN, TOO_LARGE, INVALID, PACE, UNAVAILABLE),
)
REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    int(one.status): _example(one) for one in _EVERY
}
