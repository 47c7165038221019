"""What is kept of an original that could not pass: sealed, under names that say nothing of it.

All that is kept of one file lies in one folder of the region's quarantine, and goes with it.
"""

import hashlib
import hmac
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from catalog.errors import NotFoundError
from catalog.objects import ObjectStore
from flows.files.spool import BLOCK, local_trouble
from flows.quarantine.seal import seal, sealed_size, unseal


def quarantine(
    original: BinaryIO,
    store: ObjectStore,
    key: bytes,
    *,
    name: str,
    scratch: Path,
    kind: str = "",
) -> str:
    """Seal an original, or what is kept with it, unless it is there; return its object key.

    Args:
        original: The bytes as they came.
        store: The region's quarantine.
        key: The region's quarantine key.
        name: What the object key starts with: never a word of the original's.
        scratch: A folder of the landing to seal in.
        kind: What the object key says it is; nothing for an original.

    Raises:
        StorageError: If the store does not answer.
        RetriableError: If the landing cannot be used.
    """
    keyed, size = hmac.new(key, digestmod="sha256"), 0
    original.seek(0)
    while block := original.read(BLOCK):
        keyed.update(block)
        size += len(block)
    object_key = f"{name}/{keyed.hexdigest()[:32]}{kind}.sealed"
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


def unsealed(store: ObjectStore, key: bytes, object_key: str) -> Iterator[bytes]:
    """Give the bytes that were sealed under an object key, block by block.

    Raises:
        NotFoundError: There is no such object.
        StorageError: If the store does not answer.
        SealError: The sealed bytes were changed, or are another object's.
    """
    yield from unseal(cast("BinaryIO", _Stored(store, object_key)), key, name=object_key)


def erase(store: ObjectStore, name: str) -> int:
    """Remove all that is kept of one file, and count what was removed.

    Raises:
        StorageError: If the store does not answer.
    """
    found = list(store.keys(f"{name}/"))
    for object_key in found:
        store.remove(object_key)
    return len(found)


class _Stored:
    """A stored object, read in order."""

    def __init__(self, store: ObjectStore, object_key: str) -> None:
        self._blocks = store.get(object_key)
        self._left = b""

    def read(self, size: int) -> bytes:
        """Read `size` bytes; fewer only at the end."""
        parts, have = [self._left], len(self._left)
        while have < size and (block := next(self._blocks, b"")):
            parts.append(block)
            have += len(block)
        whole = b"".join(parts)
        self._left = whole[size:]
        return whole[:size]
