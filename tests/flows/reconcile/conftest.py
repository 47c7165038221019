"""A region and a hub with buckets of their own: whoever reconciles looks at all that is there."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from catalog.minio_store import MinioStore, ensure_buckets
from flows.deidentifier import Deidentifier
from flows.reconcile import hub as hub_side
from flows.reconcile import region as region_side
from flows.reconcile.hub import HubSide
from flows.reconcile.report import Asked, Report
from flows.walk.study import StudyRun, settle
from flows.wiring import HubParts, RegionParts
from tests.flows.conftest import DECISION
from tests.flows.making import enrolled, four_views, put, registered
from tests.servers import S3Server

BUCKETS = ("clean", "quarantine", "releases", "arrivals")
NOW, WEEK = timedelta(0), timedelta(days=7)


@contextmanager
def silent(_label: str) -> Iterator[Callable[[int, int], None]]:
    yield lambda _done, _every: None


@pytest.fixture(scope="session")
def own_buckets(s3: S3Server) -> None:
    names = [f"own-{name}" for name in BUCKETS]
    ensure_buckets(s3.endpoint, s3.credentials["admin"], names, secure=False)


@pytest.fixture
def own(s3: S3Server, own_buckets: None) -> Iterator[Mapping[str, MinioStore]]:
    stores = {name: s3.store(f"own-{name}") for name in BUCKETS}
    yield stores
    for store in stores.values():
        for key in list(store.keys()):
            store.remove(key)


@pytest.fixture
def region(region: RegionParts, own: Mapping[str, MinioStore]) -> RegionParts:
    return replace(region, clean=own["clean"], quarantine=own["quarantine"])


@pytest.fixture
def hub(hub: HubParts, own: Mapping[str, MinioStore]) -> HubParts:
    return replace(hub, clean=own["clean"], releases=own["releases"])


@pytest.fixture
def side(hub: HubParts, own: Mapping[str, MinioStore]) -> HubSide:
    return HubSide(hub.catalogue, hub.clean, hub.releases, own["clean"], own["arrivals"])


def asked(**changes: object) -> Asked:
    told = Asked(datetime.now(UTC), "anna.a", silent, older=NOW)
    return replace(told, **changes)


@pytest.fixture
def look(side: HubSide) -> Callable[..., Report]:
    """Reconcile the hub's side; what lies there is old enough, unless said otherwise."""

    def run(*, of: HubSide = side, **changes: object) -> Report:
        report = Report()
        hub_side.reconcile(of, asked(**changes), report)
        return report

    return run


@pytest.fixture
def look_here(region: RegionParts) -> Callable[..., Report]:
    """Reconcile the region's side."""

    def run(*, of: RegionParts = region, **changes: object) -> Report:
        report = Report()
        region_side.reconcile(of, asked(**changes), report)
        return report

    return run


@pytest.fixture
def four(export_folder):
    put(export_folder, *four_views())


@pytest.fixture
def crash(region, deidentify_with, export_folder, four) -> Callable[..., str]:
    """Let a run die before it publishes, as by kill -9; give its export's id."""

    def run(deidentifier: Deidentifier = deidentify_with) -> str:
        export = registered(region, export_folder, DECISION)
        ordinals = enrolled(region, export)

        def die(_draft: object) -> None:
            raise KeyboardInterrupt

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(region.publisher, "publish", die)
            with pytest.raises(KeyboardInterrupt):
                settle(StudyRun(region, deidentifier, export, ordinals[1], "norr", "run"))
        return export.id

    return run


@pytest.fixture
def stocked(ingest, four, region) -> RegionParts:
    """Four images in the catalogue, with all that was made of them."""
    ingest()
    region.publisher.record_tally(_summary(region))
    return region


def _summary(region: RegionParts):
    from catalog.records import ExportSummary

    (export,) = region.ledger.exports()
    tally = region.ledger.tally(export.id)
    return ExportSummary(export.id, export.holder_id, "D-1", tally)


def later(**by: float) -> datetime:
    return datetime.now(UTC) + timedelta(**by)
