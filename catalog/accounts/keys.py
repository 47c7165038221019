"""The keys of service accounts: P-256, public ones as JWK (RFC 7517), private ones as PEM."""

import json

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from catalog.errors import ConflictError, Reason

CURVE = "P-256"
_PUBLIC = ("kty", "crv", "x", "y")


def read_public(text: str) -> tuple[str, str]:
    """Read a public key as it was told; give its thumbprint (RFC 7638), and itself, sorted.

    Raises:
        ConflictError: It is no public P-256 key; a private one is nobody's to send.
    """
    try:
        said = json.loads(text)
        if not isinstance(said, dict) or "d" in said or said.get("kty") != "EC":
            raise ConflictError(Reason.NO_PUBLIC_KEY)
        key = ECKey.import_key({name: said[name] for name in _PUBLIC})
    except (JoseError, ValueError, TypeError, KeyError):
        raise ConflictError(Reason.NO_PUBLIC_KEY) from None
    if key.curve_name != CURVE:
        raise ConflictError(Reason.NO_PUBLIC_KEY)
    return key.thumbprint(), public_text(key)


def of(jwk: str) -> ECKey:
    """Take a public key out of its record."""
    return ECKey.import_key(json.loads(jwk))


def read_private(pem: bytes) -> ECKey:
    """Read a private key.

    Raises:
        ConflictError: It is none of this kind.
    """
    try:
        key = ECKey.import_key(pem)
    except (JoseError, ValueError, TypeError):
        raise ConflictError(Reason.NO_PRIVATE_KEY) from None
    if not key.is_private or key.curve_name != CURVE:
        raise ConflictError(Reason.NO_PRIVATE_KEY)
    return key


def draw() -> ECKey:
    """Draw a new private key."""
    return ECKey.generate_key(CURVE, private=True)


def public_text(key: ECKey) -> str:
    """Write a key's public half as one line of JSON."""
    said = key.as_dict(private=False)
    return json.dumps({name: said[name] for name in _PUBLIC})
