"""What a receiver did, in numbers: for `mammo status`, metrics and the log. No identifier in it."""

import json
import secrets
from collections import Counter
from pathlib import Path
from threading import Lock
from typing import Any

from flows.sources.receiver.commands import Status
from flows.sources.receiver.errors import Reason


class Counters:
    """Counts; threads share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open = 0
        self._associations = 0
        self._bytes = 0
        self._over_quota = 0
        self._answers: Counter[str] = Counter()
        self._ends: Counter[str] = Counter()

    def opened(self) -> None:
        """Count an association that was accepted."""
        with self._lock:
            self._open += 1
            self._associations += 1

    def closed(self) -> None:
        """Count that an accepted association is over."""
        with self._lock:
            self._open -= 1

    def ended(self, reason: Reason) -> None:
        """Count why a connection ended."""
        with self._lock:
            self._ends[reason.name.lower()] += 1

    def answered(self, status: Status, size: int) -> None:
        """Count what an object was answered; its bytes only if it was received."""
        with self._lock:
            self._answers[status.name.lower()] += 1
            if status is Status.SUCCESS:
                self._bytes += size

    def over_quota(self, number: int) -> None:
        """Count objects that were refused since too much of their sender waits."""
        with self._lock:
            self._over_quota += number

    def told(self) -> dict[str, Any]:
        """Return all counts, as JSON takes them."""
        with self._lock:
            return {
                "associations_open": self._open,
                "associations": self._associations,
                "objects": self._answers[Status.SUCCESS.name.lower()],
                "bytes": self._bytes,
                "answers": dict(self._answers),
                "ends": dict(self._ends),
                "over_quota": self._over_quota,
            }


def write_status(path: Path, told: dict[str, Any]) -> None:
    """Replace the status file in one step.

    Raises:
        OSError: It cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        draft.write_text(json.dumps(told, sort_keys=True) + "\n")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
