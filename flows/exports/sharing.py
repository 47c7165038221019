"""An export's studies shared out: leased, begun so many at a time, given back if they cannot end.

Nothing here is Prefect's: the flow hands in how a study is begun, and is told how it ended.
"""

import time
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from catalog.errors import ConflictError, RetriableError
from catalog.ledgers.records import Export
from catalog.plans.records import AnnouncedState, Waiting
from flows.exports.running import Run

T = TypeVar("T")
UNFINISHED = "it could not be finished; the log says why"
LEASE = timedelta(minutes=10)
_RENEWED = timedelta(minutes=2)
_SILENCE = 60.0  # seconds that the ledger may be away
_PAUSE = 1.0  # seconds between looks while nothing may be begun
_REST = timedelta(minutes=5)  # of a study that could not be finished


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
