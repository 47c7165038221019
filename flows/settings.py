"""Settings of the two sides, from the environment; nothing is read at import."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Environment(StrEnum):
    """Where this runs; production refuses everything made for development."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class RegionSettings(BaseSettings):
    """The region's side: landing, keys, region ledger, and what it may reach of the hub.

    Attributes:
        landing: Spool directory; archives are expanded into it and emptied study by study.
        key_file: Local keys (0600); refused in production, where a third party holds a key.
        ledger_url: The region ledger's database; no hub credential opens it.
        catalogue_url: The publish port's database while publishing happens in-process.
        s3_access_key: The identity that reaches the quarantine; `clean_access_key` the one that
            delivers clean objects.
        ledger_days: Days after which the ledger forgets what identifies a file; outcomes stay.
        expansion_limit: Largest total size in bytes that one archive may expand to.
    """

    model_config = SettingsConfigDict(
        env_prefix="MAMMO_REGION_", extra="forbid", hide_input_in_errors=True
    )

    environment: Environment = Environment.PRODUCTION
    landing: Path
    key_file: Path
    ledger_url: SecretStr
    catalogue_url: SecretStr
    s3_endpoint: str
    s3_secure: bool = True
    s3_access_key: str
    s3_secret_key: SecretStr
    clean_access_key: str
    clean_secret_key: SecretStr
    quarantine_bucket: str = "quarantine"
    clean_bucket: str = "clean"
    expansion_limit: int = Field(default=200 * 2**30, gt=0)
    ledger_days: int = Field(default=3650, gt=0)


class HubSettings(BaseSettings):
    """The hub's side: what builds a release out of clean objects.

    Attributes:
        release_key_file: Root of the permits' release keys (0600); maps pseudonyms only.
    """

    model_config = SettingsConfigDict(
        env_prefix="MAMMO_HUB_", extra="forbid", hide_input_in_errors=True
    )

    environment: Environment = Environment.PRODUCTION
    catalogue_url: SecretStr
    release_key_file: Path
    s3_endpoint: str
    s3_secure: bool = True
    s3_access_key: str
    s3_secret_key: SecretStr
    clean_bucket: str = "clean"
    releases_bucket: str = "releases"


class PrepareSettings(BaseSettings):
    """What `prepare` needs once: a credential that may make buckets."""

    model_config = SettingsConfigDict(
        env_prefix="MAMMO_ADMIN_", extra="forbid", hide_input_in_errors=True
    )

    s3_endpoint: str
    s3_secure: bool = True
    s3_access_key: str
    s3_secret_key: SecretStr
