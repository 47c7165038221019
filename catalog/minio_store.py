"""The object store's one adapter: any S3 server, through the `minio` SDK.

Only what every S3 server can do is used; a bucket needs no versions, locks or policies.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, Self

from minio import Minio
from minio.error import MinioException, S3Error
from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from catalog.errors import AlreadyStoredError, NotFoundError, Reason, StorageError
from catalog.objects import Credentials, StoredObject

PART_BYTES = 8 * 1024 * 1024
"""Bytes of one part of an upload; the SDK holds two at a time while it cuts them."""

BLOCK_BYTES = 1024 * 1024
"""Largest block that `get` gives at a time."""

_DIGEST = "sha256"
_ABSENT = {"NoSuchKey", "NoSuchObject", "NoSuchBucket"}
_SERVER_TROUBLE = (500, 502, 503, 504)
_REGION = "us-east-1"  # named, so that the client need not ask for it


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
        self._client = _client(endpoint, credentials, secure=secure, timeout=timeout)
        self._bucket = bucket

    def put(self, key: str, stream: BinaryIO, size: int, sha256: str) -> None:
        """Store `size` bytes under a key and read them back; the same bytes again change nothing.

        About twice `PART_BYTES` are in memory at once.

        Raises:
            AlreadyStoredError: Other bytes are stored under the key.
            StorageError: The store did not answer, or holds something else than was sent; what
                it holds is then removed, so that the call can be made again.
        """
        try:
            there = self.stat(key)
        except NotFoundError:
            self._upload(key, stream, size, sha256)
            uploaded = True
        else:
            if there != StoredObject(size, sha256):
                raise AlreadyStoredError
            uploaded = False
        if self._digest(key) != (size, sha256):
            # What was there before may be published: it is not given up for one bad read.
            if uploaded or self._digest(key) != (size, sha256):
                with suppress(StorageError), _translated():
                    self._client.remove_object(self._bucket, key)
            raise StorageError(Reason.DAMAGED)

    def _upload(self, key: str, stream: BinaryIO, size: int, sha256: str) -> None:
        with _translated():
            self._client.put_object(
                self._bucket,
                key,
                stream,
                size,
                metadata={_DIGEST: sha256},
                part_size=PART_BYTES,
                num_parallel_uploads=1,
            )

    def _digest(self, key: str) -> tuple[int, str]:
        digest, size = hashlib.sha256(), 0
        for block in self.get(key):
            digest.update(block)
            size += len(block)
        return size, digest.hexdigest()

    def get(self, key: str, offset: int = 0, length: int | None = None) -> "Body":
        """Ask for an object's bytes and give them in blocks of at most `BLOCK_BYTES`.

        The request is made at once; close what is given, or read it to its end.

        Raises:
            NotFoundError: There is no such object.
            StorageError: The store did not answer; while reading: it stopped answering.
        """
        if length == 0:
            return Body(None)
        with _translated():
            return Body(self._client.get_object(self._bucket, key, offset, length or 0))

    def stat(self, key: str) -> StoredObject:
        """Tell an object's size in bytes and the digest it was put with.

        Raises:
            NotFoundError: There is no such object.
            StorageError: The store did not answer.
        """
        with _translated():
            found = self._client.stat_object(self._bucket, key)
        # Servers differ in how they spell a header's name.
        told = {name.lower(): value for name, value in (found.metadata or {}).items()}
        return StoredObject(found.size or 0, str(told.get(f"x-amz-meta-{_DIGEST}", "")))

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Give the keys that begin with a prefix, in order.

        Raises:
            StorageError: The store did not answer.
        """
        with _translated():
            for found in self._client.list_objects(self._bucket, prefix, recursive=True):
                if found.object_name is not None:
                    yield found.object_name

    def remove(self, key: str) -> None:
        """Remove an object; one that is not there is removed already.

        Raises:
            StorageError: The store did not answer, or the identity may not remove.
        """
        with suppress(NotFoundError), _translated():
            self._client.remove_object(self._bucket, key)


class Body(Iterator[bytes]):
    """The bytes of one answer; its connection is given back at the end, on error and on close."""

    def __init__(self, response: BaseHTTPResponse | None) -> None:
        self._response = response

    def __next__(self) -> bytes:
        """Give the next block."""
        if self._response is None:
            raise StopIteration
        try:
            with _translated():
                block = self._response.read(BLOCK_BYTES)
        except StorageError:
            self.close()
            raise
        if not block:
            self.close()
            raise StopIteration
        return block

    def close(self) -> None:
        """Give the connection back."""
        response, self._response = self._response, None
        if response is not None:
            response.close()
            response.release_conn()

    def __enter__(self) -> Self:
        """Give itself, to be closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give the connection back."""
        self.close()

    def __del__(self) -> None:
        """Give the connection back if nobody did."""
        self.close()


def ensure_buckets(
    endpoint: str, administrator: Credentials, buckets: Iterable[str], *, secure: bool = True
) -> None:
    """Make the buckets that are not there yet.

    Raises:
        StorageError: The store did not answer, or the identity may not make buckets.
    """
    client = _client(endpoint, administrator, secure=secure, timeout=30.0)
    with _translated():
        for bucket in buckets:
            if not client.bucket_exists(bucket):
                client.make_bucket(bucket)


def _client(endpoint: str, who: Credentials, *, secure: bool, timeout: float) -> Minio:
    pool = PoolManager(
        timeout=Timeout(connect=3.0, read=timeout),
        retries=Retry(total=3, backoff_factor=0.2, status_forcelist=_SERVER_TROUBLE),
        maxsize=16,
    )
    return Minio(
        endpoint,
        access_key=who.access_key,
        secret_key=who.secret_key,
        region=_REGION,
        secure=secure,
        http_client=pool,
    )


@contextmanager
def _translated() -> Iterator[None]:
    # What the SDK says quotes bucket, key and URL, so none of it may leave the room.
    try:
        yield
    except S3Error as error:
        if error.code in _ABSENT:
            raise NotFoundError from None
        raise StorageError(Reason.REFUSED) from None
    except (MinioException, HTTPError, OSError):
        raise StorageError from None
