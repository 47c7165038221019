"""Bring one database to its newest schema: all that a side's containers need before they start.

python -m flows.startup.migrate ledger|catalogue
"""

import sys
from collections.abc import Sequence

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from catalog import database
from catalog.errands.grants import grant
from flows import log
from flows.errors import SettingsError
from flows.wiring import read


class _Ledger(BaseSettings):
    """Where the region's ledger is."""

    model_config = SettingsConfigDict(env_prefix="MAMMO_REGION_", hide_input_in_errors=True)

    ledger_url: SecretStr
    console_role: str = ""


class _Catalogue(BaseSettings):
    """Where the hub's catalogue is."""

    model_config = SettingsConfigDict(env_prefix="MAMMO_HUB_", hide_input_in_errors=True)

    catalogue_url: SecretStr


def main(arguments: Sequence[str]) -> None:
    """Migrate the database that is named.

    Raises:
        SettingsError: None is named, or its address is missing.
        DatabaseError: It does not answer.
    """
    match list(arguments):
        case ["ledger"]:
            _migrate_ledger(read(_Ledger))
        case ["catalogue"]:
            database.migrate(read(_Catalogue).catalogue_url.get_secret_value(), "catalogue")
        case _:
            message = "say which database: ledger or catalogue"
            raise SettingsError(message)


def _migrate_ledger(settings: _Ledger) -> None:
    url = settings.ledger_url.get_secret_value()
    database.migrate(url, "ledger")
    if settings.console_role:
        ledger = database.connect(url)
        try:
            grant(ledger, settings.console_role)
        finally:
            ledger.dispose()


if __name__ == "__main__":
    log.configure()
    main(sys.argv[1:])
