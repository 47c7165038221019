"""Signed requests (RFC 9421, HTTP Message Signatures; RFC 9530, Content-Digest), checked.

One form is taken and no other: Ed25519 over method, authority, path, query and the digest of the
body, with a moment, a nonce, the key's name and a tag that is the intake's own.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from re import compile as compile_pattern
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from access_api.intake.errors import SignatureError

_INPUT: Final = compile_pattern(
    r'mammo=(?P<params>\("@method" "@authority" "@path" "@query" "content-digest"\)'
    r";created=(?P<created>[1-9][0-9]{9})"
    r';nonce="(?P<nonce>[A-Za-z0-9_-]{22,64})"'
    r';keyid="(?P<key>[0-9a-f]{32})"'
    r';alg="ed25519";tag="mammo-intake")'
)
_SIGNATURE: Final = compile_pattern(r"mammo=:([A-Za-z0-9+/]{86}==):")
_DIGEST: Final = compile_pattern(r"sha-256=:([A-Za-z0-9+/]{43}=):")


@dataclass(frozen=True, repr=False)
class Signed:
    """What a request says about itself; nothing is checked yet.

    Attributes:
        base: What was signed (RFC 9421 §2.5).
        sha256: Hex digest that the body is to have.
    """

    key_id: str
    created: datetime
    nonce: str
    signature: bytes
    base: bytes
    sha256: str

    def is_fresh(self, now: datetime, skew: timedelta) -> bool:
        """Tell whether it was signed about now."""
        return abs(now - self.created) <= skew

    def require_by(self, public_key: bytes) -> None:
        """Stop unless the key's owner signed it.

        Raises:
            SignatureError: Somebody else did.
        """
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(self.signature, self.base)
        except (InvalidSignature, ValueError):
            raise SignatureError from None


def read_signature(
    method: str, authority: str, target: tuple[str, str], headers: Mapping[str, list[str]]
) -> Signed:
    """Read what a request says about itself.

    Args:
        method: As it came.
        authority: By which we are called; what the caller says in Host is not asked.
        target: Path and query, as they came.
        headers: Values by lower-case name; one that comes twice is refused.

    Raises:
        SignatureError: It is not signed in the one form that is taken.
    """
    told = _INPUT.fullmatch(_one(headers, "signature-input"))
    signature = _SIGNATURE.fullmatch(_one(headers, "signature"))
    digest = _one(headers, "content-digest")
    announced = _DIGEST.fullmatch(digest)
    if told is None or signature is None or announced is None:
        raise SignatureError
    path, query = target
    lines = (
        f'"@method": {method}',
        f'"@authority": {authority}',
        f'"@path": {path}',
        f'"@query": ?{query}',
        f'"content-digest": {digest}',
        f'"@signature-params": {told["params"]}',
    )
    return Signed(
        key_id=told["key"],
        created=datetime.fromtimestamp(int(told["created"]), UTC),
        nonce=told["nonce"],
        signature=_bytes(signature[1]),
        base="\n".join(lines).encode("latin-1", "replace"),
        sha256=_bytes(announced[1]).hex(),
    )


def _one(headers: Mapping[str, list[str]], name: str) -> str:
    values = headers.get(name, [])
    if len(values) != 1:
        raise SignatureError
    return values[0]


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise SignatureError from None
