"""`POST /token`: a secure processing environment's assertion becomes a token for ten minutes.

OAuth 2.0 client credentials (RFC 6749 §4.4) with an assertion as the client's authentication
(RFC 7521 §4.2, RFC 7523 §2.2). Answers and refusals are those of RFC 6749 §5; paces, sizes and what
the catalogue cannot answer are problems as everywhere else.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from access_api import wire
from access_api.access import ANYONE, guarded_router
from access_api.door import OpenDoor
from access_api.errors import AuthenticationError, Grant, GrantError

FORM: Final = "application/x-www-form-urlencoded"
MAX_FORM: Final = 16 * 1024
MAX_FIELDS: Final = 16
GRANT: Final = "client_credentials"
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NEVER_KEPT: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""What RFC 6749 §5.1 has every answer say."""

_REQUIRED: Final = ("grant_type", "client_assertion_type", "client_assertion")
_PROPERTIES: Final = {
    "grant_type": {"type": "string", "enum": [GRANT]},
    "client_assertion_type": {"type": "string", "enum": [ASSERTION_TYPE]},
    "client_assertion": {
        "type": "string",
        "description": "The signed assertion; taken once.",
        "pattern": r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$",
        "maxLength": 8192,
    },
    "client_id": {"type": "string", "description": "The account's id; it may be left out."},
}
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": [*_REQUIRED],
                    "properties": _PROPERTIES,
                    "additionalProperties": {"type": "string"},
                }
            }
        },
    }
}

router = guarded_router(tag="Service")


class TokenAnswer(BaseModel):
    """A token (RFC 6749 §5.1)."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the word of RFC 6750
    expires_in: int


class TokenRefusal(BaseModel):
    """Why there is none (RFC 6749 §5.2); the operator's log has more."""

    error: Grant


async def _body(request: Request) -> bytes:
    return await request.body()


@router.post(
    "/token",
    summary="Get a token for an assertion",
    response_model=TokenAnswer,
    responses={
        400: {"model": TokenRefusal, "description": "It is not as it must be."},
        401: {"model": TokenRefusal, "description": "The assertion does not hold."},
        **wire.TOKEN_REFUSALS,
    },
    openapi_extra=BODY,
    dependencies=[ANYONE],
)
def exchange(
    request: Request, door: OpenDoor, body: Annotated[bytes, Depends(_body)]
) -> JSONResponse:
    """Exchange what a secure processing environment signed for a token that holds ten minutes.

    The assertion is taken once; the token opens as many requests as come in its time.
    """
    address = request.client.host if request.client else ""
    try:
        form = _read(request.headers, body)
        issued = door.verifier.exchange(form["client_assertion"], form.get("client_id"), address)
    except (GrantError, AuthenticationError) as error:
        return _refused(request, error)
    answer = TokenAnswer(access_token=issued.token, expires_in=issued.seconds)
    return JSONResponse(answer.model_dump(), headers=NEVER_KEPT)


def _read(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """Read the form; nothing in it may stand twice (RFC 6749 §3.2), unknown fields are ignored."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    # Whoever authenticates in a header, too, does it in two ways (RFC 6749 §2.3).
    if kind != FORM or len(body) > MAX_FORM or "authorization" in headers:
        raise GrantError(Grant.INVALID_REQUEST)
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise GrantError(Grant.INVALID_REQUEST) from None
    form = dict(pairs)
    if len(form) < len(pairs):
        raise GrantError(Grant.INVALID_REQUEST)
    # What has no value counts as left out (RFC 6749 §3.2).
    return _required({name: value for name, value in pairs if value})


def _required(form: dict[str, str]) -> dict[str, str]:
    if any(name not in form for name in _REQUIRED) or "client_secret" in form:
        raise GrantError(Grant.INVALID_REQUEST)
    if form["grant_type"] != GRANT:
        raise GrantError(Grant.UNSUPPORTED_GRANT_TYPE)
    if form["client_assertion_type"] != ASSERTION_TYPE:
        raise GrantError(Grant.INVALID_CLIENT)
    if "scope" in form:  # what a token opens is what permits say
        raise GrantError(Grant.INVALID_SCOPE)
    return form


def _refused(request: Request, error: GrantError | AuthenticationError) -> JSONResponse:
    said = error.error if isinstance(error, GrantError) else Grant.INVALID_CLIENT
    request.state.error = type(error).__name__
    request.state.reason = error.reason.value if isinstance(error, AuthenticationError) else said
    if said is not Grant.INVALID_CLIENT:
        return JSONResponse({"error": said}, HTTPStatus.BAD_REQUEST, NEVER_KEPT)
    asked = NEVER_KEPT | {"WWW-Authenticate": "Bearer"}
    return JSONResponse({"error": said}, HTTPStatus.UNAUTHORIZED, asked)
