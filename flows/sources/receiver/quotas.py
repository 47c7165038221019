"""What one peer may take of the receiver, so that none can take it from the others."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import Final

from flows.sources.awaiting import is_awaited
from flows.sources.landed import name
from flows.sources.landing import Landing
from flows.sources.receiver.errors import Reason
from flows.sources.senders import Senders

#: What an object counts as at least: a file costs the disk more than its bytes.
LEAST: Final = 64 << 10
#: Seconds before what lies here is counted anew for a peer that has no more.
_AGAIN: Final = 60.0


@dataclass(frozen=True)
class Allowance:
    """What one peer may take; 0 is without limit.

    Attributes:
        associations: Most that it may have open.
        waiting_bytes: Most that may wait in the landing of what it sent.
    """

    associations: int = 0
    waiting_bytes: int = 0


class Share:
    """What one peer has taken. Its associations share it.

    Args:
        landing: Where what it sends waits.
        calling: Its AE title.
        allows: Tells what it may take, as the peers file says now.
    """

    def __init__(self, landing: Landing, calling: str, allows: Callable[[str], Allowance]) -> None:
        self.calling = calling
        self._landing, self._allows = landing, allows
        self._lock = Lock()
        self._open = 0
        self._flying = 0
        self._lying: int | None = None
        self._counted = -_AGAIN

    def enter(self) -> bool:
        """Open an association; False if it has as many as it may."""
        with self._lock:
            most = self._allows(self.calling).associations
            if most and self._open >= most:
                return False
            self._open += 1
            return True

    def leave(self) -> None:
        """Close an association."""
        with self._lock:
            self._open -= 1

    def take(self, size: int) -> bool:
        """Take so many bytes for an object under way; False if too many wait already.

        What plans took meanwhile is found by counting what lies here anew, once a minute at most.

        Raises:
            OSError: The landing cannot be read.
        """
        with self._lock:
            most = self._allows(self.calling).waiting_bytes
            if most and self._total() + size > most:
                self._count()
            if most and self._total() + size > most:
                return False
            self._flying += size
            return True

    def give_back(self, size: int, *, kept: int = 0) -> None:
        """Give back what an object took; `kept` bytes of it are whole now, and wait."""
        with self._lock:
            self._flying -= size
            if self._lying is not None:
                self._lying += kept

    def is_awaited(self, study_uid: str) -> bool:
        """Tell whether a plan fetches a study at this moment.

        Raises:
            OSError: The landing cannot be read.
        """
        return is_awaited(self._landing, name(study_uid))

    def _total(self) -> int:
        if self._lying is None:
            self._count()
        return self._flying + (self._lying or 0)

    def _count(self) -> None:
        if self._lying is None or time.monotonic() - self._counted >= _AGAIN:
            self._lying = Senders(self._landing).waiting(self.calling, least=LEAST)
            self._counted = time.monotonic()


class Quotas:
    """The shares of all peers.

    Args:
        landing: Where what they send waits.
        associations: Most of all peers together.
        allows: Tells what a peer may take.
    """

    def __init__(
        self,
        landing: Landing,
        associations: int,
        allows: Callable[[str], Allowance] = lambda _: Allowance(),
    ) -> None:
        self._landing, self._allows = landing, allows
        self._slots = BoundedSemaphore(associations)
        self._lock = Lock()
        self._shares: dict[str, Share] = {}

    def share(self, calling: str) -> Share:
        """Return the share of a peer that may send."""
        with self._lock:
            made = Share(self._landing, calling, self._allows)
            return self._shares.setdefault(calling, made)

    def enter(self, calling: str) -> Reason | None:
        """Open an association of a peer that may send; return why not, if not."""
        share = self.share(calling)
        if not share.enter():
            return Reason.OVER_QUOTA
        if not self._slots.acquire(blocking=False):
            share.leave()
            return Reason.BUSY
        return None

    def leave(self, calling: str) -> None:
        """Close an association that was opened."""
        self._slots.release()
        self.share(calling).leave()
