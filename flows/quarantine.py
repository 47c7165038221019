"""Put an original that could not pass into the region's quarantine, sealed."""

import hashlib
import tempfile
from typing import BinaryIO

from catalog.objects import ObjectStore
from flows.seal import seal, sealed_size


def quarantine(original: BinaryIO, store: ObjectStore, key: bytes, *, name: str) -> str:
    """Seal an original and store it; return its object key.

    Args:
        original: The bytes as they came.
        store: The region's quarantine.
        key: The region's quarantine key.
        name: What the object key starts with: never a word of the original's.

    Raises:
        StorageError: If the store does not answer.
    """
    size = original.seek(0, 2)
    original.seek(0)
    digest = hashlib.sha256()
    with tempfile.TemporaryFile() as sealed:
        for block in seal(original, key):
            digest.update(block)
            sealed.write(block)
        sealed.seek(0)
        object_key = f"{name}/{digest.hexdigest()}.sealed"
        store.put(object_key, sealed, sealed_size(size), digest.hexdigest())
    return object_key
