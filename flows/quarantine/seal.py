"""Encrypt a file for the quarantine, block by block (AES-256-GCM, STREAM construction).

A sealed file is an 8-byte random prefix followed by blocks of one MiB, each with its own 16-byte
tag. A block's nonce is the prefix and its number; its associated data holds the object key that
the file is stored under, and marks the last block. So neither blocks nor whole files can be
swapped, nor anything be cut off, unseen.
"""

import secrets
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from flows.errors import PermanentError

BLOCK = 1 << 20
PREFIX = 8
TAG = 16


class SealError(PermanentError):
    """A sealed file was changed, cut short, or sealed under another name or key."""


def sealed_size(size: int) -> int:
    """Return how many bytes a sealed file of `size` bytes has."""
    blocks = max(1, -(-size // BLOCK))
    return PREFIX + size + blocks * TAG


def seal(source: BinaryIO, key: bytes, *, name: str) -> Iterator[bytes]:
    """Yield the sealed bytes of a source, whole blocks at a time; `name` is its object key."""
    prefix = secrets.token_bytes(PREFIX)
    cipher = AESGCM(key)
    yield prefix
    for number, block, last in _numbered(source, BLOCK):
        yield cipher.encrypt(_nonce(prefix, number), block, _mark(name, last=last))


def unseal(source: BinaryIO, key: bytes, *, name: str) -> Iterator[bytes]:
    """Yield the bytes that were sealed under an object key.

    Raises:
        SealError: If they were changed, cut short, or sealed under another name or key.
    """
    prefix = source.read(PREFIX)
    cipher = AESGCM(key)
    for number, block, last in _numbered(source, BLOCK + TAG):
        try:
            yield cipher.decrypt(_nonce(prefix, number), block, _mark(name, last=last))
        except (InvalidTag, ValueError):
            message = "the sealed file was changed, cut short, or sealed under another name or key"
            raise SealError(message) from None


def _numbered(source: BinaryIO, size: int) -> Iterator[tuple[int, bytes, bool]]:
    block, number = source.read(size), 0
    while True:
        following = source.read(size)
        yield number, block, not following
        if not following:
            return
        block, number = following, number + 1


def _nonce(prefix: bytes, number: int) -> bytes:
    return prefix + number.to_bytes(4, "big")


def _mark(name: str, *, last: bool) -> bytes:
    return (b"last\0" if last else b"more\0") + name.encode()
