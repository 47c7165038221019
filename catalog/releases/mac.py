"""Bytes that are known again for a fraction of what a digest costs (GMAC, NIST SP 800-38D).

The key is made for one object, and lies beside the code in the catalogue: who can write to the
store, and cannot read the catalogue, can make no other bytes that have the code. Whoever can read
both could; against them stands the SHA-256, which the caller compares.
"""

import secrets
from hmac import compare_digest
from typing import Final, Self

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_KEY_BYTES: Final = 16
_NONCE: Final = bytes(12)  # a key is used once, so that its nonce may be any


class Mac:
    """The code of one object, under a key of its own."""

    def __init__(self, key: bytes | None = None, expected: bytes = b"") -> None:
        self._key = key or secrets.token_bytes(_KEY_BYTES)
        self._expected = expected
        self._made = Cipher(algorithms.AES(self._key), modes.GCM(_NONCE)).encryptor()

    @classmethod
    def of(cls, told: str) -> Self:
        """Begin to check bytes against what was recorded of them."""
        data = bytes.fromhex(told)
        return cls(data[:_KEY_BYTES], data[_KEY_BYTES:])

    def update(self, data: bytes | memoryview) -> None:
        """Take more bytes."""
        self._made.authenticate_additional_data(data)

    def told(self) -> str:
        """End, and give what to record: key and code, 64 hex digits."""
        return (self._key + self._end()).hex()

    def holds(self) -> bool:
        """End, and tell whether all bytes were those that were recorded."""
        return compare_digest(self._end(), self._expected)

    def _end(self) -> bytes:
        self._made.finalize()
        return self._made.tag
