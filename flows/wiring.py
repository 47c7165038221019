"""The one place where real parts are built; everything else is handed them."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import Engine

from catalog import database
from catalog.ledger import Ledger
from catalog.ledger_key import LedgerKey
from catalog.objects import Credentials, MinioStore, ObjectStore
from catalog.publish import CataloguePublisher, Publisher
from flows import keys
from flows.keys import LocalKeys
from flows.settings import HubSettings, RegionSettings


@dataclass(frozen=True, repr=False)
class RegionParts:
    """The region's side, wired."""

    keys: LocalKeys
    ledger: Ledger
    publisher: Publisher
    clean: ObjectStore
    quarantine: ObjectStore
    landing: Path
    expansion_limit: int
    remembered: timedelta


@dataclass(frozen=True, repr=False)
class HubParts:
    """The hub's side, wired."""

    catalogue: Engine
    clean: ObjectStore
    releases: ObjectStore
    keys: LocalKeys


@cache
def region() -> RegionParts:
    """Wire the region's side from its settings, once in a process."""
    return wire_region(RegionSettings())


@cache
def hub() -> HubParts:
    """Wire the hub's side from its settings, once in a process."""
    return wire_hub(HubSettings())


def wire_region(settings: RegionSettings) -> RegionParts:
    """Build the region's parts."""
    held = keys.load(settings.key_file, settings.environment, keys.REGION_ROOTS)
    return RegionParts(
        keys=held,
        ledger=Ledger(
            database.connect(settings.ledger_url.get_secret_value()), LedgerKey(held.ledger_key())
        ),
        publisher=CataloguePublisher(database.connect(settings.catalogue_url.get_secret_value())),
        clean=_store(settings, settings.clean_bucket),
        quarantine=_store(settings, settings.quarantine_bucket),
        landing=settings.landing,
        expansion_limit=settings.expansion_limit,
        remembered=timedelta(days=settings.ledger_days),
    )


def wire_hub(settings: HubSettings) -> HubParts:
    """Build the hub's parts."""
    return HubParts(
        catalogue=database.connect(settings.catalogue_url.get_secret_value()),
        clean=_store(settings, settings.clean_bucket),
        releases=_store(settings, settings.releases_bucket),
        keys=keys.load(settings.release_key_file, settings.environment, keys.HUB_ROOTS),
    )


def _store(settings: RegionSettings | HubSettings, bucket: str) -> MinioStore:
    credentials = Credentials(
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key.get_secret_value(),
    )
    return MinioStore(settings.s3_endpoint, credentials, bucket, secure=settings.s3_secure)
