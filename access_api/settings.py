"""What the door must be told to open: read once, from `MAMMO_API_*`, by `create_app`."""

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_ISSUER = "urn:mammo:development"


class Environment(StrEnum):
    """Where the door stands."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class DoorSettings(BaseSettings):
    """Settings of the hub's access API.

    Attributes:
        environment: development allows the development issuer; production refuses it.
        catalogue_url: SQLAlchemy URL of the catalogue (never of a region ledger).
        s3_endpoint: host:port of the object store that holds clean and release objects.
        s3_secure: speak TLS to the object store.
        s3_access_key: read-only identity of the door.
        s3_secret_key: its secret.
        clean_bucket: where the de-identified objects lie.
        releases_bucket: where the re-keyed headers of releases lie.
        jwks_file: public keys (RFC 7517) of the issuer; read again when it changes.
        issuer: the only `iss` a token may name.
        audience: the `aud` a token must contain.
        leeway_s: clock skew allowed on `exp` and `nbf`, in seconds.
        public_url: where callers reach the door, for lists of links; never taken from a request.
        ask_again_s: seconds after which a download in flight is asked for permit and Holds again.
    """

    model_config = SettingsConfigDict(
        env_prefix="MAMMO_API_", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    environment: Environment = Environment.PRODUCTION
    catalogue_url: SecretStr
    s3_endpoint: str = Field(min_length=1)
    s3_secure: bool = True
    s3_access_key: SecretStr
    s3_secret_key: SecretStr
    clean_bucket: str = Field(min_length=3)
    releases_bucket: str = Field(min_length=3)
    jwks_file: Path
    issuer: str = Field(min_length=1)
    audience: str = Field(min_length=1)
    leeway_s: int = Field(default=30, ge=0, le=120)
    public_url: str = Field(
        default="", pattern=r"^(https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?)?$"
    )
    ask_again_s: float = Field(default=20, gt=0, le=20)

    @model_validator(mode="after")
    def _refuse_development_issuer(self) -> Self:
        if self.issuer == DEVELOPMENT_ISSUER and self.environment is not Environment.DEVELOPMENT:
            msg = "the development issuer is refused outside development"
            raise ValueError(msg)
        return self
