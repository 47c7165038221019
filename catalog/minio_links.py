"""Links to objects, signed here: whoever holds one may GET the object, without a key."""

from datetime import timedelta
from typing import Final

from catalog.minio_body import translated
from catalog.minio_client import client_of
from catalog.objects import Credentials

VALID: Final = timedelta(minutes=15)
"""As far as S3 servers let clocks differ; a link is used at once and shown to nobody."""


class MinioLinks:
    """Signs links to the objects of one bucket; the store is not asked."""

    def __init__(
        self, endpoint: str, credentials: Credentials, bucket: str, *, secure: bool = True
    ) -> None:
        self._client = client_of(endpoint, credentials, secure=secure)
        self._bucket = bucket

    def link(self, key: str) -> str:
        """Give a link to an object, whether there is one or not.

        Raises:
            StorageError: There can be no such key.
        """
        with translated():
            return self._client.presigned_get_object(self._bucket, key, VALID)
