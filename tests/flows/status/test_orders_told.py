"""Orders that run, and those that are late, are told to eyes and to Prometheus; nobody is named."""

from datetime import UTC, datetime, timedelta

from catalog.arrivals.records import OrderKind
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.ledger import Ledger
from catalog.orders.records import ReceivedOrder
from catalog.vocabulary import Ground
from flows.cli.status_lines import region_lines
from flows.status import metrics
from flows.status.region import region_status
from tests.catalog.test_ledger import KEY

NOW = datetime.now(UTC)


def ordered(ledger: Ledger, number: int, days: int) -> str:
    order = ReceivedOrder(
        f"{number}" * 32, number, OrderKind.COHORT, "{}", NOW + timedelta(days=99)
    )
    due = NOW.date() + timedelta(days=days)
    assert ledger.cohort_orders.enter(order, holder="prov", due_on=due)
    return order.id


def test_orders_that_run_and_are_late_are_told(ledger_engine, tmp_path):
    ledger = Ledger(ledger_engine, LedgerKey(KEY))
    assert "orders" not in "\n".join(region_lines(region_status(ledger, tmp_path, NOW)))
    for number, days in ((1, 1), (2, 0), (3, -1)):
        ordered(ledger, number, days)
    told = region_status(ledger, tmp_path, NOW)
    assert "orders      3 run, 1 late: mammo orders list" in list(region_lines(told))
    text = metrics.text(told)
    assert 'mammo_orders_running{holder="prov"} 3.0' in text
    assert 'mammo_orders_late{holder="prov"} 1.0' in text
    ledger.cohort_orders.refuse("3" * 32, ground=Ground.NOT_HELD, who="bo", why="no")
    assert "orders      2 run, 0 late: mammo orders list" in list(
        region_lines(region_status(ledger, tmp_path, NOW))
    )
