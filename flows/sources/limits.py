"""What keeps a source from being burdened: a shared bandwidth, and a breaker that lets it rest."""

import time
from collections.abc import Callable
from threading import Lock


class Bandwidth:
    """A token bucket that threads share: who spends more than there is waits for it.

    Args:
        bytes_per_second: What all together may spend; 0 is without limit.
        burst_seconds: How long nothing may be spent before the bucket is full.
        clock: Seconds that never go back.
        sleep: Waits for so many seconds.
    """

    def __init__(
        self,
        bytes_per_second: float,
        *,
        burst_seconds: float = 0.25,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._rate = bytes_per_second
        self._burst = burst_seconds
        self._clock, self._sleep = clock, sleep
        self._lock = Lock()
        #: When all that was spent so far is paid for.
        self._paid = -float("inf")

    def spend(self, count: int) -> None:
        """Spend bytes that were moved; returns when the next ones may be."""
        if self._rate <= 0 or count <= 0:
            return
        with self._lock:
            now = self._clock()
            self._paid = max(self._paid, now - self._burst) + count / self._rate
            wait = self._paid - now
        if wait > 0:
            self._sleep(wait)


class Breaker:
    """Opens after several slow or failed queries in a row, and lets one through after a rest.

    Args:
        slow_seconds: A query that takes longer counts as failed.
        failures: How many in a row open it.
        rest_seconds: How long nothing is asked then.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        slow_seconds: float,
        failures: int,
        rest_seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._slow, self._most, self._rest = slow_seconds, failures, rest_seconds
        self._clock = clock
        self._lock = Lock()
        self._failed = 0
        self._asked_again = -float("inf")

    def allows(self) -> bool:
        """Tell whether to ask now; after a rest one asks, and the others wait for its answer."""
        with self._lock:
            if self._failed < self._most:
                return True
            now = self._clock()
            if now < self._asked_again:
                return False
            # Should the one that asks never say how it went, another may after one more rest.
            self._asked_again = now + self._rest
            return True

    def rests(self) -> bool:
        """Tell whether `allows` would say no; asking this changes nothing."""
        with self._lock:
            return self._failed >= self._most and self._clock() < self._asked_again

    def note(self, seconds: float) -> None:
        """Take note of how long a query took."""
        if seconds > self._slow:
            self.failed()
            return
        with self._lock:
            self._failed = 0

    def failed(self) -> None:
        """Take note of a query that was refused, or had no answer."""
        with self._lock:
            self._failed += 1
            if self._failed >= self._most:
                self._asked_again = self._clock() + self._rest
