"""The one place where real parts are built; everything else is handed them."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings
from sqlalchemy import Engine

from catalog import database
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.key_marks import KeyMarks
from catalog.ledgers.ledger import Ledger
from catalog.minio_store import MinioStore
from catalog.objects import Credentials, ObjectStore
from catalog.publishing.port import Publisher
from catalog.publishing.publish import CataloguePublisher
from flows.errors import KeyFileError, SettingsError
from flows.intake.opening import open_intake
from flows.intake.publisher import IntakePublisher
from flows.intake.store import IntakeStore
from flows.keys import key_service, sides
from flows.keys.key_service import KeyService
from flows.keys.pseudonyms import Marks
from flows.keys.sides import RegionKeys, ReleaseKeys
from flows.keys.third_party import TransitPseudonyms
from flows.settings import HubSettings, PseudonymSource, RegionSettings

T = TypeVar("T", bound=BaseSettings)


@dataclass(frozen=True, repr=False)
class RegionParts:
    """The region's side, wired.

    Attributes:
        quarantined: How long all that is kept of an original waits for a decision.
        abandoned: How long what an ended run left in the landing stays.
        unasked: How long what nobody asked for does.
    """

    keys: RegionKeys
    ledger: Ledger
    publisher: Publisher
    clean: ObjectStore
    quarantine: ObjectStore
    landing: Path
    expansion_limit: int
    remembered: timedelta
    quarantined: timedelta = timedelta(days=30)
    abandoned: timedelta = timedelta(days=7)
    unasked: timedelta = timedelta(days=30)


@dataclass(frozen=True, repr=False)
class HubParts:
    """The hub's side, wired."""

    catalogue: Engine
    clean: ObjectStore
    releases: ObjectStore
    keys: ReleaseKeys


@cache
def region() -> RegionParts:
    """Wire the region's side from its settings, once in a process."""
    return wire_region(read(RegionSettings))


@cache
def hub() -> HubParts:
    """Wire the hub's side from its settings, once in a process."""
    return wire_hub(read(HubSettings))


def read(settings: type[T]) -> T:
    """Read settings from the environment.

    Raises:
        SettingsError: With the variables that are missing or wrong, never what they hold.
    """
    try:
        return settings()
    except ValidationError as error:
        prefix = settings.model_config["env_prefix"]
        wrong = ", ".join(f"{prefix}{one['loc'][0]}".upper() for one in error.errors())
        message = f"these settings are missing or wrong: {wrong} (infra/mammo.env.example)"
        raise SettingsError(message) from None


def wire_region(settings: RegionSettings) -> RegionParts:
    """Build the region's parts; quarantine and clean are reached by different identities.

    Raises:
        SettingsError: A setting is missing.
        KeyFileError: The key file cannot be used.
    """
    connection = database.connect(settings.ledger_url.get_secret_value())
    marks = KeyMarks(connection)
    held = wire_keys(settings, marks)
    held.require_same(marks)
    store = partial(MinioStore, settings.s3_endpoint, secure=settings.s3_secure)
    mine = _credentials(settings.s3_access_key, settings.s3_secret_key)
    publisher, clean = wire_delivery(settings)
    return RegionParts(
        keys=held,
        ledger=Ledger(connection, LedgerKey(held.ledger())),
        publisher=publisher,
        clean=clean,
        quarantine=store(credentials=mine, bucket=settings.quarantine_bucket),
        landing=settings.landing,
        expansion_limit=settings.expansion_limit,
        remembered=timedelta(days=settings.ledger_days),
        quarantined=timedelta(days=settings.quarantine_days),
        abandoned=timedelta(days=settings.landing_days),
        unasked=timedelta(days=settings.unasked_days),
    )


def wire_delivery(settings: RegionSettings) -> tuple[Publisher, ObjectStore]:
    """Build the region's way to the hub: its intake, or the catalogue of the same machine.

    Raises:
        SettingsError: A setting is missing.
        KeyFileError: The region's signing key cannot be used.
    """
    if settings.intake_url:
        intake = open_intake(settings)
        return IntakePublisher(intake), IntakeStore(intake)
    needed = {
        "CATALOGUE_URL": settings.catalogue_url.get_secret_value(),
        "CLEAN_ACCESS_KEY": settings.clean_access_key,
        "CLEAN_SECRET_KEY": settings.clean_secret_key.get_secret_value(),
    }
    missing = ", ".join(f"MAMMO_REGION_{name}" for name, value in needed.items() if not value)
    if missing:
        message = f"these settings are missing or wrong: {missing} (infra/mammo.env.example)"
        raise SettingsError(message)
    clean = MinioStore(
        settings.s3_endpoint,
        _credentials(settings.clean_access_key, settings.clean_secret_key),
        settings.clean_bucket,
        secure=settings.s3_secure,
    )
    return CataloguePublisher(database.connect(needed["CATALOGUE_URL"])), clean


def wire_keys(settings: RegionSettings, marks: Marks) -> RegionKeys:
    """Read the region's keys, and find the way to the third party.

    Raises:
        SettingsError: A setting is missing.
        KeyFileError: The key file is missing, readable by others, or not allowed here.
    """
    previous = settings.pseudonyms_previous
    if settings.pseudonyms is PseudonymSource.LOCAL:
        return sides.region_keys(settings.key_file, settings.environment, previous=previous)

    def connect(edge: bytes) -> TransitPseudonyms:
        return TransitPseudonyms(
            KeyService(_address(settings)),
            edge,
            marks=marks,
            batch=settings.pseudonyms_batch,
            previous=previous,
        )

    return sides.keys_with_third_party(settings.key_file, settings.pseudonyms.value, connect)


def rotate_key(settings: RegionSettings) -> int:
    """Put a new version of the local key in use; return its number.

    Raises:
        KeyFileError: The key is not here but with a third party, or the key file cannot be used.
    """
    if settings.pseudonyms is not PseudonymSource.LOCAL:
        program = "bao" if settings.pseudonyms is PseudonymSource.OPENBAO else "vault"
        message = (
            "the key is not here, and nothing was changed. The third party rotates it with: "
            f"{program} write -f {settings.pseudonyms_mount}/keys/{settings.pseudonyms_key}/rotate "
            "(docs/third-party.md)"
        )
        raise KeyFileError(message)
    ledger = database.connect(settings.ledger_url.get_secret_value())
    try:
        return sides.rotate_local(settings.key_file, settings.environment, KeyMarks(ledger))
    finally:
        ledger.dispose()


def _address(settings: RegionSettings) -> key_service.Address:
    by_certificate = (
        settings.pseudonyms_certificate and settings.pseudonyms_private_key
    ) and settings.pseudonyms_role
    ca, token_file = settings.pseudonyms_ca, settings.pseudonyms_token_file
    if not settings.pseudonyms_url or ca is None or not (by_certificate or token_file):
        message = (
            "a third party needs MAMMO_REGION_PSEUDONYMS_URL and _CA, and either _CERTIFICATE, "
            "_PRIVATE_KEY and _ROLE, or _TOKEN_FILE (infra/mammo.env.example)"
        )
        raise SettingsError(message)
    return key_service.Address(
        url=settings.pseudonyms_url,
        key=settings.pseudonyms_key,
        ca=ca,
        mount=settings.pseudonyms_mount,
        namespace=settings.pseudonyms_namespace,
        certificate=settings.pseudonyms_certificate,
        private_key=settings.pseudonyms_private_key,
        role=settings.pseudonyms_role,
        login_mount=settings.pseudonyms_login_mount,
        token_file=token_file,
        timeout=settings.pseudonyms_timeout_s,
    )


def wire_hub(settings: HubSettings) -> HubParts:
    """Build the hub's parts."""
    store = partial(
        MinioStore,
        settings.s3_endpoint,
        _credentials(settings.s3_access_key, settings.s3_secret_key),
        secure=settings.s3_secure,
    )
    return HubParts(
        catalogue=database.connect(settings.catalogue_url.get_secret_value()),
        clean=store(settings.clean_bucket),
        releases=store(settings.releases_bucket),
        keys=sides.release_keys(settings.release_key_file, settings.environment),
    )


def _credentials(access_key: str, secret_key: SecretStr) -> Credentials:
    return Credentials(access_key, secret_key.get_secret_value())
