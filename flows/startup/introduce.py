"""Let a region of a local stack deliver to its hub: done by the hub, for development only.

python -m flows.startup.introduce REGION PUBLIC_KEY
"""

import sys
from collections.abc import Sequence

from catalog import database
from catalog.arrivals import regions
from catalog.holders import add_region
from catalog.records import Region
from flows import log
from flows.errors import SettingsError
from flows.intake.keys import read_public
from flows.settings import Environment, HubSettings
from flows.wiring import read

WHO = "mammo up"


def main(arguments: Sequence[str]) -> None:
    """Enter a region and its public key (base64).

    Raises:
        SettingsError: This is not development, or something is missing.
        KeyFileError: The key is none.
        ConflictError: The key is another region's, or was revoked.
    """
    settings = read(HubSettings)
    match list(arguments):
        case [region, public] if settings.environment is Environment.DEVELOPMENT:
            engine = database.connect(settings.catalogue_url.get_secret_value())
            add_region(engine, Region(region, region))
            regions.add_key(engine, region, read_public(public), who=WHO)
        case _:
            message = "in development only, and with a region and its public key"
            raise SettingsError(message)


if __name__ == "__main__":
    log.configure()
    main(sys.argv[1:])
