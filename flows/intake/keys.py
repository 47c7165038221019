"""Ed25519 keys in files (PKCS #8 and SubjectPublicKeyInfo, PEM): the region's, and the hub's."""

import base64
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from flows.errors import KeyFileError
from flows.files.private_file import write_private

_MISSING = "the signing key's file is missing, or holds no Ed25519 key in PEM"
_OPEN_TO_OTHERS = "the signing key's file can be read by others; mend it with: chmod 600 FILE"


def make_key(path: Path) -> str:
    """Draw a new private key into a new file (0600); give its public key in base64.

    Raises:
        KeyFileError: There is a file already; a key is never overwritten.
    """
    key = Ed25519PrivateKey.generate()
    written = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        write_private(path, [written])
    except OSError as error:
        message = f"no key can be written there: {type(error).__name__}"
        raise KeyFileError(message) from None
    return public_text(key.public_key())


def load_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key.

    Raises:
        KeyFileError: It is missing, readable by others, or no such key.
    """
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise KeyFileError(_OPEN_TO_OTHERS)
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFileError(_MISSING) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(_MISSING)
    return key


def public_text(key: Ed25519PublicKey) -> str:
    """Write a public key as the other side is told it: 32 bytes in base64."""
    return base64.b64encode(key.public_bytes_raw()).decode()


def read_public(text: str) -> bytes:
    """Read a public key as it was told.

    Raises:
        KeyFileError: It is none.
    """
    try:
        raw = base64.b64decode(text.strip(), validate=True)
        Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        message = "this is no Ed25519 public key in base64 (32 bytes)"
        raise KeyFileError(message) from None
    return raw
