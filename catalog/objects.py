"""The object store: bytes under keys, written once, checked by reading them back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Protocol


@dataclass(frozen=True)
class StoredObject:
    """What the store says of one object: bytes, and the hex digest it was put with."""

    size: int
    sha256: str


@dataclass(frozen=True, repr=False)
class Listed:
    """One object as a listing shows it: its key, bytes, and when it was last put or wanted."""

    key: str
    size: int
    modified: datetime


@dataclass(frozen=True, repr=False)
class Credentials:
    """One identity at the object store."""

    access_key: str
    secret_key: str


class ObjectStore(Protocol):
    """One bucket, seen by one identity."""

    def put(self, key: str, stream: BinaryIO, size: int, sha256: str) -> None:
        """Store `size` bytes under a key, never over other bytes."""
        ...

    def get(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Give an object's bytes, or `length` of them from `offset`, block by block."""
        ...

    def stat(self, key: str) -> StoredObject:
        """Tell an object's size and digest."""
        ...

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Give the keys that begin with a prefix."""
        ...

    def listed(self, prefix: str = "") -> Iterator[Listed]:
        """Give what a listing shows of the objects whose keys begin with a prefix."""
        ...

    def age(self, key: str) -> timedelta:
        """Tell how long ago an object was last put or wanted, by the store's own clock."""
        ...

    def remove(self, key: str) -> None:
        """Remove an object; one that is not there is removed already."""
        ...


class ErasingStore(Protocol):
    """A bucket, seen by an identity that may remove older versions too."""

    def erase(self, key: str) -> None:
        """Remove an object in all its versions, and see that none is left."""
        ...

    def versions(self, prefix: str = "") -> Iterator[str]:
        """Give a key for each version and mark of the objects whose keys begin with a prefix."""
        ...


class DeliveryStore(ObjectStore, ErasingStore, Protocol):
    """A bucket that is delivered into: what must go from it goes in all its versions."""
