"""What the door must be told to open: read once, from `MAMMO_API_*`, by `create_app`."""

from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_ISSUER: Final = "urn:mammo:development"


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
        issuer: the only `iss` a token may name; without `jwks_file`, the URL of an OpenID
            Connect provider, where its keys are found by discovery.
        issuer_ca: who vouches for the provider's certificate (PEM); empty: whom the system trusts.
        jwks_file: public keys (RFC 7517) of the issuer, instead of discovery; read again when it
            changes.
        audience: the `aud` a token must contain; no client at the issuer may have this name.
        leeway_s: clock skew allowed on `exp`, `nbf` and `iat`, in seconds.
        plain_jwt: take access tokens whose type is `JWT` too, for providers that know no RFC 9068.
        roles_claim: where a token has its roles: a claim, or claims joined by dots.
        roles: our roles by the issuer's words; empty: its words are ours.
        token_s: seconds that a token of a secure processing environment holds.
        requests_a_second: how fast one caller may ask; `burst` at once.
        at_once: answers of releases that one caller may be given at the same time, by one process.
        failures_a_minute: tokens from one address that do not hold, before they are answered 429.
        body_bytes: largest body that is taken.
        body_seconds: how long a body may take to come.
        tls: callers speak TLS, with this process or a proxy in front: HSTS is said.
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
    issuer: str = Field(min_length=1)
    issuer_ca: Path | None = None
    jwks_file: Path | None = None
    audience: str = Field(min_length=1)
    leeway_s: int = Field(default=30, ge=0, le=120)
    public_url: str = Field(
        default="", pattern=r"^(https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?)?$"
    )
    ask_again_s: float = Field(default=20, gt=0, le=20)
    plain_jwt: bool = False
    roles_claim: str = Field(default="roles", min_length=1)
    roles: dict[str, str] = {}
    token_s: int = Field(default=600, ge=1, le=600)
    requests_a_second: float = Field(default=50.0, gt=0)
    burst: int = Field(default=500, gt=0)
    at_once: int = Field(default=24, gt=0)
    failures_a_minute: int = Field(default=60, gt=0)
    body_bytes: int = Field(default=1 << 20, gt=0, le=16 << 20)
    body_seconds: float = Field(default=20.0, gt=0)
    tls: bool = False

    @model_validator(mode="after")
    def _refuse_development_issuer(self) -> Self:
        if self.issuer == DEVELOPMENT_ISSUER and self.environment is not Environment.DEVELOPMENT:
            msg = "the development issuer is refused outside development"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _require_keys(self) -> Self:
        """Without a file the keys come from the issuer: nobody may be able to change them."""
        if self.jwks_file is None and not self._may_be_asked():
            msg = "an issuer without a file of keys must be an https URL without query or fragment"
            raise ValueError(msg)
        return self

    def _may_be_asked(self) -> bool:
        url = urlsplit(self.issuer)
        if not url.hostname or url.query or url.fragment or "@" in url.netloc:
            return False
        if url.scheme == "http":
            return self.environment is Environment.DEVELOPMENT and _is_here(url.hostname)
        return url.scheme == "https"


def _is_here(host: str) -> bool:
    """Tell whether a host is this machine, by its name or address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
