"""Make a new machine ready: both databases, key files, the buckets. Safe to run again.

python -m flows.startup.prepare [region|hub]
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from catalog import database
from catalog.ledgers.key_marks import is_begun
from catalog.minio_store import ensure_buckets
from catalog.objects import Credentials
from flows import log
from flows.errors import KeyFileError, SettingsError
from flows.intake.keys import load_key, make_key, public_text
from flows.keys import errands, key_file
from flows.settings import (
    ArrivalSettings,
    Environment,
    HubSettings,
    PrepareSettings,
    PseudonymSource,
    RegionSettings,
)
from flows.wiring import read

GONE = (
    "the region's key file is gone, and without it nothing more can be linked with what was "
    "ingested: put it back, or begin anew with `mammo reset`"
)


def prepare_region(region: RegionSettings, admin: PrepareSettings) -> None:
    """Make the region's side ready: its ledger, landing and bucket; in development its keys.

    Raises:
        KeyFileError: The region's keys are gone, and its ledger was filled with them.
    """
    region.landing.mkdir(mode=0o700, parents=True, exist_ok=True)
    database.migrate(region.ledger_url.get_secret_value(), "ledger")
    if region.environment is Environment.DEVELOPMENT:
        make_region_keys(region)
        if region.intake_key_file is not None:
            make_intake_key(region.intake_key_file)
    if region.console_key_file is not None:
        errands.write_public(region.key_file, region.console_key_file)
    make_buckets(admin, region.quarantine_bucket)


def prepare_hub(hub: HubSettings, admin: PrepareSettings) -> None:
    """Make the hub's side ready: its catalogue and buckets; in development its release key."""
    database.migrate(hub.catalogue_url.get_secret_value(), "catalogue")
    if hub.environment is Environment.DEVELOPMENT:
        key_file.create(hub.release_key_file, key_file.HUB_ROOTS)
    make_buckets(admin, hub.clean_bucket, hub.releases_bucket)


def make_buckets(admin: PrepareSettings, *names: str) -> None:
    """Make buckets that are not there."""
    secret = Credentials(admin.s3_access_key, admin.s3_secret_key.get_secret_value())
    ensure_buckets(admin.s3_endpoint, secret, names, secure=admin.s3_secure)


def make_intake_key(path: Path) -> None:
    """Make the key with which a new region signs; its public half is written beside it every time.

    Raises:
        KeyFileError: The key cannot be written, or used.
    """
    if not path.exists():
        make_key(path)
    public = public_text(load_key(path).public_key())
    partial = path.with_suffix(".new")
    partial.write_text(f"{public}\n", encoding="ascii")
    partial.replace(path.with_suffix(".pub"))


def make_region_keys(region: RegionSettings) -> None:
    """Make the region's key file for a new stack; never another one for an old stack.

    Raises:
        KeyFileError: The region's keys are gone, and its ledger was filled with them.
    """
    ledger = database.connect(region.ledger_url.get_secret_value())
    try:
        if not region.key_file.exists() and is_begun(ledger):
            raise KeyFileError(GONE)
    finally:
        ledger.dispose()
    local = region.pseudonyms is PseudonymSource.LOCAL
    key_file.create(region.key_file, key_file.REGION_ROOTS if local else key_file.OWN_ROOTS)


def main(arguments: Sequence[str]) -> None:
    """Make one side ready, or both sides of one machine if none is named.

    Raises:
        SettingsError: Something else is named, or a setting is missing.
        KeyFileError: The region's keys are gone, and its ledger was filled with them.
    """
    sides = list(arguments) or ["region", "hub"]
    if not {"region", "hub"}.issuperset(sides):
        message = "say which side: region or hub; or none, for both"
        raise SettingsError(message)
    if "region" in sides:
        prepare_region(read(RegionSettings), read(PrepareSettings))
    if "hub" in sides:
        prepare_hub(read(HubSettings), read(PrepareSettings))
        if arguments:
            make_buckets(read(PrepareSettings), read(ArrivalSettings).arrivals_bucket)


if __name__ == "__main__":
    log.configure()
    main(sys.argv[1:])
