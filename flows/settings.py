"""Settings of the two sides, from the environment; nothing is read at import."""

import re
from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_WEBHOOK = r"(https://[^/?#@\s]+|http://(127\.0\.0\.1|\[::1\]|localhost)(:\d{1,5})?)([/?]\S*)?\Z"
_PATH = r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"


class Environment(StrEnum):
    """Where this runs; production refuses everything made for development."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class PseudonymSource(StrEnum):
    """Who takes the second step of a pseudonym; Vault is spoken to as OpenBao is."""

    LOCAL = "local"
    OPENBAO = "openbao"
    VAULT = "vault"


class RegionSettings(BaseSettings):
    """The region's side: landing, keys, region ledger, and what it may reach of the hub.

    Attributes:
        landing: Spool directory; archives are expanded into it and emptied study by study.
        profile: A shipped de-identification profile's name, or the path of one's own.
        key_file: The region's own roots. Where pseudonyms are `local`, the third party's too;
            refused in production.
        pseudonyms: Who takes the second step; all `pseudonyms_…` say how to reach it.
        pseudonyms_ca: Who vouches for the key service; `pseudonyms_certificate` and
            `pseudonyms_private_key` are the region's own.
        pseudonyms_role: The region's name at the service's `auth/cert`.
        pseudonyms_token_file: Instead of a role: a token that an agent keeps fresh.
        pseudonyms_batch: Persons in one request.
        pseudonyms_previous: Earlier versions of the key under which a person is recognised.
        ledger_url: The region ledger's database; no hub credential opens it.
        intake_url: The hub's intake, `https://host[:port]`; with `intake_key_file`, what the region
            signs with, and `intake_ca`, who vouches for the hub. Then the region has no
            credential of the hub's: `catalogue_url`, `clean_access_key` and `clean_secret_key`
            are not needed.
        intake_certificate: For mutual TLS, with `intake_private_key`.
        intake_wait_s: How long to wait until the hub has checked a study.
        optouts_key_file: The public key (base64) of whoever seals lists of opt-outs for us.
        orders_key_file: The public key (base64) of whoever signs the hub's orders.
        orders_policy: TOML file that says which orders run, wait for a person, or never do.
        orders_region: The region's id at the hub; orders for another are none.
        catalogue_url: The publish port's database while publishing happens in-process.
        s3_access_key: The identity that reaches the quarantine; `clean_access_key` the one that
            delivers clean objects.
        protection_days: Days for which the side table's word on a person counts.
        ledger_days: Days after which the ledger forgets what identifies a file; outcomes stay.
        quarantine_days: Days after which all that is kept of a quarantined original is erased.
        landing_days: Days after which what an ended run left in the landing is removed.
        unasked_days: Days after which what was pushed and no plan covers is removed.
        expansion_limit: Largest total size in bytes that one archive may expand to.
        console_key_file: Where `prepare` writes the public key that the console seals with.
        console_folders: Below them lie the files and export folders that a source entered through
            the console may name; a bearer token's file in a folder named as the host it is for.
        console_role: The console's own role of a PostgreSQL ledger, which gets its few rights when
            the ledger is migrated.
        webhook_url: Whom the region's Prefect server calls when something is wrong; https, or
            http on loopback. Empty: nobody.
    """

    model_config = SettingsConfigDict(
        env_prefix="MAMMO_REGION_", extra="forbid", hide_input_in_errors=True
    )

    environment: Environment = Environment.PRODUCTION
    landing: Path
    profile: str = "mammography"
    key_file: Path
    pseudonyms: PseudonymSource = PseudonymSource.LOCAL
    pseudonyms_url: str = Field(default="", pattern=r"^(https://[^/?#@\s]+/?)?$")
    pseudonyms_key: str = Field(default="people", pattern=r"^[A-Za-z0-9_.-]+$")
    pseudonyms_mount: str = Field(default="transit", pattern=_PATH)
    pseudonyms_namespace: str = ""
    pseudonyms_ca: Path | None = None
    pseudonyms_certificate: Path | None = None
    pseudonyms_private_key: Path | None = None
    pseudonyms_role: str = ""
    pseudonyms_login_mount: str = Field(default="cert", pattern=_PATH)
    pseudonyms_token_file: Path | None = None
    pseudonyms_timeout_s: float = Field(default=10.0, gt=0, le=120)
    pseudonyms_batch: int = Field(default=100, gt=0, le=1000)
    pseudonyms_previous: int = Field(default=1, ge=0, le=10)
    ledger_url: SecretStr
    intake_url: str = Field(default="", pattern=r"^(https://[a-z0-9.-]+(:[0-9]{1,5})?/?)?$")
    intake_key_file: Path | None = None
    intake_ca: Path | None = None
    intake_certificate: Path | None = None
    intake_private_key: Path | None = None
    intake_wait_s: float = Field(default=600.0, gt=0)
    optouts_key_file: Path | None = None
    orders_key_file: Path | None = None
    orders_policy: Path | None = None
    orders_region: str = Field(default="", pattern=r"^[a-z0-9-]{0,32}$")
    catalogue_url: SecretStr = SecretStr("")
    s3_endpoint: str
    s3_secure: bool = True
    s3_access_key: str
    s3_secret_key: SecretStr
    clean_access_key: str = ""
    clean_secret_key: SecretStr = SecretStr("")
    quarantine_bucket: str = "quarantine"
    clean_bucket: str = "clean"
    expansion_limit: int = Field(default=200 * 2**30, gt=0)
    protection_days: int = Field(default=7, gt=0)
    ledger_days: int = Field(default=3650, gt=0)
    quarantine_days: int = Field(default=30, gt=0, le=365)
    landing_days: int = Field(default=7, gt=0, le=365)
    unasked_days: int = Field(default=30, gt=0, le=365)
    console_key_file: Path | None = None
    console_folders: tuple[Path, ...] = ()
    console_role: str = ""
    webhook_url: SecretStr = SecretStr("")

    @field_validator("webhook_url")
    @classmethod
    def _require_safe(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not re.match(_WEBHOOK, value.get_secret_value()):
            message = "https, or http on loopback"
            raise ValueError(message)
        return value


class HubSettings(BaseSettings):
    """The hub's side: what builds a release out of clean objects.

    Attributes:
        release_key_file: Root of the permits' release keys; maps pseudonyms only. In production
            the platform delivers it (0400), and a file made for development is refused.
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
    audit_years: int = Field(default=10, ge=1, le=100)


class ArrivalSettings(BaseSettings):
    """The hub's side: what checks what regions delivered, and publishes it.

    Attributes:
        profile: By which arrivals are checked; a shipped one's name, or the path of one's own.
    """

    model_config = SettingsConfigDict(
        env_prefix="MAMMO_ARRIVALS_", extra="forbid", hide_input_in_errors=True
    )

    catalogue_url: SecretStr
    s3_endpoint: str
    s3_secure: bool = True
    s3_access_key: str
    s3_secret_key: SecretStr
    arrivals_bucket: str = "arrivals"
    clean_bucket: str = "clean"
    profile: str = "mammography"


class ReleaseSettings(BaseSettings):
    """What the hub's release worker is told besides the hub's own settings; nobody else is.

    Attributes:
        runs: A folder of the worker's own, where its runs hold a lock as long as they live.
        proof_key_file: The Ed25519 key in PEM (0600) that signs proofs of deletion; without one
            nothing is deleted by night.
        proofs: Where those proofs are written, one file each.
    """

    model_config = SettingsConfigDict(
        env_prefix="MAMMO_RELEASE_", extra="forbid", hide_input_in_errors=True
    )

    runs: Path
    proof_key_file: Path | None = None
    proofs: Path | None = None


class EraseSettings(BaseSettings):
    """Who may remove what the hub stores, older versions too; given to nothing that runs.

    Attributes:
        s3_access_key: Empty on one machine: there the hub's own user and the region's erase.
    """

    model_config = SettingsConfigDict(
        env_prefix="MAMMO_ERASE_", extra="forbid", hide_input_in_errors=True
    )

    s3_access_key: str = ""
    s3_secret_key: SecretStr = SecretStr("")


class AuditSettings(BaseSettings):
    """Where DICOM audit messages go (PS3.15 §A.5): the region's log, syslog over TLS.

    Attributes:
        host: Its name; empty, as it is unless said otherwise: no message is written nor sent.
        ca: Who vouches for it; needed with a host.
        certificate: Our own, with `private_key`, where the log wants to see one.
        name: That its certificate bears, where it is not the host's.
        most_waiting: Messages that wait on our disk while it does not answer; more are lost, and
            counted.
    """

    model_config = SettingsConfigDict(
        env_prefix="MAMMO_AUDIT_", extra="forbid", hide_input_in_errors=True
    )

    host: str = Field(default="", max_length=255, pattern=r"^[^\s/@]*$")
    port: int = Field(default=6514, gt=0, le=65535)
    ca: Path | None = None
    certificate: Path | None = None
    private_key: Path | None = None
    name: str = ""
    most_waiting: int = Field(default=20_000, gt=0, le=1_000_000)


class PrepareSettings(BaseSettings):
    """What `prepare` needs once: a credential that may make buckets."""

    model_config = SettingsConfigDict(
        env_prefix="MAMMO_ADMIN_", extra="forbid", hide_input_in_errors=True
    )

    s3_endpoint: str
    s3_secure: bool = True
    s3_access_key: str
    s3_secret_key: SecretStr
