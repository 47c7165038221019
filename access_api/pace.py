"""How fast somebody asks: a bucket of tokens that fills again."""

import time
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

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
