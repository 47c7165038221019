"""From a permit through a region's order to a real PACS, and back into that permit's release."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalog.applications import applications
from catalog.applications.deciding import decide
from catalog.arrivals import orders as issued
from catalog.deliveries import orders
from catalog.holders import set_mode
from catalog.plans.records import PlanState
from catalog.releases import freeze
from catalog.search import Query, search
from catalog.vocabulary import HolderMode, ProtectionSource
from flows.exports.content import Content, content_of
from flows.exports.planning import asked, move, opened
from flows.exports.running import Run, next_window
from flows.orders import cohorts
from flows.orders.issuing import sign_waiting
from flows.orders.policy import Policy
from flows.orders.receiving import Orders
from flows.sources.definition import describe
from flows.wiring import HubParts, RegionParts
from tests.catalog.applying import ASSESSOR, form, granted, processed
from tests.flows.conftest import on_both
from tests.flows.exports.bringing import LIMITS, Region, hospital, pacs, receiver_port
from tests.flows.making import counts
from tests.flows.sources.peers import OURS, QRSCP, Go, QrScp

__all__ = ["hospital", "pacs", "receiver_port"]

KEY = Ed25519PrivateKey.generate()
TODAY = datetime.now(UTC).date()
IMAGES = Query(companions=False)


@dataclass
class Ordered(Region):
    """A region that brings in what a plan made of an order asks for."""

    plan: str = ""

    def run(self) -> Run:
        plan = self.parts.ledger.plans.get(self.plan)
        content = Content(selection=content_of(plan.content).selection, limits=LIMITS)
        ask = asked(opened(self.parts, plan.source), content)
        return Run(self.parts, plan, content, ask, self.stop or Go(), self.who, timedelta(0))


def permitted(hub: HubParts, owner: str) -> str:
    """Grant CC views of 2023."""
    cohort = {"view": "CC", "exam_year_from": 2023, "exam_year_to": 2023}
    data = {"description": "CC of one year.", "cohort": cohort}
    drafted = applications.draft(hub.catalogue, form(data=data), who=owner)
    found = processed(hub.catalogue, owner, drafted)
    return decide(
        hub.catalogue, found.key, granted(), who=ASSESSOR, version=found.version
    ).permit_id


def frozen(hub: HubParts, permit_id: str) -> int:
    made = freeze(hub.catalogue, permit_id, IMAGES, today=TODAY, with_what_is_there=True)
    return made.instances


@on_both
def test_a_pacs_gives_what_a_permit_asks_for_to_that_permit_alone(
    hospital: Callable[..., Region], region: RegionParts, hub: HubParts, pacs: QrScp
) -> None:
    engine, made = hub.catalogue, hospital()
    set_mode(engine, "prov", HolderMode.ON_PERMIT, who="operator")
    one, two = permitted(hub, "applicant-1"), permitted(hub, "applicant-2")
    sign_waiting(engine, KEY, who="operator")
    listening = Orders(region.ledger, Policy(), "norr", KEY.public_key().public_bytes_raw())
    for told in issued.after(engine, "norr", 0):
        assert listening.take(vars(told))
    pairs = {"kind": "DICOM", "ae_title": QRSCP, "host": "127.0.0.1", "port": pacs.port}
    source = describe("pacs", {**pairs, "our_ae_title": OURS, "retrieve": "get"})
    region.ledger.plans.set_source(source)
    (order,) = (o for o in region.ledger.cohort_orders.all() if o.signed["permit"] == one)
    filtered = ProtectionSource.FILTERED_EXPORT
    plan = cohorts.accept(
        region, order.order.id, who="bo", source="pacs", protection_source=filtered
    )
    move(region, plan, PlanState.ACTIVE)

    here = Ordered(region, made.deidentifier, made.source, plan=plan)
    export, _ = here.bring()
    assert export.decision.reference == order.reference
    assert counts(region.ledger.tally(export.id)) == {"ADMITTED": 4, "REFUSED": 4}
    assert next_window(here.run()) is None
    assert cohorts.finish(region, order.order.id) == {"ADMITTED": 4, "REFUSED": 4}

    assert search(engine, Query()).studies == ()
    assert (frozen(hub, one), frozen(hub, two)) == (4, 0)
    assert {o.days_left(TODAY) is not None for o in orders.find_all(engine)} == {True}
