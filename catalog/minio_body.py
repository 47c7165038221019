"""What an S3 server answers: bytes block by block, and errors that quote nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Self

from minio.error import MinioException, S3Error
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from catalog.errors import NotFoundError, Reason, StorageError

BLOCK_BYTES = 1024 * 1024
"""Largest block that `get` gives at a time."""

_ABSENT: Final = {"NoSuchKey", "NoSuchObject", "NoSuchBucket"}


class Body(Iterator[bytes]):
    """The bytes of one answer; its connection is given back at the end, on error and on close."""

    def __init__(self, response: BaseHTTPResponse | None) -> None:
        self._response = response

    def __next__(self) -> bytes:
        """Give the next block."""
        if self._response is None:
            raise StopIteration
        try:
            with translated():
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


@contextmanager
def translated() -> Iterator[None]:
    """Make errors of our own of those of the SDK and of the network."""
    # What the SDK says quotes bucket, key and URL, so none of it may leave the room.
    try:
        yield
    except S3Error as error:
        if error.code in _ABSENT:
            raise NotFoundError from None
        raise StorageError(Reason.REFUSED) from None
    except (MinioException, HTTPError, OSError):
        raise StorageError from None
