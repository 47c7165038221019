"""The region ledger's key: values that can be read again, and indices that cannot."""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from catalog.errors import LedgerKeyError

_NAMES = ("utf-8", "surrogateescape")  # file names need not be text in any encoding
_NONCE_BYTES = 12  # NIST SP 800-38D, 8.2
_KEY_BYTES = 32


class LedgerKey:
    """A secret of 32 bytes, from which one key for values and one for indices is derived."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != _KEY_BYTES:
            raise LedgerKeyError
        self._cipher = AESGCM(_derive(secret, b"mammo-dataspace ledger values"))
        self._index_key = _derive(secret, b"mammo-dataspace ledger indices")

    def encrypt(self, cell: str, value: str) -> bytes:
        """Encrypt a value for one cell: a random nonce, then AES-GCM bound to table, column, row.

        So no value can be moved to another row or column unseen.
        """
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, value.encode(*_NAMES), cell.encode())

    def decrypt(self, cell: str, value: bytes) -> str:
        """Read the value of one cell.

        Raises:
            LedgerKeyError: Another key, another cell, or changed bytes.
        """
        nonce, sealed = value[:_NONCE_BYTES], value[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, sealed, cell.encode()).decode(*_NAMES)
        except (InvalidTag, ValueError):
            raise LedgerKeyError from None

    def index(self, column: str, value: str) -> str:
        """Give the keyed hash by which a value of one column is found again."""
        message = column.encode() + b"\0" + value.encode(*_NAMES)
        return hmac.new(self._index_key, message, hashlib.sha256).hexdigest()


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(secret)
