"""Whom a token names, once its signature holds: type, subject and roles."""

from collections.abc import Mapping
from typing import Any, Final

from access_api.errors import AuthenticationError, Doubt
from access_api.identity.caller import Caller
from access_api.identity.roles import grant
from catalog.accounts.assertion import PREFIX

MAX_SUBJECT: Final = 255
MAX_TOKEN_ID: Final = 255
ACCESS_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
PLAIN_TYPES: Final = frozenset({"jwt"})

#: Claims of ID tokens and logout tokens alone (OpenID Connect Core §2, §3.3.2.11; Back-Channel
#: Logout §2.4).
_NEVER: Final = frozenset({"nonce", "at_hash", "c_hash", "s_hash", "events"})
#: Claims whose value says what kind of token it is: Keycloak's `typ`, Cognito's `token_use`.
_KINDS: Final[Mapping[str, str]] = {"typ": "bearer", "token_use": "access"}
#: Claims that only access tokens have (RFC 9068 §2.2; `scp` is Entra's and Okta's).
_MARKS: Final = ("scope", "scp", "client_id")


def require_access_token(
    header: Mapping[str, Any], claims: Mapping[str, Any], *, plain: bool, audience: str
) -> None:
    """Refuse what is no access token, whoever it is for (RFC 9068 §4).

    Args:
        header: Of the token.
        claims: Its claims, signature and times being checked.
        plain: Take tokens whose type is `JWT` too, if all else says that they are access tokens:
            a mark that ID tokens lack, and none that they have.
        audience: Ours. A client of that name would make its own ID tokens look meant for us.
    """
    kind = str(header.get("typ", "")).lower()
    if "cnf" in claims:
        # Bound to a key (RFC 8705, RFC 9449): as a bearer token it may be a stolen one.
        raise AuthenticationError(Doubt.BOUND)
    if kind in ACCESS_TYPES:
        return
    if not plain or kind not in PLAIN_TYPES:
        raise AuthenticationError(Doubt.TYPE)
    said = {name: str(claims[name]).lower() for name in _KINDS if name in claims}
    marked = bool(said) or any(name in claims for name in _MARKS)
    if (
        not marked
        or not _NEVER.isdisjoint(claims)
        or any(said[name] != _KINDS[name] for name in said)
        or audience in {claims.get("azp"), claims.get("client_id")}
    ):
        raise AuthenticationError(Doubt.ID_TOKEN)


def caller_of(claims: Mapping[str, Any], place: str, names: Mapping[str, str]) -> Caller:
    """Read whom a provider's token names, and what they may be.

    Args:
        claims: Of a token that holds.
        place: Where the roles are: a claim's name, or names joined by dots, from outside in.
        names: Our words by the provider's; empty: they are the same.

    Raises:
        AuthenticationError: There is no subject, it is reserved, or no list of roles.
        RolesError: The roles are kept apart.
    """
    subject, words = claims["sub"], _found(claims, place)
    if not isinstance(subject, str) or not subject.isprintable():
        raise AuthenticationError(Doubt.SUBJECT)
    if not 0 < len(subject) <= MAX_SUBJECT or subject.startswith(PREFIX):
        raise AuthenticationError(Doubt.SUBJECT)
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise AuthenticationError(Doubt.ROLES)
    granted = grant(names.get(word, "") for word in words) if names else grant(words)
    return Caller(subject, granted.roles, token_id(claims), granted.regions)


def token_id(claims: Mapping[str, Any]) -> str:
    """Give a token's id; empty if it has none that can be written down."""
    said = claims.get("jti", "")
    written = isinstance(said, str) and said.isprintable() and len(said) <= MAX_TOKEN_ID
    return said if written else ""


def _found(claims: Mapping[str, Any], place: str) -> object:
    """Look a claim up by its name, or else by the names that dots separate."""
    if place in claims:
        return claims[place]
    here: object = claims
    for name in place.split("."):
        here = here.get(name) if isinstance(here, Mapping) else None
    return here
