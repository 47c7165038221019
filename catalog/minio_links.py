"""Links to objects, signed here: whoever holds one may GET the object, without a key."""

from datetime import timedelta
from typing import Final

from minio import Minio

from catalog.minio_body import translated
from catalog.objects import Credentials

VALID: Final = timedelta(minutes=15)
"""As far as S3 servers let clocks differ; a link is used at once and shown to nobody."""

_REGION: Final = "us-east-1"  # named, so that the client need not ask for it


class MinioLinks:
    """Signs links to the objects of one bucket; the store is not asked."""

    def __init__(
        self, endpoint: str, credentials: Credentials, bucket: str, *, secure: bool = True
    ) -> None:
        self._client = Minio(
            endpoint,
            access_key=credentials.access_key,
            secret_key=credentials.secret_key,
            region=_REGION,
            secure=secure,
        )
        self._bucket = bucket

    def link(self, key: str) -> str:
        """Give a link to an object, whether there is one or not.

        Raises:
            StorageError: There can be no such key.
        """
        with translated():
            return self._client.presigned_get_object(self._bucket, key, VALID)
