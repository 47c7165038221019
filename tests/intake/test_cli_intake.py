"""What operators of both sides type."""

import pytest

from catalog.arrivals import regions
from catalog.arrivals.records import OrderKind
from catalog.orders.records import ReceivedOrder
from flows import wiring
from tests.flows.conftest import mammo  # noqa: F401 -- a fixture
from tests.intake.settings import set_region
from tests.intake.test_orders import NOW, order


@pytest.fixture
def databases(sqlite_databases):
    return sqlite_databases


@pytest.fixture
def typed(hub, mammo, tmp_path, monkeypatch):  # noqa: F811
    """The command line at the hub, in development."""
    from flows.keys.key_file import HUB_ROOTS, create

    create(tmp_path / "release.key", HUB_ROOTS)
    told = {
        "ENVIRONMENT": "development",
        "CATALOGUE_URL": hub.database,
        "RELEASE_KEY_FILE": str(tmp_path / "release.key"),
        "S3_ENDPOINT": "127.0.0.1:1",
        "S3_ACCESS_KEY": "x",
        "S3_SECRET_KEY": "x",
    }
    for name, value in told.items():
        monkeypatch.setenv(f"MAMMO_HUB_{name}", value)
    wiring.hub.cache_clear()
    yield mammo
    wiring.hub().catalogue.dispose()
    wiring.hub.cache_clear()


def test_a_region_is_let_in_limited_and_shut_out(typed, hub, tmp_path):
    code, public, _ = typed("regions", "make-key", tmp_path / "intake.pem")
    assert (code, (tmp_path / "intake.pem").stat().st_mode & 0o777) == (0, 0o600)
    assert typed("regions", "make-key", tmp_path / "intake.pem")[0] == 1
    code, name, _ = typed("regions", "add-key", "norr", public.strip(), "--who", "bo")
    assert code == 0
    assert name.strip() in typed("regions", "keys")[1]
    assert typed("regions", "add-key", "norr", "short", "--who", "bo")[0] == 1
    assert typed("regions", "add-key", "none", public.strip(), "--who", "bo")[0] == 1
    limited = ("limits", "norr", "--objects", 5, "--gigabytes", 1, "--merges-until", "2027-01-31")
    assert typed("regions", *limited, "--who", "bo")[0] == 0
    chosen = regions.limits_of(hub.engine, "norr")
    assert (chosen.objects_a_day, chosen.bytes_a_day) == (5, 10**9)
    assert "revoked" in typed("regions", "revoke-key", name.strip(), "--who", "bo")[1]
    assert "nothing was delivered" in typed("arrivals", "list")[1]


def test_an_order_is_issued(typed, hub, tmp_path):
    from catalog.arrivals import orders
    from tests.intake.making import ours

    typed("regions", "make-key", tmp_path / "order.pem")
    (tmp_path / "uids.txt").write_text(f"{ours(1)}\n{ours(2)}\n")
    told = (tmp_path / "uids.txt", "--key", tmp_path / "order.pem", "--who", "bo")
    code, said, _ = typed("orders", "issue", "norr", "ERASE", *told, "--case", "7")
    assert (code, said.startswith("ordered: ")) == (0, True)
    assert len(orders.after(hub.engine, "norr", 0)) == 1
    assert typed("orders", "issue", "norr", "ERASE", *told)[0] == 1


@pytest.mark.parametrize("kind", ["HOLD", "hold", "COHORT", "OTHER"])
def test_what_is_not_the_hubs_to_order_is_refused(typed, hub, tmp_path, kind):
    from catalog.arrivals import orders
    from tests.intake.making import ours

    typed("regions", "make-key", tmp_path / "order.pem")
    (tmp_path / "uids.txt").write_text(f"{ours(1)}\n")
    told = (tmp_path / "uids.txt", "--key", tmp_path / "order.pem", "--who", "bo", "--case", "7")
    code, _, said = typed("orders", "issue", "norr", kind, *told)
    assert (code, "DELIVER or ERASE" in said) == (2, True)
    assert orders.after(hub.engine, "norr", 0) == ()


def test_a_region_reads_and_decides(in_process, mammo, monkeypatch, tmp_path):  # noqa: F811
    set_region(monkeypatch, tmp_path)
    monkeypatch.setattr(wiring, "region", lambda: in_process)
    assert "nothing" in mammo("orders", "list")[1]
    body = order(kind="ERASE", permit=None, case="7")["body"]
    for number in (1, 2):
        kept = ReceivedOrder(
            f"{number}" * 32, number, OrderKind.ERASE, body, NOW.replace(year=2099)
        )
        in_process.ledger.orders.enter(kept)
    assert "WAITING" in mammo("orders", "list")[1]
    assert body in mammo("orders", "show", "1" * 32)[1]
    assert mammo("orders", "accept", "1" * 32, "--who", "bo")[:2] == (0, "accepted\n")
    refused = mammo("orders", "refuse", "2" * 32, "--reason", "not ours", "--who", "bo")
    assert refused[:2] == (0, "refused\n")
    assert "not ours" in mammo("orders", "list")[1]
    assert mammo("orders", "accept", "3" * 32, "--who", "bo")[0] == 1
