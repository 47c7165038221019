"""A permit asks holders on permit; the region delivers for it; nobody else is given what came."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalog import releases, tables
from catalog.applications.records import Reader
from catalog.database import writing
from catalog.deliveries import orders
from catalog.errors import ConflictError
from catalog.holders import set_mode
from catalog.permits import get, revoke
from catalog.permits.changing import amend, extend
from catalog.permits.reading import show
from catalog.plans.records import PlanState
from catalog.search import Query, search
from catalog.vocabulary import DeliveryState, Ground, HolderMode, ProtectionSource
from flows.errors import ExportRefusedError, PlanError
from flows.exports.content import content_of
from flows.exports.planning import move
from flows.keys import sides
from flows.keys.key_file import HUB_ROOTS, create
from flows.orders import cohorts
from flows.orders.issuing import sign_waiting
from flows.orders.policy import Policy
from flows.orders.receiving import Orders
from flows.release.build import build
from flows.settings import Environment
from flows.sources.definition import describe
from flows.wiring import HubParts
from tests.catalog.applying import ASSESSOR, form, granted, permitted, processed
from tests.flows.conftest import DECISION
from tests.flows.making import counts, four_views, put, registered, walked
from tests.intake.conftest import checking

KEY = Ed25519PrivateKey.generate()
TODAY = datetime.now(UTC).date()
FILTERED = ProtectionSource.FILTERED_EXPORT
IMAGES = Query(companions=False)


@pytest.fixture
def databases(sqlite_databases):
    return sqlite_databases


@pytest.fixture
def on_permit(hub):
    set_mode(hub.engine, "prov", HolderMode.ON_PERMIT, who="operator")
    return hub


@pytest.fixture
def region(delivering, export_folder):
    known = describe("share", {"kind": "FOLDER", "path": str(export_folder), "stable_seconds": 1})
    delivering.ledger.plans.set_source(known)
    return delivering


@pytest.fixture
def intake(region):
    return region.publisher._intake


@pytest.fixture
def fetch(region, intake):
    """Do what `mammo orders fetch` does, under a policy; give the orders by their permits."""
    listening = Orders(region.ledger, Policy(), "norr", KEY.public_key().public_bytes_raw())

    def run(policy=None):
        listening.fetch(intake)
        cohorts.exchange(region, policy or Policy(), intake)
        return {one.signed["permit"]: one for one in region.ledger.cohort_orders.all()}

    return run


@pytest.fixture
def hub_parts(hub, s3, tmp_path):
    path = tmp_path / "release.key"
    create(path, HUB_ROOTS)
    keys = sides.release_keys(path, Environment.DEVELOPMENT)
    return HubParts(hub.engine, hub.parts.clean, s3.store("releases"), keys)


def accept(region, order, **named):
    named = {"who": "bo", "source": "share", "protection_source": FILTERED} | named
    return cohorts.accept(region, order.order.id, **named)


def deliver(hub, region, deidentifier, folder, order):
    """Bring an export in by the plan's own decision, as the flow of a folder's plan does."""
    plan = region.ledger.plans.get(accept(region, order))
    with checking(hub):
        return counts(walked(region, deidentifier, registered(region, folder, plan.decision)))


def stood(hub):
    return {one.permit_id: one.state for one in orders.find_all(hub.engine)}


def frozen(hub, permit_id):
    made = releases.freeze(hub.engine, permit_id, IMAGES, today=TODAY, with_what_is_there=True)
    return made.instances


def test_what_was_delivered_for_a_permit_is_that_permits_alone(
    on_permit, region, fetch, hub_parts, deidentify_with, export_folder
):
    hub = on_permit
    one, two = permitted(hub.engine), permitted(hub.engine, owner="applicant-2")
    assert set(stood(hub).values()) == {DeliveryState.ASKED}
    assert len(sign_waiting(hub.engine, KEY, who="operator")) == 2
    assert sign_waiting(hub.engine, KEY, who="operator") == ()
    put(export_folder, *four_views())
    ended = deliver(hub, region, deidentify_with, export_folder, fetch()[one])
    assert ended == {"ADMITTED": 2, "REFUSED": 2}  # it asked for CC only

    assert search(hub.engine, Query()).studies == ()
    assert (frozen(hub, one), frozen(hub, two)) == (2, 0)
    with pytest.raises(ConflictError):
        build(hub_parts, one, IMAGES, today=TODAY)  # the order is open
    cohorts.finish(region, region.ledger.cohort_orders.all()[0].order.id)
    fetch()
    assert stood(hub) == {one: DeliveryState.DELIVERED, two: DeliveryState.SENT}
    (done,) = orders.find_all(hub.engine, permit_id=one)
    assert done.counts == ended
    assert build(hub_parts, one, IMAGES, today=TODAY).instances == 2
    assert build(hub_parts, one, Query(), today=TODAY).instances == 6  # with what was derived

    ended = deliver(hub, region, deidentify_with, export_folder, fetch()[two])
    assert ended == {"KNOWN": 2, "REFUSED": 2}  # nothing is sent twice, and it is theirs now
    assert frozen(hub, two) == 2
    assert search(hub.engine, Query()).studies == ()
    set_mode(hub.engine, "prov", HolderMode.STANDING, who="operator")
    assert len(search(hub.engine, Query()).studies) == 1


def test_a_permit_that_follows_uses_what_came_and_asks_for_nothing_twice(
    on_permit, region, fetch, deidentify_with, export_folder
):
    hub = on_permit
    one = permitted(hub.engine)
    sign_waiting(hub.engine, KEY, who="operator")
    put(export_folder, *four_views())
    deliver(hub, region, deidentify_with, export_folder, fetch()[one])
    content = show(hub.engine, one, Reader("", is_assessor=True)).content
    why = {"who": ASSESSOR, "reason": "r", "today": TODAY}
    next_one = amend(hub.engine, one, content.but(conditions=("Results are open.",)), **why).id
    assert frozen(hub, next_one) == 2
    assert set(stood(hub)) == {one}
    wider = content.data.model_dump() | {"cohort": {"view": "MLO"}}
    last = amend(hub.engine, next_one, content.but(data=wider), **why).id
    assert stood(hub) == {one: DeliveryState.ACCEPTED, last: DeliveryState.ASKED} or set(
        stood(hub)
    ) == {one, last}


def test_without_an_order_nothing_of_the_holder_comes_in(
    on_permit, region, deidentify_with, export_folder
):
    put(export_folder, *four_views())
    with pytest.raises(ExportRefusedError):
        registered(region, export_folder, DECISION)
    forged = dataclasses.replace(DECISION, reference="order " + "1" * 32)
    with pytest.raises(ExportRefusedError):
        registered(region, export_folder, forged)


def test_the_hub_refuses_what_a_region_sends_without_an_order(
    hub, region, deidentify_with, export_folder
):
    put(export_folder, *four_views())
    export = registered(region, export_folder, DECISION)
    set_mode(hub.engine, "prov", HolderMode.ON_PERMIT, who="operator")
    with checking(hub), pytest.raises(Exception, match="on permit only"):
        walked(region, deidentify_with, export)
    set_mode(hub.engine, "prov", HolderMode.STANDING, who="operator")
    assert search(hub.engine, Query()).studies == ()


def test_nothing_is_signed_for_a_permit_that_expired_and_none_followed(on_permit):
    engine, one = on_permit.engine, permitted(on_permit.engine)
    past = {"valid_from": TODAY - timedelta(days=9), "valid_until": TODAY - timedelta(days=1)}
    with writing(engine) as connection:
        connection.execute(tables.permit.update().values(past))
    assert sign_waiting(engine, KEY, who="operator") == ()
    assert stood(on_permit) == {one: DeliveryState.ASKED}
    extend(engine, one, TODAY, who=ASSESSOR, reason="It goes on.", today=past["valid_from"])
    assert len(sign_waiting(engine, KEY, who="operator")) == 1


def test_what_a_permit_asked_for_is_taken_back_once_it_has_expired(on_permit):
    engine, one = on_permit.engine, permitted(on_permit.engine)
    sign_waiting(engine, KEY, who="operator")
    assert orders.end_over(engine, today=TODAY, who="calendar") == 0
    after = get(engine, one).valid_until + timedelta(days=1)
    assert orders.end_over(engine, today=after, who="calendar") == 1
    assert orders.end_over(engine, today=after, who="calendar") == 0
    assert stood(on_permit) == {one: DeliveryState.WITHDRAWN}


def test_a_refusal_tells_the_ground_and_the_words_stay(on_permit, region, fetch):
    hub = on_permit
    one = permitted(hub.engine)
    sign_waiting(hub.engine, KEY, who="operator")
    order = fetch()[one]
    cohorts.refuse(region, order.order.id, ground=Ground.NOT_HELD, who="bo", why="Åsa is away")
    fetch()
    (there,) = orders.find_all(hub.engine)
    assert (there.state, there.ground) == (DeliveryState.REFUSED, Ground.NOT_HELD)
    assert "Åsa is away".encode() not in b"".join(hub.received)
    assert frozen(hub, one) == 0
    assert releases.freeze(hub.engine, one, IMAGES, today=TODAY).instances == 0  # it is not open


def test_a_revoked_permit_takes_its_order_back_and_nothing_comes_any_more(
    on_permit, region, fetch, deidentify_with, export_folder
):
    hub = on_permit
    one = permitted(hub.engine)
    sign_waiting(hub.engine, KEY, who="operator")
    plan = region.ledger.plans.get(accept(region, fetch()[one]))
    put(export_folder, *four_views())
    export = registered(region, export_folder, plan.decision)
    revoke(hub.engine, one, who="officer", reason="r")
    assert stood(hub) == {one: DeliveryState.WITHDRAWN}
    with checking(hub), pytest.raises(Exception, match="on permit only"):
        walked(region, deidentify_with, export)
    assert fetch()[one].state is DeliveryState.WITHDRAWN  # it learns so as it says it accepted
    with pytest.raises(ConflictError):
        walked(region, deidentify_with, export)


def test_the_plan_asks_a_pacs_for_the_years_and_nothing_else(on_permit, region, fetch):
    hub = on_permit
    region.ledger.plans.set_source(
        describe(
            "pacs",
            {"kind": "DICOM", "ae_title": "PACS1", "host": "127.0.0.1", "port": 1,
             "our_ae_title": "MAMMO"},
        )
    )  # fmt: skip
    cohort = {"view": "CC", "age_band": "50-54", "exam_year_from": 2016, "exam_year_to": 2018}
    data = {"description": "d", "cohort": cohort}
    from catalog.applications import applications

    drafted = applications.draft(hub.engine, form(data=data), who="applicant-1")
    found = processed(hub.engine, drafted=drafted)
    from catalog.applications.deciding import decide

    one = decide(hub.engine, found.key, granted(), who=ASSESSOR, version=found.version).permit_id
    sign_waiting(hub.engine, KEY, who="operator")
    order = fetch()[one]
    for lacking in ({"source": ""}, {"protection_source": ProtectionSource.UNKNOWN}):
        with pytest.raises(PlanError):
            accept(region, order, **{"source": "pacs"} | lacking)
    made = region.ledger.plans.get(accept(region, order, source="pacs"))
    assert made.state is PlanState.PAUSED
    assert made.decision.reference == f"order {order.order.id}"
    selection = content_of(made.content).selection
    told = json.loads(selection.model_dump_json(exclude_defaults=True))
    assert told == {"first": "2016-01-01", "last": "2018-12-31"}
    assert accept(region, order, source="pacs") == made.id  # again changes nothing
    with pytest.raises(PlanError):
        cohorts.finish(region, order.order.id)  # the plan has more to do
    move(region, made.id, PlanState.CANCELLED)
    assert cohorts.finish(region, order.order.id) == {}


def test_what_the_policy_runs_is_planned_and_still_paused(on_permit, region, fetch):
    one = permitted(on_permit.engine)
    sign_waiting(on_permit.engine, KEY, who="operator")
    policy = Policy(orders={"COHORT": "run"})
    assert fetch(policy)[one].state is DeliveryState.SENT  # it names no source: a person has to
    policy = Policy(orders={"COHORT": "run"}, source="share", protection_source=FILTERED)
    assert fetch(policy)[one].state is DeliveryState.ACCEPTED
    assert stood(on_permit) == {one: DeliveryState.ACCEPTED}
    (plan,) = region.ledger.plans.all()
    assert plan.state is PlanState.PAUSED


def test_what_the_policy_never_runs_is_refused_with_a_ground(on_permit, region, intake):
    one = permitted(on_permit.engine)
    sign_waiting(on_permit.engine, KEY, who="operator")
    never = Policy(orders={"COHORT": "never"})
    Orders(region.ledger, never, "norr", KEY.public_key().public_bytes_raw()).fetch(intake)
    cohorts.exchange(region, never, intake)
    (there,) = orders.find_all(on_permit.engine)
    assert (there.permit_id, there.state) == (one, DeliveryState.REFUSED)
    assert there.ground is Ground.OTHER


def test_more_time_reaches_the_region(on_permit, region, fetch):
    one = permitted(on_permit.engine)
    sign_waiting(on_permit.engine, KEY, who="operator")
    order = fetch()[one]
    accept(region, order)
    until = order.due_on + timedelta(days=30)
    orders.prolong(on_permit.engine, order.order.id, until, why="The archive is moved.", who="op")
    assert fetch()[one].due_on == until
    assert get(on_permit.engine, one).revoked_at is None
