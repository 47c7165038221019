"""A plan's run: its next stretch of days becomes an export of all that its source announces."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from catalog.changes.rescans import Looked
from catalog.ledgers.records import Export
from catalog.plans.records import (
    Announced,
    Plan,
    PlanState,
    Window,
    WindowState,
)
from flows import log
from flows.exports.asking import Asked
from flows.exports.content import Content
from flows.exports.disclosure import require_decision
from flows.exports.job import unlimited
from flows.exports.windows import following, is_finished
from flows.sources.landing import RECEIVED
from flows.sources.source import Stop
from flows.wiring import RegionParts


def awake() -> bool:
    """Let a source be asked at any time."""
    return False


@dataclass(frozen=True, repr=False)
class Run:
    """One run of a plan.

    Attributes:
        who: Whose leases the studies are: the name of a flow run.
        patience: What is due later than that waits for the next run.
        spend: Is told how many bytes were fetched.
        rests: Tells whether the source is left alone for a while: no study is begun then.
    """

    parts: RegionParts
    plan: Plan
    content: Content
    asked: Asked
    stop: Stop
    who: str
    patience: timedelta = timedelta(minutes=5)
    spend: Callable[[int], None] = unlimited
    rests: Callable[[], bool] = awake


def next_window(run: Run) -> Window | None:
    """Give the stretch that a plan goes on with; new ones are entered as days settle."""
    plans, today = run.parts.ledger.plans, _today(run.content)
    present = plans.windows(run.plan.id)
    if plans.add_windows(run.plan.id, following(run.content, present, today)):
        present = plans.windows(run.plan.id)
    undone = [one for one in present if one.state is not WindowState.DONE]
    if not undone and is_finished(run.content, present, today):
        plans.move(run.plan.id, PlanState.DONE)
    return next(iter(undone), None)


def export_of(run: Run, window: Window) -> Export | None:
    """Give the export that brings a stretch in, with all that its source announces entered.

    None if the source has nothing in that stretch: then it is done.

    Raises:
        ExportRefusedError: The plan's decision is over.
        SourceError: The source refuses, or holds answers back.
        RetriableError: It does not answer now, or we were told to stop: nothing is entered then.
    """
    ledger = run.parts.ledger
    require_decision(run.plan.decision, today=datetime.now(UTC).date())
    if window.export_id is not None:
        return ledger.export(window.export_id)
    found = [run.asked.announce(one) for one in run.asked.studies(_days(window), run.stop)]
    if not found:
        ledger.plans.end_window(window)
        return None
    export = _new(run.parts, run.plan)
    if ledger.begin_stretch(export, found, window):
        _say(run.plan, export, found)
        return export
    # Somebody else began it at the same time: theirs is the one.
    again = ledger.plans.windows(run.plan.id)
    theirs = [one.export_id for one in again if _days(one) == _days(window)]
    return None if theirs[0] is None else ledger.export(theirs[0])


def register(parts: RegionParts, plan: Plan, found: Sequence[Announced], looked: Looked) -> Export:
    """Register an export of what a look found, with the studies that its source announced.

    Args:
        parts: The region's.
        plan: Whose export it is.
        found: What is to come in.
        looked: The look that found it.

    Raises:
        ExportRefusedError: The plan's decision is over.
    """
    require_decision(plan.decision, today=datetime.now(UTC).date())
    export = _new(parts, plan)
    parts.ledger.begin_look(export, found, looked)
    _say(plan, export, found)
    return export


def _new(parts: RegionParts, plan: Plan) -> Export:
    export_id = f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(4)}"
    path = parts.landing / export_id / RECEIVED
    return Export(export_id, plan.holder_id, str(path), 0, plan.decision)


def _say(plan: Plan, export: Export, found: Sequence[Announced]) -> None:
    log.get().info("export announced", export=export.id, plan=plan.id, studies=len(found))


def wake(parts: RegionParts, plan_id: str) -> None:
    """Let what rests be tried now: somebody who begins a run has mended what was wrong."""
    ledger = parts.ledger
    begun = [one.export_id for one in ledger.plans.windows(plan_id)]
    for export_id in (*begun, *ledger.rescans.exports(plan_id, unfinished=True)):
        if export_id is not None:
            ledger.announced.wake(export_id)


def _days(window: Window) -> tuple[date, date]:
    return window.first, window.last


def _today(content: Content) -> date:
    return datetime.now(ZoneInfo(content.schedule.timezone)).date()
