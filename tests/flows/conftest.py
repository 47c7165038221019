"""The region's and the hub's side, wired with real parts, without Prefect."""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from catalog import database
from catalog.holders import add_holder, add_region
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.ledger import Ledger
from catalog.outcome import Tally
from catalog.protections.optouts import OptOuts
from catalog.protections.protection import ProtectionTable
from catalog.publishing.publish import CataloguePublisher
from catalog.records import DisclosureDecision, Holder, Region
from catalog.vocabulary import ProtectionSource
from flows import deidentifier
from flows.cli import main
from flows.deidentifier import Deidentifier
from flows.keys import sides
from flows.keys.key_file import HUB_ROOTS, REGION_ROOTS, create
from flows.people.protection import Protection, key
from flows.review import applying, reviews
from flows.settings import Environment
from flows.wiring import HubParts, RegionParts
from tests.flows.making import counts, put, registered, walked
from tests.flows.reviewing import contradicting
from tests.objects import INSTANCE, mammogram, part10
from tests.servers import S3Server

DECISION = DisclosureDecision(
    reference="D-1",
    legal_basis="EHDS Article 60",
    purpose="test",
    controller="Provsjukhuset",
    valid_until=datetime.now(UTC).date() + timedelta(days=9),
    protection_source=ProtectionSource.FILTERED_EXPORT,
)


def decision(**changes: object) -> DisclosureDecision:
    return dataclasses.replace(DECISION, **changes)


@pytest.fixture(scope="session")
def region_keys(tmp_path_factory: pytest.TempPathFactory) -> sides.RegionKeys:
    path = tmp_path_factory.mktemp("keys") / "region.key"
    create(path, REGION_ROOTS)
    return sides.region_keys(path, Environment.DEVELOPMENT)


@pytest.fixture(scope="session")
def deidentify_with(region_keys: sides.RegionKeys) -> Deidentifier:
    return deidentifier.load(region_keys)


@pytest.fixture
def region_databases(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """SQLite; PostgreSQL too where a test is parametrised with it, indirectly."""
    made: Callable[[str], str] = request.getfixturevalue(
        f"{getattr(request, 'param', 'sqlite')}_databases"
    )
    return made


@pytest.fixture
def region(
    s3: S3Server,
    region_databases: Callable[[str], str],
    region_keys: sides.RegionKeys,
    tmp_path: Path,
) -> Iterator[RegionParts]:
    ledger = database.connect(region_databases("ledger"))
    catalogue = database.connect(region_databases("catalogue"))
    add_region(catalogue, Region("norr", "Region Norr"))
    add_holder(catalogue, Holder("prov", "norr", "Provsjukhuset"))
    landing = tmp_path / "landing"
    landing.mkdir(mode=0o700)
    yield RegionParts(
        keys=region_keys,
        ledger=Ledger(ledger, LedgerKey(region_keys.ledger())),
        publisher=CataloguePublisher(catalogue),
        clean=s3.store("clean"),
        quarantine=s3.store("quarantine"),
        landing=landing,
        expansion_limit=1 << 30,
        remembered=timedelta(days=9),
    )
    ledger.dispose()
    catalogue.dispose()


@pytest.fixture
def protection(region: RegionParts) -> Protection:
    """The region's side table, empty, in the database of its ledger."""
    engine = region.ledger._engine
    optouts = OptOuts(engine, sides.subkey(region.keys.root, "opt-out"))
    return Protection(ProtectionTable(engine, key(region.keys)), optouts=optouts)


@pytest.fixture
def hub(region: RegionParts, s3: S3Server, tmp_path: Path) -> HubParts:
    path = tmp_path / "release.key"
    create(path, HUB_ROOTS)
    return HubParts(
        catalogue=region.publisher._engine,
        clean=s3.store("clean"),
        releases=s3.store("releases"),
        keys=sides.release_keys(path, Environment.DEVELOPMENT),
    )


@pytest.fixture
def export_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "Provström Åsa"
    folder.mkdir()
    return folder


@pytest.fixture
def ingest(
    region: RegionParts, deidentify_with: Deidentifier, export_folder: Path
) -> Callable[..., Tally]:
    def run(claimed: int | None = None) -> Tally:
        export = registered(region, export_folder, DECISION, claimed)
        return walked(region, deidentify_with, export)

    return run


#: For tests of what runs on either database.
on_both = pytest.mark.parametrize("region_databases", ["sqlite", "postgres"], indirect=True)
TODAY: date = datetime.now(UTC).date()


@pytest.fixture
def original(export_folder):
    ds = contradicting()
    sibling = mammogram(view="rcc", SOPInstanceUID=f"{INSTANCE}.2", OtherPatientNames="Zäta^Eva")
    put(export_folder, part10(ds), part10(sibling))
    return ds


@pytest.fixture
def waits(original, region, ingest):
    """The one review that an ingest has left."""
    assert counts(ingest()) == {"ADMITTED": 1, "SUSPECT": 1}
    (one,) = reviews.waiting(region)
    return one.review


@pytest.fixture
def apply(region, deidentify_with):
    def run(made, **named):
        return applying.apply(region, deidentify_with, made.id, who="bo", **named)

    return run


@pytest.fixture
def mammo(capsys):
    """Run the command line; give its exit code, and what it said on both streams."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run
