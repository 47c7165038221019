"""Why an export stops before it is done: the night is over, or somebody said so."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from catalog.errors import RetriableError
from catalog.plans.plans import Plans
from catalog.plans.records import PlanState

#: Name of the file in the landing that stops every export of the region, the hub up or down.
STOP_FILE = "STOP"
NIGHT_OVER = "the night window is over"
FULL = "as many bytes came in as one night may bring"
STOPPED_HERE = "stopped on this side (mammo exports stop)"
_EVERY = 5.0  # seconds between looks at what another process may have written
_STATES = {
    PlanState.PAUSED: "the plan is paused",
    PlanState.CANCELLED: "the plan is cancelled",
}


def stop_all(landing: Path) -> None:
    """Stop every export of the region after its present object; needs nothing but the disk."""
    landing.mkdir(mode=0o700, parents=True, exist_ok=True)
    (landing / STOP_FILE).touch(mode=0o600)


def go_on(landing: Path) -> None:
    """Take `stop_all` back."""
    (landing / STOP_FILE).unlink(missing_ok=True)


def is_stopped(landing: Path) -> bool:
    """Tell whether every export of the region is stopped."""
    return (landing / STOP_FILE).exists()


@dataclass
class Stops:
    """Tells an export whether to go on; asked between objects and between answers.

    Attributes:
        until: When the night window closes; None where a person begins a run outside of it.
        landing: Where the stop file would lie.
        plans: Where the plan's state is asked for.
        most_bytes: After so many fetched bytes the night is full; 0 is without limit.
        clock: Seconds that never go back.
    """

    plan_id: str
    plans: Plans
    landing: Path
    until: datetime | None
    most_bytes: int = 0
    clock: Callable[[], float] = time.monotonic
    _looked: float = field(default=-_EVERY, init=False)
    _told: str = field(default="", init=False)
    _spent: int = field(default=0, init=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def reason(self) -> str:
        """Say why to stop; empty to go on."""
        if self.most_bytes and self._spent >= self.most_bytes:
            return FULL
        if self.until is not None and datetime.now(UTC) >= self.until:
            return NIGHT_OVER
        with self._lock:
            now = self.clock()
            if now - self._looked >= _EVERY:
                self._looked, self._told = now, self._look()
            return self._told

    def spend(self, count: int) -> None:
        """Take note of fetched bytes."""
        with self._lock:
            self._spent += count

    def _look(self) -> str:
        if is_stopped(self.landing):
            return STOPPED_HERE
        try:
            return _STATES.get(self.plans.get(self.plan_id).state, "")
        except RetriableError:  # an answer that does not come stops nothing by itself
            return self._told
