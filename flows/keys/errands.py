"""The key that opens what the region console seals: derived from the region's own root."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from catalog.errands.seal import public_text
from flows.errors import KeyFileError
from flows.keys.key_file import load
from flows.keys.sides import subkey

_PURPOSE = "errands"


def errand_key(root: bytes) -> X25519PrivateKey:
    """Give the worker's private key; no other part of a region has it."""
    return X25519PrivateKey.from_private_bytes(subkey(root, _PURPOSE))


def public_key(key_file: Path) -> str:
    """Give what the console is told, in base64; nothing but the region's own root is read.

    Raises:
        KeyFileError: The key file cannot be used.
    """
    root = load(key_file, ("region",)).current("region")
    return public_text(errand_key(root).public_key())


def write_public(key_file: Path, path: Path) -> None:
    """Write what the console is told where it reads it, over what was there.

    Raises:
        KeyFileError: The key file cannot be used, or nothing be written there.
    """
    text = public_key(key_file)
    partial = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        partial.write_text(f"{text}\n", encoding="ascii")
        partial.replace(path)
    except OSError as error:
        message = f"the console's public key cannot be written: {type(error).__name__}"
        raise KeyFileError(message) from None
