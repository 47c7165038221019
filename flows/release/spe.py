"""The object store of a secure processing environment, and our identity there."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from catalog.minio_store import MinioStore
from catalog.objects import Credentials, DeliveryStore
from flows import wiring


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
