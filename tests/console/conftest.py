"""A region with a ledger, keys, a store, a console and a worker; a PACS that it may ask."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from catalog import database
from catalog.holders import add_holder, add_region
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.ledger import Ledger
from catalog.records import Holder, Region
from flows.keys import sides
from flows.keys.errands import public_key
from flows.keys.key_file import REGION_ROOTS, create
from flows.settings import Environment
from tests.console.running import Console, console, region_environment, worker
from tests.flows.sources.conftest import hospital  # noqa: F401 -- a fixture
from tests.servers import S3Server


@dataclass(repr=False)
class Side:
    """The region's side on disk."""

    folder: Path
    key_file: Path
    engine: Engine
    ledger: Ledger
    catalogue: str

    @property
    def sources(self) -> Path:
        return self.folder / "sources"

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    def written(self) -> bytes:
        """Give every byte of the ledger's database."""
        path = Path(str(self.engine.url.database))
        return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))


@pytest.fixture(scope="session")
def side(
    tmp_path_factory: pytest.TempPathFactory, sqlite_databases: Callable[[str], str]
) -> Iterator[Side]:
    folder = tmp_path_factory.mktemp("region")
    for name in ("sources", "landing"):
        (folder / name).mkdir(mode=0o700)
    create(folder / "region.key", REGION_ROOTS)
    url = f"sqlite:///{folder / 'ledger.sqlite'}"
    shutil.copy(sqlite_databases("ledger").removeprefix("sqlite:///"), folder / "ledger.sqlite")
    catalogue_url = sqlite_databases("catalogue")
    catalogue = database.connect(catalogue_url)
    add_region(catalogue, Region("norr", "Region Norr"))
    add_holder(catalogue, Holder("prov", "norr", "Provsjukhuset"))
    catalogue.dispose()
    keys = sides.region_keys(folder / "region.key", Environment.DEVELOPMENT)
    engine = database.connect(url)
    ledger = Ledger(engine, LedgerKey(keys.ledger()))
    yield Side(folder, folder / "region.key", engine, ledger, catalogue_url)
    engine.dispose()


@pytest.fixture(scope="session")
def desk(side: Side) -> Iterator[Console]:
    """The console alone: nobody answers."""
    with console(side.engine, public_key(side.key_file), side.folder) as running:
        yield running


@pytest.fixture(scope="session")
def answered(side: Side, desk: Console, s3: S3Server) -> Iterator[Console]:
    """The console, and a worker that answers it."""
    who = s3.credentials["region"]
    told: dict[str, Any] = {
        "landing": str(side.landing),
        "key_file": str(side.key_file),
        "ledger_url": str(side.engine.url),
        "catalogue_url": side.catalogue,
        "s3_endpoint": s3.endpoint,
        "s3_access_key": who.access_key,
        "s3_secret_key": who.secret_key,
        "clean_access_key": who.access_key,
        "clean_secret_key": who.secret_key,
        "console_folders": [str(side.sources)],
    }
    with worker(region_environment(**told), side.folder / "worker.log"):
        yield desk


def decision() -> dict[str, str]:
    return {
        "reference": "D-1",
        "legal_basis": "EHDS Article 60",
        "purpose": "test",
        "controller": "Provsjukhuset",
        "valid_until": (datetime.now(UTC).date() + timedelta(9)).isoformat(),
        "protection_source": "FILTERED_EXPORT",
    }
