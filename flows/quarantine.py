"""Put an original that could not pass into the region's quarantine, sealed."""

import hashlib
import hmac
import tempfile
from pathlib import Path
from typing import BinaryIO

from catalog.errors import NotFoundError
from catalog.objects import ObjectStore
from flows.seal import seal, sealed_size
from flows.spool import BLOCK, local_trouble


def quarantine(
    original: BinaryIO, store: ObjectStore, key: bytes, *, name: str, scratch: Path
) -> str:
    """Seal an original and store it, unless it is there already; return its object key.

    Args:
        original: The bytes as they came.
        store: The region's quarantine.
        key: The region's quarantine key.
        name: What the object key starts with: never a word of the original's.
        scratch: A folder of the landing to seal in.

    Raises:
        StorageError: If the store does not answer.
        RetriableError: If the landing cannot be used.
    """
    keyed, size = hmac.new(key, digestmod="sha256"), 0
    original.seek(0)
    while block := original.read(BLOCK):
        keyed.update(block)
        size += len(block)
    object_key = f"{name}/{keyed.hexdigest()[:32]}.sealed"
    try:
        store.stat(object_key)
    except NotFoundError:
        try:
            _put(original, store, key, object_key=object_key, size=size, scratch=scratch)
        except OSError as error:
            raise local_trouble(error) from None
    return object_key


def _put(
    original: BinaryIO, store: ObjectStore, key: bytes, *, object_key: str, size: int, scratch: Path
) -> None:
    digest = hashlib.sha256()
    original.seek(0)
    with tempfile.TemporaryFile(dir=scratch) as sealed:
        for block in seal(original, key, name=object_key):
            digest.update(block)
            sealed.write(block)
        sealed.seek(0)
        store.put(object_key, sealed, sealed_size(size), digest.hexdigest())
