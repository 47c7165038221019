"""What both sides type of orders by criteria, from a permit's grant to its release."""

from datetime import UTC, datetime

import pytest

from catalog.calendar import months_later
from catalog.deliveries import orders
from flows import wiring
from flows.sources.definition import describe
from tests.catalog.applying import permitted
from tests.flows.conftest import mammo  # noqa: F401 -- a fixture
from tests.intake.settings import set_region
from tests.intake.test_cli_intake import typed  # noqa: F401 -- a fixture
from tests.intake.test_orders import KEY


@pytest.fixture
def databases(sqlite_databases):
    return sqlite_databases


@pytest.fixture
def both(hub, delivering, export_folder, typed, tmp_path, monkeypatch):  # noqa: F811
    """The command line where both sides' settings are; give exit code 0's output, or the error."""
    known = describe("share", {"kind": "FOLDER", "path": str(export_folder), "stable_seconds": 1})
    delivering.ledger.plans.set_source(known)
    (tmp_path / "orders.toml").write_text('source = "share"\n')
    set_region(
        monkeypatch,
        tmp_path,
        ORDERS_POLICY=tmp_path / "orders.toml",
        INTAKE_URL=hub.url,
        INTAKE_KEY_FILE=tmp_path / "norr.pem",
        INTAKE_CA=hub.ca,
    )
    monkeypatch.setattr(wiring, "region", lambda: delivering)
    (tmp_path / "order.pem").write_bytes(pem(KEY))
    (tmp_path / "order.pem").chmod(0o600)

    def run(*words: object, fails: bool = False) -> str:
        code, out, error = typed(*words)
        assert code == int(fails) or (fails and code), (words, out, error)
        return out + error

    return run


def pem(key) -> bytes:
    from cryptography.hazmat.primitives import serialization as written

    return key.private_bytes(
        written.Encoding.PEM, written.PrivateFormat.PKCS8, written.NoEncryption()
    )


def test_an_order_goes_from_a_permit_to_its_end(both, hub, tmp_path):
    add = ("catalog", "add-holder", "prov", "Provsjukhuset", "--region", "norr")
    both(*add, "--mode", "now", "--who", "bo", fails=True)
    both(*add, "--mode", "on_permit", "--who", "bo")
    both(*add)  # new names leave the mode
    assert "ON_PERMIT" in both("catalog", "holders")
    one = permitted(hub.engine)
    assert "not signed yet" in both("orders", "list")
    assert "0 new orders" in both("orders", "ask", one, "--who", "bo")
    key = ("--key", tmp_path / "order.pem", "--who", "bo")
    order = both("orders", "sign", *key).split()[1]
    assert "nothing waits" in both("orders", "sign", *key)
    today = datetime.now(UTC).date()
    due = months_later(today, 3)
    left = (due - today).days
    assert f"not answered, due {due}, {left} days left" in both("orders", "list")

    assert "1 new order," in both("orders", "fetch")
    shown = both("orders", "show", order)
    for words in (
        f"for the permit {one}",
        "Article 53(1)(e)(ii)",
        "View            CC",
        "PSEUDO_SPE",
    ):
        assert words in shown
    both("orders", "accept", order, "--who", "bo", fails=True)  # whence are its flags?
    both("orders", "accept", order, "--protection-source", "hearsay", "--who", "bo", fails=True)
    said = both("orders", "accept", order, "--protection-source", "filtered_export", "--who", "bo")
    assert "planned, and paused: o-" in said
    both("orders", "fetch")
    listed = both("orders", "list")
    assert listed.count("accepted, due") == 2  # the region says so, and so does the hub

    both("orders", "extend", order, "--reason", " ", "--who", "bo", fails=True)
    assert f"due {months_later(today, 6)}" in both(
        "orders", "extend", order, "--reason", "the archive is moved", "--who", "bo"
    )
    assert "mammo orders list" in both("release", one, fails=True)
    assert "done: nothing" in both("orders", "done", order)
    both("orders", "fetch")
    assert both("orders", "list").count("delivered") == 2
    assert orders.get(hub.engine, order).counts == {}


def test_a_refusal_has_a_ground(both, hub, tmp_path):
    both(
        "catalog",
        "add-holder",
        "prov",
        "P",
        "--region",
        "norr",
        "--mode",
        "on_permit",
        "--who",
        "bo",
    )
    permitted(hub.engine)
    key = ("--key", tmp_path / "order.pem", "--who", "bo")
    order = both("orders", "sign", *key).split()[1]
    both("orders", "fetch")
    why = ("orders", "refuse", order, "--reason", "no such women here", "--who", "bo")
    both(*why, "--ground", "mood", fails=True)
    both(*why, "--ground", "not_held")
    both("orders", "fetch")
    of_region, of_hub = (line for line in both("orders", "list").splitlines() if line)
    assert "refused" in of_region
    assert of_hub.endswith("refused on the ground NOT_HELD")
