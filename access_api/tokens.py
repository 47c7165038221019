"""Who is calling: bearer tokens (RFC 9068) verified against the issuer's public keys."""

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any, Final, Protocol, TypeGuard

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, GuestProtocol, KeySet

from access_api.errors import AuthenticationError, KeysError
from access_api.settings import DEVELOPMENT_ISSUER, DoorSettings, Environment

ALGORITHMS: Final = ("ES256",)
TOKEN_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
MAX_TOKEN: Final = 8192
MAX_SUBJECT: Final = 255
MAX_KEY_FILE: Final = 1 << 20


class Role(StrEnum):
    """What a caller may be; anything else in a token is ignored."""

    RESEARCHER = "researcher"
    ASSESSOR = "assessor"
    OPERATOR = "operator"
    SPE = "spe"
    PACS_ADMIN = "pacs_admin"


@dataclass(frozen=True, repr=False)
class Caller:
    """A verified caller: `sub` of the issuer and the roles it vouches for.

    Attributes:
        token: The token's id, where it has one.
    """

    subject: str
    roles: frozenset[Role]
    token: str = ""


class Verifies(Protocol):
    """Turns a bearer token into a Caller."""

    def verify(self, token: str) -> Caller:
        """Return who calls; raises AuthenticationError."""


class KeyFile:
    """The issuer's public keys in a JWKS file (RFC 7517), read again when the file changes.

    Fails closed: a file that cannot be read, or without a P-256 public key, opens nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._keys: dict[str, ECKey] = {}

    def keys(self) -> dict[str, ECKey]:
        """Return the keys by `kid`; raises KeysError."""
        try:
            stat = self._path.stat()
        except OSError:
            raise KeysError from None
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        with self._lock:
            if stamp != self._stamp:
                self._keys, self._stamp = _read(self._path), stamp
            return self._keys


def _read(path: Path) -> dict[str, ECKey]:
    """Read the P-256 public keys; a file with a private key in it is refused whole."""
    try:
        with path.open("rb") as file:
            found = KeySet.import_key_set(json.loads(file.read(MAX_KEY_FILE)))
    except (OSError, ValueError, TypeError, KeyError, JoseError):
        raise KeysError from None
    if any(key.is_private for key in found):
        raise KeysError
    keys = {str(key.kid): key for key in found if _usable(key)}
    if not keys:
        raise KeysError
    return keys


def _usable(key: object) -> TypeGuard[ECKey]:
    return isinstance(key, ECKey) and key.curve_name == "P-256" and key.get("use") != "enc"


class Verifier:
    """Turns a bearer token into a Caller, or raises AuthenticationError."""

    def __init__(self, settings: DoorSettings) -> None:
        development = settings.environment is Environment.DEVELOPMENT
        if settings.issuer == DEVELOPMENT_ISSUER and not development:
            raise KeysError
        self._keys = KeyFile(settings.jwks_file)
        self._claims = jwt.JWTClaimsRegistry(
            leeway=settings.leeway_s,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.audience},
            exp={"essential": True},
            sub={"essential": True},
            roles={"essential": True, "allow_blank": True},
        )

    def verify(self, token: str) -> Caller:
        """Verify signature, issuer, audience and times; return who calls."""
        if len(token) > MAX_TOKEN:
            raise AuthenticationError
        known = self._keys.keys()
        try:
            decoded = jwt.decode(token, _chooser(known), algorithms=list(ALGORITHMS))
            self._claims.validate(decoded.claims)
        except (JoseError, ValueError, TypeError):
            raise AuthenticationError from None
        # An ID token is no access token, whoever it is for (RFC 9068 §4).
        if str(decoded.header.get("typ", "")).lower() not in TOKEN_TYPES:
            raise AuthenticationError
        return _caller(decoded.claims)


def _chooser(known: dict[str, ECKey]) -> Any:  # noqa: ANN401 - joserfc's own callback type
    def choose(token: GuestProtocol) -> ECKey:
        kid = token.headers().get("kid")
        if kid is None and len(known) == 1:
            return next(iter(known.values()))
        if not isinstance(kid, str) or kid not in known:
            raise AuthenticationError
        return known[kid]

    return choose


def _caller(claims: dict[str, Any]) -> Caller:
    subject, roles = claims["sub"], claims["roles"]
    if not isinstance(subject, str) or not subject.isprintable():
        raise AuthenticationError
    if not 0 < len(subject) <= MAX_SUBJECT:
        raise AuthenticationError
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise AuthenticationError
    return Caller(subject, frozenset(Role(role) for role in roles if role in set(Role)))
