"""A plan's run: its next stretch of days becomes an export, whose studies are shared out.

Nothing here is Prefect's: the flow hands in how a study is begun, and how many at a time.
"""

import secrets
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from catalog.ledgers.records import Export
from catalog.plans.records import (
    Announced,
    AnnouncedState,
    Plan,
    PlanState,
    Waiting,
    Window,
    WindowState,
)
from flows import log
from flows.exports.asking import Asked
from flows.exports.bringing import unlimited
from flows.exports.content import Content
from flows.exports.disclosure import require_decision
from flows.exports.windows import following, is_finished
from flows.sources.landing import RECEIVED
from flows.sources.source import Stop
from flows.wiring import RegionParts

T = TypeVar("T")
UNFINISHED = "it could not be finished; the log says why"
LEASE = timedelta(minutes=10)
_RENEWED = timedelta(minutes=2)
_PAUSE = 1.0  # seconds between looks while nothing may be begun
_REST = timedelta(minutes=5)  # of a study that could not be finished


@dataclass(frozen=True, repr=False)
class Run:
    """One run of a plan.

    Attributes:
        who: Whose leases the studies are: the name of a flow run.
        patience: What is due later than that waits for the next run.
        spend: Is told how many bytes were fetched.
    """

    parts: RegionParts
    plan: Plan
    content: Content
    asked: Asked
    stop: Stop
    who: str
    patience: timedelta = timedelta(minutes=5)
    spend: Callable[[int], None] = unlimited


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
    export = register(run.parts, run.plan, found)
    begun = ledger.plans.begin_window(window, export.id)
    # Somebody else may have begun it at the same time: then theirs is the one.
    return export if begun.export_id == export.id else ledger.export(str(begun.export_id))


def register(parts: RegionParts, plan: Plan, found: Sequence[Announced]) -> Export:
    """Register an export of a plan with the studies that its source announced.

    Raises:
        ExportRefusedError: The plan's decision is over.
    """
    require_decision(plan.decision, today=datetime.now(UTC).date())
    export_id = f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(4)}"
    path = parts.landing / export_id / RECEIVED
    export = Export(export_id, plan.holder_id, str(path), 0, plan.decision)
    parts.ledger.register_export(export)
    parts.ledger.announced.announce(export_id, found)
    log.get().info("export announced", export=export_id, plan=plan.id, studies=len(found))
    return export


def share_out(
    run: Run,
    export: Export,
    begin: Callable[[Waiting], Future[T]],
    *,
    at_a_time: int,
    most: int,
) -> list[tuple[int, T]]:
    """Lease studies and begin them until none is left or we are told to stop; say how all ended.

    Args:
        run: Which run.
        export: Which export.
        begin: Begins a leased study; its future never fails.
        at_a_time: Studies under way.
        most: Studies that this run may begin; 0 is without limit.
    """
    announced = run.parts.ledger.announced
    under_way: dict[Future[T], int] = {}
    ended: list[tuple[int, T]] = []
    renewed = datetime.now(UTC)
    while True:
        now = datetime.now(UTC)
        if now - renewed > _RENEWED:
            _renew(run, export, under_way.values())
            renewed = now
        begun = len(ended) + len(under_way)
        may = not (most and begun >= most) and not run.stop.reason()
        if may and len(under_way) < at_a_time:
            leased = announced.lease(export.id, run.who, now + LEASE)
            if leased is not None:
                under_way[begin(leased)] = leased.ordinal
                continue
        if under_way:
            done, _ = wait_for(under_way, timeout=_PAUSE, return_when=FIRST_COMPLETED)
            ended += [(under_way.pop(future), future.result()) for future in done]
        elif may and _is_soon(announced.next_due(export.id), now + run.patience):
            time.sleep(_PAUSE)
        else:
            return ended


def _is_soon(due: datetime | None, limit: datetime) -> bool:
    return due is not None and due <= limit


def give_back_failed(run: Run, export: Export, ordinals: Collection[int]) -> None:
    """Let studies that could not be finished be tried again after a while."""
    due_at = datetime.now(UTC) + _REST
    for ordinal in ordinals:
        run.parts.ledger.announced.give_back(
            export.id, ordinal, who=run.who, why=UNFINISHED, due_at=due_at, tried=False
        )


def is_settled(run: Run, export: Export) -> bool:
    """Tell whether every study that was announced has ended."""
    return not run.parts.ledger.announced.counts(export.id).get(AnnouncedState.WAITING, 0)


def _renew(run: Run, export: Export, ordinals: Collection[int]) -> None:
    until = datetime.now(UTC) + LEASE
    for ordinal in ordinals:
        run.parts.ledger.announced.renew(export.id, ordinal, who=run.who, until=until)


def _days(window: Window) -> tuple[date, date]:
    return window.first, window.last


def _today(content: Content) -> date:
    return datetime.now(ZoneInfo(content.schedule.timezone)).date()
