"""How fast somebody asks, and how much at once."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from access_api.errors import PaceError

MOST: Final = 10_000
"""Callers that are remembered; of more, whoever has not asked for longest is forgotten."""


@dataclass
class Pace:
    """How fast each of some callers asks.

    Attributes:
        a_second: Requests that come to a bucket each second.
        burst: Requests that it holds.
    """

    a_second: float
    burst: int
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, who: str, now: float | None = None) -> bool:
        """Count one request; tell whether it is one that may be."""
        moment = time.monotonic() if now is None else now
        with self._lock:
            left = self._filled(who, moment)
            self._left.pop(who, None)
            allowed = left >= 1
            self._left[who] = (left - allowed, moment)
            while len(self._left) > MOST:
                del self._left[next(iter(self._left))]
            return allowed

    def is_spent(self, who: str, now: float | None = None) -> bool:
        """Tell whether the next request would be one that may not be; count nothing."""
        with self._lock:
            return self._filled(who, time.monotonic() if now is None else now) < 1

    def _filled(self, who: str, moment: float) -> float:
        left, at = self._left.get(who, (float(self.burst), moment))
        return min(self.burst, left + (moment - at) * self.a_second)


@dataclass
class Places:
    """How many things each caller may have at the same time; asked on the event loop alone.

    Attributes:
        each: Of one caller.
    """

    each: int
    _taken: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def taken(self, who: str) -> Iterator[None]:
        """Hold a place; raises PaceError if the caller has as many as may be."""
        if self._taken[who] >= self.each:
            raise PaceError
        self._taken[who] += 1
        try:
            yield
        finally:
            self._taken[who] -= 1
            if not self._taken[who]:
                del self._taken[who]
