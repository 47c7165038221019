"""The object store of a secure processing environment, and our identity there."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from catalog.errors import NotFoundError, Reason, StorageError
from catalog.minio_store import MinioStore
from catalog.objects import Credentials, DeliveryStore
from flows import wiring
from flows.errors import BucketError


class DeliverySettings(BaseSettings):
    """Where whole objects of a release are delivered.

    Our identity reads, writes, lists and removes there; in all versions, if a bucket keeps them.
    """

    model_config = SettingsConfigDict(
        env_prefix="MAMMO_DELIVERY_", extra="forbid", hide_input_in_errors=True
    )

    s3_endpoint: str
    s3_secure: bool = True
    s3_access_key: str
    s3_secret_key: SecretStr


def open_bucket(name: str) -> DeliveryStore:
    """Open one bucket of the environment's store.

    Raises:
        SettingsError: A setting is missing.
    """
    settings = wiring.read(DeliverySettings)
    who = Credentials(settings.s3_access_key, settings.s3_secret_key.get_secret_value())
    return MinioStore(settings.s3_endpoint, who, name, secure=settings.s3_secure)


def require_open(store: DeliveryStore, bucket: str, *, below: str) -> None:
    """See that a bucket can be listed, before it is recorded that anything is delivered there.

    Raises:
        BucketError: It is not there, or its store does not let us list it.
        StorageError: The store does not answer.
    """
    try:
        next(iter(store.versions(below)), None)
    except NotFoundError:
        message = (
            f"there is no bucket {bucket} at the store of MAMMO_DELIVERY_S3_ENDPOINT: nothing "
            "was sent; whoever runs that store makes it, or correct the account's bucket"
        )
        raise BucketError(message) from None
    except StorageError as error:
        if error.reason is not Reason.REFUSED:
            raise
        message = (
            f"the store of MAMMO_DELIVERY_S3_ENDPOINT does not let us list bucket {bucket}: "
            "nothing was sent; see there that the bucket exists, and that the identity of "
            "MAMMO_DELIVERY_S3_ACCESS_KEY may list its versions"
        )
        raise BucketError(message) from None
