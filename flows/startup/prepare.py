"""Make a new machine ready: both databases, key files, the buckets. Safe to run again.

python -m flows.startup.prepare
"""

from catalog import database
from catalog.ledgers.key_marks import is_begun
from catalog.minio_store import ensure_buckets
from catalog.objects import Credentials
from flows import log
from flows.errors import KeyFileError
from flows.keys import errands, key_file
from flows.settings import (
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


def prepare(region: RegionSettings, hub: HubSettings, admin: PrepareSettings) -> None:
    """Migrate the databases, make key files (development only) and the buckets.

    Raises:
        KeyFileError: The region's keys are gone, and its ledger was filled with them.
    """
    region.landing.mkdir(mode=0o700, parents=True, exist_ok=True)
    database.migrate(region.ledger_url.get_secret_value(), "ledger")
    database.migrate(hub.catalogue_url.get_secret_value(), "catalogue")
    if region.environment is Environment.DEVELOPMENT:
        make_region_keys(region)
        key_file.create(hub.release_key_file, key_file.HUB_ROOTS)
    if region.console_key_file is not None:
        errands.write_public(region.key_file, region.console_key_file)
    ensure_buckets(
        admin.s3_endpoint,
        Credentials(admin.s3_access_key, admin.s3_secret_key.get_secret_value()),
        (region.quarantine_bucket, region.clean_bucket, hub.releases_bucket),
        secure=admin.s3_secure,
    )


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


if __name__ == "__main__":
    log.configure()
    prepare(read(RegionSettings), read(HubSettings), read(PrepareSettings))
