"""A release UID leads to the region's own person, by two people; the hub never learns who."""

import dataclasses

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from catalog import audit, permits, releases
from catalog.arrivals.records import OrderKind
from catalog.arrivals.tables import issued_order
from catalog.errors import ConflictError, NotFoundError
from catalog.findings import findings
from catalog.search import Query
from flows import wiring
from flows.cli import place
from flows.errors import SettingsError
from flows.orders.finding import confirm, trace
from flows.orders.policy import Policy, read_policy
from flows.orders.receiving import Orders
from flows.release.build import build
from tests.catalog.making import TODAY, WHO, permit
from tests.flows.conftest import DECISION
from tests.flows.making import put, registered, walked
from tests.objects import mammogram, part10

KEY = Ed25519PrivateKey.generate()
ACCESSION = "PROV2300001"
WHAT = "suspicious mass, left"


@pytest.fixture
def listening(region):
    return Orders(region.ledger, Policy(), "norr", KEY.public_key().public_bytes_raw())


@pytest.fixture
def released(region, hub, deidentify_with, export_folder):
    """The UID of an image, as a researcher knows it."""
    put(export_folder, part10(mammogram()))
    walked(region, deidentify_with, registered(region, export_folder, DECISION))
    permits.create(hub.catalogue, permit())
    build(hub, "permit-1", Query(), today=TODAY)
    found = releases.manifest(hub.catalogue, "permit-1", who=WHO, today=TODAY)
    return next(one for one in found if not one.derived)


def orders_of(hub):
    with hub.catalogue.connect() as connection:
        return connection.execute(select(issued_order)).all()


def fetched(listening, hub):
    (row,) = orders_of(hub)
    told = {"sequence": row.sequence, "body": row.body, "signature": row.signature}
    assert listening.take(told)
    (kept,) = listening.ledger.orders.all()
    return kept


@pytest.mark.parametrize("name", ["sop_uid", "study_uid"])
def test_a_release_uid_leads_to_the_regions_person_by_two_people(
    hub,
    released,
    listening,
    name,
):
    uid = getattr(released, name)
    made = findings.report(hub.catalogue, "permit-1", uid, reason=WHAT, who="anna.a")
    assert orders_of(hub) == []
    with pytest.raises(ConflictError):
        confirm(hub.catalogue, KEY, made.id, who="anna.a")
    assert orders_of(hub) == []
    done = confirm(hub.catalogue, KEY, made.id, who="bo.b")
    assert (done.region, done.confirmed_by) == ("norr", "bo.b")
    with pytest.raises(ConflictError):
        confirm(hub.catalogue, KEY, made.id, who="cia.c")
    kept = fetched(listening, hub)
    assert (kept.id, kept.kind) == (done.order, OrderKind.TRACE_BACK)
    ledger = listening.ledger
    with pytest.raises(ConflictError):
        trace(ledger, kept.id, who="dan.d")
    assert ledger.orders.traced(kept.id) == ()
    listening.accept(kept.id, who="dan.d")
    assert trace(ledger, kept.id, who="dan.d") == {"prov": frozenset({ACCESSION})}
    assert ledger.orders.traced(kept.id) == (("dan.d", 1),)
    told = "".join(map(str, [*orders_of(hub), *audit.entries(hub.catalogue)]))
    assert ACCESSION not in told
    assert WHAT not in orders_of(hub)[0].body
    assert [one.action for one in audit.entries(hub.catalogue)] == [
        "finding",
        "order",
        "trace-back",
    ]


def test_another_permits_uid_leads_nowhere(hub, released):
    permits.create(hub.catalogue, permit("other"))
    for name, uid in (("other", released.sop_uid), ("permit-1", "2.25.1")):
        with pytest.raises(NotFoundError):
            findings.report(hub.catalogue, name, uid, reason=WHAT, who="anna.a")
    assert findings.every(hub.catalogue) == ()


def test_no_policy_traces_back_and_no_other_order_does(listening, hub, released, tmp_path):
    file = tmp_path / "orders.toml"
    file.write_text('[orders]\nTRACE_BACK = "run"\n')
    with pytest.raises(SettingsError):
        read_policy(file)
    from flows.orders.issuing import issue

    named = {"case": "7"}
    issue(
        hub.catalogue, KEY, "norr", OrderKind.ERASE, ["2.25.1"], named=named, days=9, who="anna.a"
    )
    kept = fetched(listening, hub)
    listening.accept(kept.id, who="dan.d")
    with pytest.raises(ConflictError):
        trace(listening.ledger, kept.id, who="dan.d")


def test_the_commands(mammo, hub, region, released, listening, monkeypatch):
    people = iter(("anna.a", "anna.a", "bo.b", "dan.d"))
    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(wiring, "hub", lambda: hub)
    monkeypatch.setattr(wiring, "region", lambda: region)
    monkeypatch.setattr("flows.cli.finding.person", lambda _who, _settings: next(people))
    monkeypatch.setattr("flows.intake.keys.load_key", lambda _path: KEY)
    code, said, _ = mammo("finding", "report", "permit-1", released.sop_uid, "--reason", WHAT)
    assert code == 0
    assert "finding 1 is entered" in said
    assert mammo("finding", "confirm", "1", "--key", "order.pem")[0] == 1
    code, said, _ = mammo("finding", "confirm", "1", "--key", "order.pem")
    assert code == 0
    assert "waits for region norr" in said
    assert "order" in mammo("finding", "list")[1]
    kept = fetched(listening, hub)
    listening.accept(kept.id, who="dan.d")
    assert mammo("finding", "show", kept.id)[:2] == (0, f"prov  {ACCESSION}\n")
    code, _, said = mammo("orders", "issue", "norr", "TRACE_BACK", "uids.txt", "--key", "order.pem")
    assert code == 2
    assert "two people" in said.replace("\n", " ")
    assert dataclasses.asdict(findings.every(hub.catalogue)[0])["order"] == kept.id
