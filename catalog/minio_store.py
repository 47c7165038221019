"""The object store's one adapter: any S3 server, through the `minio` SDK.

Only what every S3 server can do is used; a bucket needs no versions, locks or policies.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, BinaryIO

from minio.commonconfig import REPLACE, CopySource

from catalog.errors import AlreadyStoredError, NotFoundError, Reason, StorageError
from catalog.minio_body import Body, translated
from catalog.minio_client import client_of
from catalog.objects import Credentials, Listed, StoredObject

if TYPE_CHECKING:
    from minio.datatypes import Object
    from minio.helpers import DictType

PART_BYTES = 8 * 1024 * 1024
"""Bytes of one part of an upload; the SDK holds two at a time while it cuts them."""

FRESH = timedelta(hours=1)
"""So young an object need not be dated anew when it is put once more."""

_DIGEST = "sha256"


class MinioStore:
    """One bucket of any S3 server, through the `minio` SDK.

    Calls give up after `timeout` seconds without a byte; all errors of the SDK and of the network
    become `StorageError`, whose text names no key.
    """

    def __init__(
        self,
        endpoint: str,
        credentials: Credentials,
        bucket: str,
        *,
        secure: bool = True,
        timeout: float = 60.0,
    ) -> None:
        self._client = client_of(endpoint, credentials, secure=secure, timeout=timeout)
        self._bucket = bucket

    def put(self, key: str, stream: BinaryIO, size: int, sha256: str) -> None:
        """Store `size` bytes under a key and read them back; the same bytes again change nothing.

        But they are dated anew: whoever removes what no record names goes by age, and here is
        somebody who is about to name it. About twice `PART_BYTES` are in memory at once.

        Raises:
            AlreadyStoredError: Other bytes are stored under the key.
            StorageError: The store did not answer, or holds something else than was sent; what
                it holds is then removed, so that the call can be made again.
        """
        told = StoredObject(size, sha256)
        try:
            if self.stat(key) != told:
                raise AlreadyStoredError
            self._want(key, sha256)
            uploaded = False
        except NotFoundError:
            self._upload(key, stream, size, sha256)
            uploaded = True
        if not self._holds(key, told):
            # What was there before may be published: it is not given up for one bad read.
            if uploaded or not self._holds(key, told):
                with suppress(StorageError), translated():
                    self._client.remove_object(self._bucket, key)
            raise StorageError(Reason.DAMAGED)

    def _upload(self, key: str, stream: BinaryIO, size: int, sha256: str) -> None:
        with translated():
            self._client.put_object(
                self._bucket,
                key,
                stream,
                size,
                metadata={_DIGEST: sha256},
                part_size=PART_BYTES,
                num_parallel_uploads=1,
            )

    def _want(self, key: str, sha256: str) -> None:
        """Date an object anew, in the store itself; its bytes are not touched."""
        if self.age(key) > FRESH:
            source = CopySource(self._bucket, key)
            told: DictType = {_DIGEST: sha256}
            with translated():
                self._client.copy_object(
                    self._bucket, key, source, metadata=told, metadata_directive=REPLACE
                )

    def _holds(self, key: str, told: StoredObject) -> bool:
        """Read an object back; one that somebody removed meanwhile is not there."""
        digest, size = hashlib.sha256(), 0
        with suppress(NotFoundError):
            for block in self.get(key):
                digest.update(block)
                size += len(block)
        return StoredObject(size, digest.hexdigest()) == told

    def get(self, key: str, offset: int = 0, length: int | None = None) -> "Body":
        """Ask for an object's bytes and give them in blocks of at most `BLOCK_BYTES`.

        The request is made at once; close what is given, or read it to its end.

        Raises:
            NotFoundError: There is no such object.
            StorageError: The store did not answer; while reading: it stopped answering.
        """
        if length == 0:
            return Body(None)
        with translated():
            return Body(self._client.get_object(self._bucket, key, offset, length or 0))

    def stat(self, key: str) -> StoredObject:
        """Tell an object's size in bytes and the digest it was put with.

        Raises:
            NotFoundError: There is no such object.
            StorageError: The store did not answer.
        """
        size, told = self._told(key)
        return StoredObject(size, told.get(f"x-amz-meta-{_DIGEST}", ""))

    def age(self, key: str) -> timedelta:
        """Tell how long ago an object was last put or wanted, by the store's own clock.

        Raises:
            NotFoundError: There is no such object.
            StorageError: The store did not answer, or does not tell.
        """
        _, told = self._told(key)
        try:
            put, present = (parsedate_to_datetime(told[name]) for name in ("last-modified", "date"))
        except (KeyError, ValueError):
            raise StorageError from None
        return present - put

    def _told(self, key: str) -> tuple[int, dict[str, str]]:
        with translated():
            found = self._client.stat_object(self._bucket, key)
        # Servers differ in how they spell a header's name.
        told = {str(name).lower(): str(value) for name, value in (found.metadata or {}).items()}
        return found.size or 0, told

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Give the keys that begin with a prefix, in an order of the server's.

        Raises:
            StorageError: The store did not answer.
        """
        return (found.key for found in self.listed(prefix))

    def listed(self, prefix: str = "") -> Iterator[Listed]:
        """Give what a listing shows of the objects whose keys begin with a prefix, page by page.

        Raises:
            StorageError: The store did not answer.
        """
        with translated():
            for found in self._client.list_objects(self._bucket, prefix, recursive=True):
                if found.object_name is not None and found.last_modified is not None:
                    yield Listed(found.object_name, found.size or 0, found.last_modified)

    def remove(self, key: str) -> None:
        """Remove an object; one that is not there is removed already.

        Raises:
            StorageError: The store did not answer, or the identity may not remove.
        """
        with suppress(NotFoundError), translated():
            self._client.remove_object(self._bucket, key)

    def erase(self, key: str) -> None:
        """Remove an object with all its versions and marks, and see that none is left.

        In a bucket that keeps no versions that is the object itself. It is safe to run again.

        Raises:
            StorageError: The store did not answer, the identity may not remove, or something of
                the object is still there.
        """
        for version in self._versions(key):
            with suppress(NotFoundError), translated():
                self._client.remove_object(self._bucket, key, version_id=version)
        self.remove(key)
        for version in self._versions(key):
            with suppress(NotFoundError), translated():
                self._client.remove_object(self._bucket, key, version_id=version)
        if self._versions(key) or self._is_there(key):
            raise StorageError(Reason.STAYS)

    def versions(self, prefix: str = "") -> Iterator[str]:
        """Give a key for each version and mark of the objects whose keys begin with a prefix.

        Raises:
            StorageError: The store did not answer, or the identity may not list versions.
        """
        return (one.object_name or "" for one in self._every_version(prefix))

    def _versions(self, key: str) -> list[str | None]:
        return [one.version_id for one in self._every_version(key) if one.object_name == key]

    def _every_version(self, prefix: str) -> "Iterator[Object]":
        with translated():
            yield from self._client.list_objects(
                self._bucket, prefix, recursive=True, include_version=True
            )

    def _is_there(self, key: str) -> bool:
        try:
            self.stat(key)
        except NotFoundError:
            return False
        return True


def ensure_buckets(
    endpoint: str, administrator: Credentials, buckets: Iterable[str], *, secure: bool = True
) -> None:
    """Make the buckets that are not there yet.

    Raises:
        StorageError: The store did not answer, or the identity may not make buckets.
    """
    client = client_of(endpoint, administrator, secure=secure, timeout=30.0)
    with translated():
        for bucket in buckets:
            if not client.bucket_exists(bucket):
                client.make_bucket(bucket)
