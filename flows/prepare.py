"""Make a new machine ready: key files, both databases, the buckets. Safe to run again.

python -m flows.prepare
"""

from catalog import database
from catalog.objects import Credentials, ensure_buckets
from flows import keys, log
from flows.settings import Environment, HubSettings, PrepareSettings, RegionSettings
from flows.wiring import read


def prepare(region: RegionSettings, hub: HubSettings, admin: PrepareSettings) -> None:
    """Make key files (development only), migrate the databases and make the buckets."""
    if region.environment is Environment.DEVELOPMENT:
        keys.create(region.key_file, keys.REGION_ROOTS)
        keys.create(hub.release_key_file, keys.HUB_ROOTS)
    region.landing.mkdir(mode=0o700, parents=True, exist_ok=True)
    database.migrate(region.ledger_url.get_secret_value(), "ledger")
    database.migrate(hub.catalogue_url.get_secret_value(), "catalogue")
    ensure_buckets(
        admin.s3_endpoint,
        Credentials(admin.s3_access_key, admin.s3_secret_key.get_secret_value()),
        (region.quarantine_bucket, region.clean_bucket, hub.releases_bucket),
        secure=admin.s3_secure,
    )


if __name__ == "__main__":
    log.configure()
    prepare(read(RegionSettings), read(HubSettings), read(PrepareSettings))
