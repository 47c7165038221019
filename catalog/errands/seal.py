"""What the console seals and only the region's worker opens: HPKE (RFC 9180), base mode.

X25519, HKDF-SHA256, AES-256-GCM. The console holds the public key alone: it writes, and cannot
read what it wrote. `info` is the errand's own, so that what was sealed for one opens for no other.
"""

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from catalog.errands.records import ErrandKind, NewErrand, Taken
from catalog.errors import SealedError

_PURPOSE = "mammo-dataspace errand"
_PAD = 1024


def seal(
    public_key: X25519PublicKey,
    told: Mapping[str, Any],
    *,
    kind: ErrandKind,
    target: str,
    who: str,
) -> NewErrand:
    """Make an errand whose words only the worker can read; its length tells little of them.

    Raises ValueError for a number that JSON has no word for.
    """
    id_ = secrets.token_hex(16)
    plain = json.dumps(told, allow_nan=False).encode()
    padded = plain + b" " * (-len(plain) % _PAD)
    sealed = _suite().encrypt(padded, public_key, _info(id_, kind, target, who))
    return NewErrand(id_, kind, target, who, sealed)


def unseal(private_key: X25519PrivateKey, errand: Taken) -> dict[str, Any]:
    """Read what an errand says.

    Raises:
        SealedError: It was sealed to another key, for another errand, or changed.
    """
    info = _info(errand.id, errand.kind, errand.target, errand.who)
    try:
        told = json.loads(_suite().decrypt(errand.sealed, private_key, info))
    except (InvalidTag, ValueError, RecursionError):
        raise SealedError from None
    if not isinstance(told, dict):
        raise SealedError
    return told


def public_text(key: X25519PublicKey) -> str:
    """Write a public key as the console is told it: 32 bytes in base64."""
    return base64.b64encode(key.public_bytes_raw()).decode()


def read_public(text: str) -> X25519PublicKey:
    """Read a public key as it was told.

    Raises:
        SealedError: It is none.
    """
    try:
        return X25519PublicKey.from_public_bytes(base64.b64decode(text.strip(), validate=True))
    except ValueError:
        raise SealedError from None


def _suite() -> Suite:
    return Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def _info(*words: str) -> bytes:
    return "\0".join((_PURPOSE, *words)).encode()
