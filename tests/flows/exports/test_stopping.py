"""An export stops when its night is over or full, when its plan rests, or when somebody says so."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from catalog.plans.records import KnownSource, Plan, PlanState, SourceKind
from flows.cli.plan_lines import rescan_lines
from flows.errors import PlanError
from flows.exports.content import Content, Selection
from flows.exports.stopping import FULL, NIGHT_OVER, STOP_FILE, STOPPED_HERE, Stops
from flows.wiring import RegionParts
from tests.flows.conftest import DECISION


class Clock:
    """Seconds that pass when they are told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def stops(region: RegionParts, **more: Any) -> Stops:
    plans = region.ledger.plans
    if not plans.all():
        plans.set_source(KnownSource("pacs", SourceKind.DICOM, "{}"))
        plans.enter(Plan("p-1", "prov", "pacs", DECISION, "{}", PlanState.ACTIVE, "Eva"))
    until = more.pop("until", datetime.now(UTC) + timedelta(hours=1))
    return Stops("p-1", plans, region.landing, until, **more)


def test_an_open_night_goes_on(region: RegionParts) -> None:
    assert stops(region).reason() == ""
    assert stops(region, until=None).reason() == ""


def test_a_night_ends(region: RegionParts) -> None:
    assert stops(region, until=datetime.now(UTC)).reason() == NIGHT_OVER


def test_a_night_is_full(region: RegionParts) -> None:
    stop = stops(region, most_bytes=1000)
    stop.spend(999)
    assert stop.reason() == ""
    stop.spend(1)
    assert stop.reason() == FULL


def test_a_file_stops_every_plan_and_nothing_else_is_needed(region: RegionParts) -> None:
    clock = Clock()
    stop = stops(region, clock=clock)
    assert stop.reason() == ""
    (region.landing / STOP_FILE).touch()
    assert stop.reason() == ""  # it looks every few seconds
    clock.now += 10
    assert stop.reason() == STOPPED_HERE
    (region.landing / STOP_FILE).unlink()
    clock.now += 10
    assert stop.reason() == ""


def test_a_plan_that_is_paused_or_cancelled_rests(region: RegionParts) -> None:
    clock = Clock()
    stop = stops(region, clock=clock)
    for state, word in ((PlanState.PAUSED, "paused"), (PlanState.CANCELLED, "cancelled")):
        region.ledger.plans.move("p-1", state)
        clock.now += 10
        assert word in stop.reason()


def test_a_source_is_not_looked_at_again_for_a_plan_that_rests(region: RegionParts) -> None:
    plans = region.ledger.plans
    plans.set_source(KnownSource("pacs", SourceKind.DICOM, "{}"))
    content = Content(selection=Selection(first=date(2026, 1, 1))).model_dump_json()
    plans.enter(Plan("p-1", "prov", "pacs", DECISION, content, PlanState.ACTIVE, "Eva"))
    plans.move("p-1", PlanState.CANCELLED)
    with pytest.raises(PlanError, match="nothing is asked of the source: the plan is cancelled"):
        list(rescan_lines(region, "p-1", 30))
