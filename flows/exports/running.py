"""A plan's run: its next stretch of days becomes an export, whose studies are shared out.

Nothing here is Prefect's: the flow hands in how a study is begun, and how many at a time.
"""

import secrets
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TypeVar
from zoneinfo import ZoneInfo

from catalog.changes.rescans import Looked
from catalog.errors import ConflictError, RetriableError
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
_SILENCE = 60.0  # seconds that the ledger may be away
_PAUSE = 1.0  # seconds between looks while nothing may be begun
_REST = timedelta(minutes=5)  # of a study that could not be finished


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


@dataclass
class Quota:
    """How many studies one run may bring in; one that waits for another try is none of them.

    Attributes:
        most: 0 is without limit.
        spent: How many were brought in, or failed.
    """

    most: int
    spent: int = 0

    def leaves(self, under_way: int = 0) -> bool:
        """Tell whether one more may begin while others are under way."""
        return not self.most or self.spent + under_way < self.most


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


def share_out(
    run: Run,
    export: Export,
    begin: Callable[[Waiting], Future[T]],
    end: Callable[[int, T], bool],
    *,
    at_a_time: int,
    quota: Quota,
) -> None:
    """Lease studies and begin them until none is left or we are told to stop.

    Args:
        run: Which run.
        export: Which export.
        begin: Begins a leased study; its future never fails.
        end: Is told how a study ended; tells whether that spends the quota.
        at_a_time: Studies under way.
        quota: Studies that this run may bring in.
    """
    announced = run.parts.ledger.announced
    under_way: dict[Future[T], int] = {}
    renewed = datetime.now(UTC)
    while True:
        now = datetime.now(UTC)
        if now - renewed > _RENEWED:
            _renew(run, export, under_way.values())
            renewed = now
        may = quota.leaves(len(under_way)) and not run.stop.reason()
        if may and len(under_way) < at_a_time and not run.rests():
            leased = patiently(lambda: announced.lease(export.id, run.who, _lease_ends()))
            if leased is not None:
                under_way[begin(leased)] = leased.ordinal
                continue
        if under_way:
            done, _ = wait_for(under_way, timeout=_PAUSE, return_when=FIRST_COMPLETED)
            quota.spent += sum(end(under_way.pop(future), future.result()) for future in done)
        elif may and _is_soon(patiently(lambda: announced.next_due(export.id)), now + run.patience):
            time.sleep(_PAUSE)
        else:
            return


def patiently(ask: Callable[[], T]) -> T:
    """Ask the ledger, and for a minute again while it does not answer.

    Raises:
        RetriableError: It did not answer for so long.
    """
    until = time.monotonic() + _SILENCE
    while True:
        try:
            return ask()
        except RetriableError:
            if time.monotonic() > until:
                raise
        time.sleep(_PAUSE)


def _lease_ends() -> datetime:
    return datetime.now(UTC) + LEASE


def _is_soon(due: datetime | None, limit: datetime) -> bool:
    return due is not None and due <= limit


def give_back_failed(run: Run, export: Export, ordinals: Collection[int]) -> None:
    """Let studies that could not be finished be tried again after a while."""
    due_at = datetime.now(UTC) + _REST
    for ordinal in ordinals:
        give_back = partial(run.parts.ledger.announced.give_back, export.id, ordinal, who=run.who)
        with suppress(ConflictError):
            patiently(partial(give_back, why=UNFINISHED, due_at=due_at, tried=False))


def wake(parts: RegionParts, plan_id: str) -> None:
    """Let what rests be tried now: somebody who begins a run has mended what was wrong."""
    ledger = parts.ledger
    begun = [one.export_id for one in ledger.plans.windows(plan_id)]
    for export_id in (*begun, *ledger.rescans.exports(plan_id, unfinished=True)):
        if export_id is not None:
            ledger.announced.wake(export_id)


def is_settled(run: Run, export: Export) -> bool:
    """Tell whether every study that was announced has ended."""
    counts = patiently(lambda: run.parts.ledger.announced.counts(export.id))
    return not counts.get(AnnouncedState.WAITING, 0)


def how_far(run: Run, export: Export) -> tuple[int, int]:
    """Tell how many of how many studies that are to come in have ended."""
    counts = patiently(lambda: run.parts.ledger.announced.counts(export.id))
    waiting = counts.get(AnnouncedState.WAITING, 0)
    every = sum(counts.values()) - counts.get(AnnouncedState.SKIPPED, 0)
    return every - waiting, every


def _renew(run: Run, export: Export, ordinals: Collection[int]) -> None:
    announced, until = run.parts.ledger.announced, _lease_ends()
    for ordinal in ordinals:
        with suppress(ConflictError):  # its lease was over, and it is somebody else's by now
            patiently(partial(announced.renew, export.id, ordinal, who=run.who, until=until))


def _days(window: Window) -> tuple[date, date]:
    return window.first, window.last


def _today(content: Content) -> date:
    return datetime.now(ZoneInfo(content.schedule.timezone)).date()
