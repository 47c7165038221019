"""What an operator and Prometheus are told is what the ledger holds, and names nobody."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from catalog.ledgers.key import LedgerKey
from catalog.ledgers.ledger import Ledger
from catalog.ledgers.records import Ending, NewItem, Original
from catalog.outcome import Outcome
from catalog.plans.records import Announced, KnownSource, Plan, PlanState, SourceKind, WindowState
from catalog.reviews.records import Opening
from flows.cli.plan_lines import export_lines, show_plan
from flows.cli.status_lines import region_lines
from flows.cli.trace_lines import trace_lines
from flows.exports.content import Content, Schedule, Selection
from flows.exports.stopping import stop_all
from flows.status import metrics
from flows.status.region import RegionStatus, region_status
from tests.catalog.test_ledger import DECISION, EXPORT, KEY

PLACE = {"holder": EXPORT.holder_id, "source": "pacs"}
HOLDER = {"holder": EXPORT.holder_id}
CANARIES = ("CANARY", "1.2.826.0.4711", "Provström")
RECEIVER = {
    "associations_open": 1,
    "associations": 7,
    "objects": 5,
    "bytes": 900,
    "answers": {"success": 5, "out_of_resources": 2},
    "ends": {"released": 6, "over_quota": 3},
    "over_quota": 2,
    "running": True,
    "port": 11112,
    "written": 1_790_000_000,
    "room": 10**9,
}


@pytest.fixture
def ledger(ledger_engine: Engine) -> Ledger:
    """Two plans; an export of three announced studies, one settled; four files, three ended."""
    made = Ledger(ledger_engine, LedgerKey(KEY))
    made.plans.set_source(KnownSource("pacs", SourceKind.DICOM, '{"ae_title": "CANARY"}'))
    content = Content(selection=Selection(first=date(2026, 1, 1))).model_dump_json()
    plan = Plan("p-1", EXPORT.holder_id, "pacs", DECISION, content, PlanState.ACTIVE, "Anna")
    made.plans.enter(plan)
    made.plans.enter(replace(plan, id="p-2"))
    made.plans.move("p-2", PlanState.PAUSED)
    made.plans.add_windows("p-1", [(date(2026, 1, n), date(2026, 1, n)) for n in (1, 2, 3)])
    first, second, _ = made.plans.windows("p-1")
    made.plans.end_window(first)
    made.begin_stretch(replace(EXPORT, path="/mnt/Provström Åsa", claimed=4), [], second)
    made.announced.announce(
        EXPORT.id, [Announced(f"1.2.826.0.4711.{n}", f"CANARY{n}", "RIS", 1) for n in range(3)]
    )
    leased = made.announced.lease(EXPORT.id, "w", datetime.now(UTC) + timedelta(minutes=5))
    assert leased is not None
    made.announced.claim(EXPORT.id, leased.ordinal, 1, who="w")
    made.announced.settle(EXPORT.id, leased.ordinal, who="w")
    made.enroll(EXPORT.id, [NewItem(f"CANARY/{n}.dcm", 1, 100 + n) for n in range(4)])
    _end(made)
    return made


def _end(ledger: Ledger) -> None:
    later = datetime.now(UTC) + timedelta(days=30)
    one, two, three, _ = ledger.items(EXPORT.id, 1)
    original = Original("1.2.826.0.4711.1", "1.2.826.0.4711.1.1", "CANARY1", "RIS")
    ledger.record(
        Ending(one.id, Outcome.ADMITTED, original=original, clean_study_uid="2.25.1"),
        Ending(two.id, Outcome.REFUSED, "another class"),
        Ending(
            three.id,
            Outcome.SUSPECT,
            "text is left",
            quarantine_key="q/1",
            expires_at=later,
            review=Opening("", later),
        ),
        run="run",
    )


@pytest.fixture
def told(ledger: Ledger, tmp_path) -> Callable[..., RegionStatus]:
    (tmp_path / "receiver.json").write_text(json.dumps(RECEIVER))

    def ask(after: timedelta = timedelta(0)) -> RegionStatus:
        return region_status(ledger, tmp_path, datetime.now(UTC) + after)

    return ask


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_metrics_say_what_the_ledger_holds(ledger: Ledger, told: Callable[..., RegionStatus]):
    found = samples(metrics.text(told(timedelta(hours=2))))

    def value(name: str, **labels: str) -> float:
        return found[f"mammo_{name}", frozenset(labels.items())]

    tally, progress = ledger.tally(EXPORT.id), ledger.progress(EXPORT.id)
    for outcome, number in tally.counts.items():
        assert value("instances", **HOLDER, outcome=outcome.value) == number
        assert value("last_day_instances", **HOLDER, outcome=outcome.value) == number
    assert value("unended_instances", **HOLDER) == progress.items - progress.done == 1
    assert value("last_day_bytes", **HOLDER) == 100 + 101 + 102
    assert value("quarantine_waiting", **HOLDER) == len(ledger.reviews.all()) == 1
    assert value("studies_waiting", **PLACE) == 2
    assert 7200 <= value("oldest_waiting_seconds", **PLACE) < 7300
    assert (value("plans_active", **PLACE), value("plans_paused", **PLACE)) == (1, 1)
    windows = [value(f"windows_{word}", **PLACE) for word in ("waiting", "begun", "done")]
    assert windows == [1, 1, 1]
    assert value("lag_days", **PLACE) >= 300
    assert value("receiver_answers_total", outcome="out_of_resources") == 2
    assert value("receiver_bytes_total") == 900
    assert value("receiver_over_quota_total") == 2
    assert value("receiver_ends_total", outcome="over_quota") == 3


def test_the_last_day_is_a_day(told: Callable[..., RegionStatus]) -> None:
    later = told(timedelta(hours=25))
    assert not later.lately.files
    assert sum(later.ended.files.values()) == 3


def test_nobody_is_named_and_labels_are_of_three_kinds(told: Callable[..., RegionStatus]) -> None:
    text = metrics.text(told())
    lines = "\n".join(region_lines(told()))
    for canary in CANARIES:
        assert canary not in text
        assert canary not in lines
    assert {label for _, labels in samples(text) for label, _ in labels} == {
        "holder",
        "source",
        "outcome",
    }


def test_an_operator_reads_what_waits(told: Callable[..., RegionStatus]) -> None:
    lines = "\n".join(region_lines(told()))
    assert f"plan p-1  {EXPORT.holder_id}/pacs  ACTIVE, next night 20" in lines
    assert "plan p-2" in lines
    assert "2 studies wait, the oldest for 0.0 h; last settled 0.0 h ago; 1/3 windows done" in lines
    assert "last day    ADMITTED 1, REFUSED 1, SUSPECT 1" in lines
    assert "quarantine  1 wait for people" in lines
    assert "5 objects, 900 bytes, 1 associations open" in lines
    assert "over a peer's quota: 2 objects, 3 associations" in lines


def test_that_every_export_is_stopped_is_told(told: Callable[..., RegionStatus], tmp_path) -> None:
    assert "stopped" not in "\n".join(region_lines(told()))
    assert "mammo_exports_stopped 0.0" in metrics.text(told())
    stop_all(tmp_path)
    assert "until: mammo exports go" in "\n".join(region_lines(told()))
    assert "mammo_exports_stopped 1.0" in metrics.text(told())


def test_a_plan_that_people_begin_has_no_night(ledger: Ledger, told: Callable[..., RegionStatus]):
    (old,) = (one for one in ledger.plans.all() if one.id == "p-1")
    by_hand = Content(selection=Selection(accessions=("CANARY1",)), schedule=Schedule(cron=""))
    ledger.plans.enter(replace(old, id="p-3", content=by_hand.model_dump_json()))
    (line,) = (one for one in region_lines(told()) if "plan p-3" in one)
    assert line.endswith("ACTIVE, next night when people begin it")


def test_an_export_of_studies_that_are_all_left_out_is_finished(ledger: Ledger) -> None:
    first, _, third = ledger.plans.windows("p-1")
    assert (first.state, third.state) == (WindowState.DONE, WindowState.WAITING)
    left_out = replace(EXPORT, id="20261122-1eff0000", claimed=0)
    announced = Announced("1.2.826.0.4711.9", "CANARY9", "RIS", skipped=True, why="not online")
    ledger.begin_stretch(left_out, [announced], third)
    (line,) = (one for one in export_lines(ledger) if left_out.id in one)
    assert " finished " in line
    (other,) = (one for one in export_lines(ledger) if EXPORT.id in one)
    assert "unfinished" in other
    assert "(2 studies wait)" in other
    assert trace_lines(ledger, "CANARY9", "RIS")[0].endswith("study skipped: not online")
    assert trace_lines(ledger, "CANARY9") == []


def test_stretches_without_studies_are_told_in_one_line(ledger: Ledger) -> None:
    ledger.plans.add_windows("p-2", [(date(2026, 2, n), date(2026, 2, n)) for n in (1, 2, 3, 4)])
    for window in ledger.plans.windows("p-2")[:3]:
        ledger.plans.end_window(window)
    assert list(show_plan(ledger, "p-2"))[-2:] == [
        "  2026-02-01 to 2026-02-03  DONE     no studies; 3 stretches of days",
        "  2026-02-04 to 2026-02-04  WAITING  1 stretch of days",
    ]


def test_an_empty_region_says_so(ledger_engine: Engine, tmp_path) -> None:
    told = region_status(Ledger(ledger_engine, LedgerKey(KEY)), tmp_path, datetime.now(UTC))
    assert "nothing ended" in "\n".join(region_lines(told))
    assert "mammo_status_timestamp_seconds" in metrics.text(told)


def test_a_metrics_file_is_replaced_whole(told: Callable[..., RegionStatus], tmp_path) -> None:
    path = tmp_path / "mammo.prom"
    path.write_text("old")
    metrics.write(told(), path)
    assert samples(path.read_text())
    assert sorted(one.name for one in tmp_path.iterdir()) == ["mammo.prom", "receiver.json"]
