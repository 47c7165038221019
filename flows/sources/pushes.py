"""What systems push to our receiver unasked, as a source: nothing is asked for, all has landed."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from flows.sources.landed import LandedStudy
from flows.sources.landing import Landing
from flows.sources.senders import Pushed, Senders, digests
from flows.sources.source import (
    Ended,
    Fetched,
    FoundInstance,
    FoundStudy,
    Landed,
    Query,
    Step,
    Stop,
)

#: What the receiver writes into the landing every few seconds.
STATUS_FILE: Final = "receiver.json"
_LATELY: Final = 60.0
#: A study's place in which never anything lies: no digest of a UID is called so.
_NEITHERS: Final = "neithers"


class Pushes:
    """What some peers pushed, as far as it has come to rest.

    Args:
        landing: Where it lies.
        calling: The AE titles that the peers call themselves.
        quiet_seconds: A study counts as complete when nothing came of it for so long.
        most_seconds: Or so long after its first object, whatever still comes.
    """

    def __init__(
        self,
        landing: Landing,
        calling: tuple[str, ...],
        quiet_seconds: float,
        most_seconds: float,
    ) -> None:
        self._landing, self._quiet, self._most = landing, quiet_seconds, most_seconds
        self._mine = digests(calling)
        self._senders = Senders(landing)

    def prove(self) -> Iterator[Step]:
        """Tell whether the receiver runs, and what waits."""
        written = 0.0
        with suppress(OSError, ValueError, TypeError, KeyError):
            told = json.loads((self._landing.root / STATUS_FILE).read_bytes())
            written = float(told["written"]) if told["running"] else 0.0
        runs = time.time() - written < _LATELY
        yield Step("receiver", runs, "it runs" if runs else "it does not run: mammo receiver")
        if runs:
            waiting = list(self.mine())
            quiet = sum(self._is_complete(one) for one in waiting)
            told_of = f"{len(waiting)} studies wait in the landing, {quiet} of them complete"
            yield Step("landing", ok=True, told=told_of)

    def mine(self) -> Iterator[Pushed]:
        """Give what these peers pushed and nobody else; what others pushed too is not theirs."""
        return (one for one in self._senders.pushed() if one.senders <= self._mine)

    def find(self, _query: Query, stop: Stop) -> Iterator[FoundStudy]:
        """Give each study that is complete, once, whatever is asked."""
        for one in self.mine():
            if stop.reason():
                return
            if self._is_complete(one):
                yield FoundStudy(one.key, "", "", None, (), None)

    def instances(self, _study_uid: str, _stop: Stop) -> tuple[FoundInstance, ...]:
        """List nothing: what a peer has besides, it does not say."""
        return ()

    def fetch(
        self,
        _study_uid: str,
        _only: tuple[FoundInstance, ...] | None,
        _landed: Landed,
        _stop: Stop,
    ) -> Fetched:
        """Fetch nothing: all that there is has landed."""
        return Fetched(Ended.COMPLETE, 0, 0, 0, 0.0, 0)

    def place(self, key: str) -> LandedStudy:
        """Return where something lies that was found; nowhere, once others sent of it too."""
        if not self._senders.of(key) <= self._mine:
            return self._landing.named(_NEITHERS)
        return self._senders.place(key)

    def _is_complete(self, one: Pushed) -> bool:
        return one.landed.quiet_for() >= self._quiet or one.landed.age() >= self._most
