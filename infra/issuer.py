"""Tokens for a development door: signed here, checked there, with a public key between them.

A door in production trusts the identity provider of its operator instead; here nobody is
asked who they are, so this refuses wherever the door's environment is not "development".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from infra.environment import read_environment_file
from infra.errors import IssuerError
from infra.private import private_directory, write_json, write_private

ALGORITHM: Final = "ES256"
OTHERS: Final = 0o077
LONGEST: Final = timedelta(hours=12)


@dataclass(frozen=True)
class _Door:
    environment: str
    issuer: str
    audience: str
    jwks: Path


def ensure_key(state: Path) -> Path:
    """Draw the signing key the first time, and publish its public half; return where."""
    key = _key(state / "secrets" / "issuer.pem")
    published = private_directory(state / "hub") / "jwks.json"
    write_json(published, {"keys": [key.as_dict(private=False, use="sig", alg=ALGORITHM)]})
    return published


def issue(
    state: Path,
    *,
    sub: str,
    roles: Sequence[str],
    lifetime: timedelta = timedelta(hours=1),
) -> str:
    """Sign an access token (RFC 9068) for a made-up person.

    Raises IssuerError outside development, before the stack was ever up, or for a lifetime
    that is not between a second and twelve hours.
    """
    door = _door(state / "api.env")
    if door.environment != "development":
        message = "This issuer signs for anyone, so it works only where ENVIRONMENT=development."
        raise IssuerError(message)
    if not timedelta(seconds=1) <= lifetime <= LONGEST:
        message = "A development token may live between a second and twelve hours."
        raise IssuerError(message)
    key = _key(state / "secrets" / "issuer.pem")
    now = datetime.now(UTC)
    claims: dict[str, object] = {
        "iss": door.issuer,
        "aud": door.audience,
        "sub": sub,
        "roles": list(roles),
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
        "jti": uuid4().hex,
    }
    header = {"alg": ALGORITHM, "kid": key.kid, "typ": "at+jwt"}
    return jwt.encode(header, claims, key, algorithms=[ALGORITHM])


def _door(path: Path) -> _Door:
    try:
        told = read_environment_file(path)
        return _Door(
            environment=told["MAMMO_API_ENVIRONMENT"],
            issuer=told["MAMMO_API_ISSUER"],
            audience=told["MAMMO_API_AUDIENCE"],
            jwks=Path(told["MAMMO_API_JWKS_FILE"]),
        )
    except (OSError, KeyError) as error:
        message = f"{path} does not say what the door expects. Start the stack first: mammo up"
        raise IssuerError(message) from error


def _key(path: Path) -> ECKey:
    private_directory(path.parent)
    if not path.exists():
        drawn = ECKey.generate_key("P-256", private=True)
        write_private(path, drawn.as_pem(private=True))
    if path.stat().st_mode & OTHERS:
        message = f"{path} can be read by others. Begin again with new keys: mammo reset"
        raise IssuerError(message)
    try:
        key = ECKey.import_key(path.read_bytes())
    except (JoseError, ValueError) as error:
        message = f"{path} is damaged. Begin again with new keys: mammo reset"
        raise IssuerError(message) from error
    key.ensure_kid()
    return key
