"""The clean store as a region sees it through the intake: it can put, and nothing else."""

from collections.abc import Iterator
from datetime import timedelta
from typing import BinaryIO, NoReturn

from catalog.errors import Reason, StorageError
from catalog.objects import Listed, StoredObject
from flows.intake.client import Intake

_BLOCK = 1 << 20
_WORTH_ASKING = 1 << 20


class IntakeStore:
    """Puts objects under the region's prefix at the hub; what has come is not sent again."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def put(self, key: str, stream: BinaryIO, size: int, sha256: str) -> None:
        """Send an object of the holder that its key begins with.

        Raises:
            StorageError: The stream ended early.
            IntakeError: The hub did not answer, or the quota is used up.
        """
        path = f"/objects/{key.partition('/')[0]}/{sha256}"
        if size >= _WORTH_ASKING and self._intake.has(path):
            return
        self._intake.put(path, _blocks(stream, size), size, sha256)

    def get(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Refuse: a region reads nothing at the hub."""
        del key, offset, length
        _refuse()

    def stat(self, key: str) -> StoredObject:
        """Refuse, as `get`."""
        del key
        _refuse()

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Refuse, as `get`."""
        del prefix
        _refuse()

    def listed(self, prefix: str = "") -> Iterator[Listed]:
        """Refuse, as `get`."""
        del prefix
        _refuse()

    def age(self, key: str) -> timedelta:
        """Refuse, as `get`."""
        del key
        _refuse()

    def remove(self, key: str) -> None:
        """Refuse, as `get`."""
        del key
        _refuse()


def _refuse() -> NoReturn:
    raise StorageError(Reason.REFUSED)


def _blocks(stream: BinaryIO, size: int) -> Iterator[bytes]:
    left = size
    while left:
        block = stream.read(min(_BLOCK, left))
        if not block:
            raise StorageError(Reason.DAMAGED)
        left -= len(block)
        yield block
