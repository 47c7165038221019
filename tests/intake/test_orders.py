"""Orders: signed data, for one region, once, for a time; and what runs is the region's to say."""

import base64
import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalog.arrivals import orders as issued
from catalog.arrivals.records import IssuedOrder, OrderKind
from catalog.errors import ConflictError, NotFoundError
from catalog.orders.records import OrderState
from catalog.plans.records import KnownSource, PlanState, SourceKind
from flows.errors import OrderError, PlanError, SettingsError
from flows.orders.issuing import issue
from flows.orders.policy import Policy, read_policy
from flows.orders.receiving import Orders
from flows.orders.wire import CONTEXT
from tests.flows.conftest import DECISION
from tests.flows.making import put, registered, walked
from tests.intake.caller import Caller
from tests.intake.making import ours
from tests.objects import mammogram, part10

KEY, THIEF = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def databases(sqlite_databases):
    return sqlite_databases


def order(key=KEY, /, context=CONTEXT, **said) -> dict:
    told = {
        "version": 1,
        "id": "1" * 32,
        "region": "norr",
        "sequence": 1,
        "issued": NOW.isoformat(),
        "expires": (NOW + timedelta(days=9)).isoformat(),
        "kind": "DELIVER",
        "permit": "SE-2026-1",
        "studies": [ours(1)],
    } | said
    body = json.dumps({name: value for name, value in told.items() if value is not None})
    return handed(body, key.sign(context + body.encode()), told["sequence"])


def handed(body: str, signature: bytes, sequence: object = 1) -> dict:
    told = base64.b64encode(signature).decode()
    return {"sequence": sequence, "body": body, "signature": told}


@pytest.fixture
def region(in_process):
    ledger = in_process.ledger
    ledger.plans.set_source(KnownSource("pacs", SourceKind.FOLDER, "{}"))
    return Orders(ledger, Policy(source="pacs"), "norr", KEY.public_key().public_bytes_raw())


def kept(region):
    return [(one.kind.value, one.state.value) for one in region.ledger.orders.all()]


def test_an_order_waits_for_a_person(region):
    assert region.take(order())
    assert kept(region) == [("DELIVER", "WAITING")]
    assert region.ledger.plans.all() == ()


ERASE = {"kind": "ERASE", "permit": None, "case": "7"}
WRONG = {
    "forged": lambda: order(THIEF),
    "unsigned": lambda: handed(order()["body"], b""),
    "signed for something else": lambda: order(context=b""),
    "another's signature": lambda: order() | {"signature": order(THIEF)["signature"]},
    "changed": lambda: order() | {"body": order()["body"].replace("SE-2026-1", "SE-2026-2")},
    "another region's": lambda: order(region="soder"),
    "expired": lambda: order(
        issued=(NOW - timedelta(days=9)).isoformat(), expires=(NOW - timedelta(1)).isoformat()
    ),
    "of the future": lambda: order(issued=(NOW + timedelta(hours=1)).isoformat()),
    "for ever": lambda: order(expires=(NOW + timedelta(days=4000)).isoformat()),
    "another number": lambda: order() | {"sequence": 2},
    "no number": lambda: order(sequence=0),
    "oversized": lambda: order(studies=[ours(1)] * 30_000),
    "too many studies": lambda: order(studies=[ours(1)] * 10_001),
    "no studies": lambda: order(studies=[]),
    "of no known kind": lambda: order(kind="RUN"),
    "code": lambda: order(kind="RUN", command="id"),
    "with more": lambda: order(command="rm -rf /"),
    "with a path": lambda: order(permit="../../etc/passwd"),
    "with an address": lambda: order(permit="http://evil.example/x"),
    "with SQL": lambda: order(studies=["2.25.1' OR 1=1 --"]),
    "with an original UID": lambda: order(studies=["1.2.840.1"]),
    "of another version": lambda: order(version=2),
    "without a zone": lambda: order(issued="2026-01-01T00:00:00"),
    "no JSON": lambda: handed("{", KEY.sign(CONTEXT + b"{")),
    "deep": lambda: handed("[" * 9000, KEY.sign(CONTEXT + b"[" * 9000)),
    "no order": lambda: ["order"],
    "nothing": lambda: None,
    "more than is handed out": lambda: order() | {"run": "id"},
    "half a letter": lambda: handed("\ud800", KEY.sign(CONTEXT)),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_order_of_the_hubs_for_us_is_turned_away(region, what):
    with pytest.raises(OrderError) as caught:
        region.take(WRONG[what]())
    assert "evil" not in str(caught.value)
    assert kept(region) == []
    assert region.take(order())  # the counterpart: it is not everything that is refused


def test_an_order_is_taken_once_and_in_order(region):
    fifth = order(id="5" * 32, sequence=5)
    assert region.take(fifth)
    for again in (fifth, order(id="6" * 32, sequence=5), order(id="4" * 32, sequence=4)):
        with pytest.raises(OrderError):
            region.take(again)
    with pytest.raises(OrderError):
        region.take(order(id="5" * 32, sequence=6))
    assert kept(region) == [("DELIVER", "WAITING")]


def test_the_regions_policy_decides_and_a_hold_never_runs(region, tmp_path):
    file = tmp_path / "orders.toml"
    file.write_text('source = "pacs"\n[orders]\nERASE = "run"\nTRACE_BACK = "never"\n')
    region = dataclasses.replace(region, policy=read_policy(file))
    region.take(order())
    region.take(order(**ERASE | {"id": "2" * 32, "sequence": 2}))
    region.take(order(id="3" * 32, sequence=3, kind="TRACE_BACK", case="7"))
    region.take(order(**ERASE | {"id": "4" * 32, "sequence": 4, "kind": "HOLD"}))
    assert kept(region) == [
        ("DELIVER", "WAITING"),
        ("ERASE", "ACCEPTED"),
        ("TRACE_BACK", "REFUSED"),
        ("HOLD", "REFUSED"),
    ]
    for wrong in ('[orders]\nHOLD = "run"', '[orders]\nRUN = "run"', 'command = "id"', "["):
        file.write_text(wrong)
        with pytest.raises(SettingsError):
            read_policy(file)
    assert read_policy(None).course(OrderKind.ERASE) == "ask"


def test_what_is_accepted_is_a_plan_that_does_not_run(
    region, in_process, deidentify_with, export_folder
):
    put(export_folder, part10(mammogram()))
    export = registered(in_process, export_folder, DECISION)
    walked(in_process, deidentify_with, export)
    (trace,) = region.ledger.by_accession("PROV2300001")
    region.take(order(studies=[trace.clean_study_uid, ours(9)]))
    (made,) = region.accept("1" * 32, who="bo")
    plan = region.ledger.plans.get(made)
    assert (plan.state, plan.holder_id, plan.source) == (PlanState.PAUSED, "prov", "pacs")
    assert plan.decision.protection_source == "UNKNOWN"
    assert json.loads(plan.content)["selection"]["accessions"] == ["PROV2300001"]
    assert region.accept("1" * 32, who="bo") == ()
    assert len(region.ledger.plans.all()) == 1
    with pytest.raises(ConflictError):
        region.refuse("1" * 32, who="bo", why="no")
    with pytest.raises(NotFoundError):
        region.accept("9" * 32, who="bo")


def test_without_a_source_nothing_is_planned(region):
    region = dataclasses.replace(region, policy=Policy())
    region.take(order())
    with pytest.raises(PlanError):
        region.accept("1" * 32, who="bo")
    assert kept(region) == [("DELIVER", "WAITING")]
    region.refuse("1" * 32, who="bo", why="not ours to give")
    assert region.ledger.orders.get("1" * 32).state is OrderState.REFUSED


def test_orders_are_fetched_through_the_intake(hub, region, tmp_path):
    study = [ours(1)]
    for name, permit in (("norr", "SE-1"), ("soder", "SE-2"), ("norr", "SE-3")):
        issue(
            hub.engine,
            KEY,
            name,
            OrderKind.DELIVER,
            study,
            named={"permit": permit},
            days=9,
            who="operator",
        )
    intake = hub.intake(hub.admit("norr", tmp_path))
    assert region.fetch(intake) == (2, 0)
    assert region.fetch(intake) == (0, 0)
    permits = [json.loads(one.body)["permit"] for one in region.ledger.orders.all()]
    assert permits == ["SE-1", "SE-3"]
    with pytest.raises(OrderError):
        issue(hub.engine, KEY, "norr", OrderKind.ERASE, study, named={}, days=9, who="operator")
    intake.close()


def test_who_owns_the_hub_without_its_order_key_orders_nothing(hub, region, tmp_path):
    """Database and intake are the attacker's: every row is handed out, and none is taken."""
    intake = hub.intake(hub.admit("norr", tmp_path))
    for number, what in enumerate(WRONG, 1):
        told = WRONG[what]()
        if isinstance(told, dict) and "\ud800" not in told["body"]:
            body, signature = told["body"], told["signature"]
            planted = IssuedOrder(number, body, signature[:128])
            issued.issue(
                hub.engine, "norr", OrderKind.DELIVER, planted, expires_at=NOW, who="thief"
            )
    taken, refused = region.fetch(intake)
    assert (taken, refused > 15) == (0, True)
    assert kept(region) == []
    assert region.ledger.plans.all() == ()
    for number in range(100, 230):
        planted = IssuedOrder(number, "{}", "")
        issued.issue(hub.engine, "norr", OrderKind.DELIVER, planted, expires_at=NOW, who="thief")
    told = {"named": {"permit": "SE-1"}, "days": 9, "who": "operator"}
    issue(hub.engine, KEY, "norr", OrderKind.DELIVER, [ours(1)], **told)
    assert region.fetch(intake)[0] == 1  # what is planted before it does not hide it
    caller = Caller(hub, hub.admit("soder", tmp_path))
    assert caller.call("GET", "/orders?after=0").json() == {"orders": []}
    assert caller.call("GET", "/orders?after=-1").status_code == 404
    caller.client.close()
    intake.close()
