"""What the intake must be told to open: read once, from `MAMMO_INTAKE_*`, by `create_app`."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class IntakeSettings(BaseSettings):
    """Settings of the hub's intake.

    Attributes:
        authority: `host` or `host:port` by which regions call it; signatures cover it, so that
            a request for another hub is none for this one.
        catalogue_url: SQLAlchemy URL of the catalogue.
        s3_access_key: An identity that reaches the arrivals alone.
        object_bytes: Largest object that is taken.
        message_bytes: Largest record that is taken.
        skew_seconds: How far a region's clock may be from this one.
        requests_a_second: How fast one region may ask; `burst` at once.
        uploads: Objects that one region may send at once; `uploads_in_all` all of them.
        idle_seconds: How long no byte of an object may come.
        object_seconds: How long one object may take.
    """

    model_config = SettingsConfigDict(
        env_prefix="MAMMO_INTAKE_", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    authority: str = Field(pattern=r"^[a-z0-9.-]{1,253}(:[0-9]{1,5})?$")
    catalogue_url: SecretStr
    s3_endpoint: str = Field(min_length=1)
    s3_secure: bool = True
    s3_access_key: SecretStr
    s3_secret_key: SecretStr
    arrivals_bucket: str = Field(default="arrivals", min_length=3)
    object_bytes: int = Field(default=4 << 30, gt=0)
    message_bytes: int = Field(default=16 << 20, gt=0)
    skew_seconds: int = Field(default=300, ge=1, le=900)
    requests_a_second: float = Field(default=100.0, gt=0)
    burst: int = Field(default=400, gt=0)
    uploads: int = Field(default=8, gt=0, le=256)
    uploads_in_all: int = Field(default=64, gt=0, le=1024)
    idle_seconds: float = Field(default=30.0, gt=0)
    object_seconds: float = Field(default=3600.0, gt=0)
