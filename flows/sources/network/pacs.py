"""A PACS as a source: what the network room shows to the flows."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from flows.errors import NotOfferedError, SourceError, StoppedError
from flows.sources.landed import size_of
from flows.sources.network import proof
from flows.sources.network.arriving import Arrivals
from flows.sources.network.finding import Finding
from flows.sources.network.listing import instances_of
from flows.sources.network.offered import groups
from flows.sources.network.peer import Peer, Retrieve, Spending, Watch
from flows.sources.network.retrieving import Counted, get, identifiers, move
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

#: Studies whose lists of objects are remembered, so that none is asked for twice in a row.
REMEMBERED = 64


class Pacs:
    """One PACS, shared by threads.

    Args:
        peer: Which one.
        bandwidth: Holds what comes by C-GET down; what comes by C-MOVE is our receiver's.
        watch: Sees how fast it answers.
        landed: Gives a study's place in the landing, where a trial shall look for its object.
    """

    def __init__(
        self,
        peer: Peer,
        *,
        bandwidth: Spending | None = None,
        watch: Watch | None = None,
        landed: Callable[[str], Landed] | None = None,
    ) -> None:
        self.peer = peer
        self._bandwidth, self._watch = bandwidth, watch
        self._landed = landed
        self._lists: dict[str, tuple[FoundInstance, ...]] = {}
        #: Groups of SOP classes for which the PACS did not offer C-GET.
        self._no_get: set[tuple[str, ...]] = set()

    def prove(self) -> Iterator[Step]:
        """Try every step of the way; see `proof`."""
        yield from proof.steps(self, self._landed)

    def find(self, query: Query, stop: Stop) -> Iterator[FoundStudy]:
        """Give each study that is meant, once. Raises as `Source.find` does."""
        yield from Finding(self.peer, query, stop, self._watch).studies()

    def instances(self, study_uid: str, stop: Stop) -> tuple[FoundInstance, ...]:
        """List a study's objects; empty where the PACS has no such list. Raises as `find`."""
        found = instances_of(self.peer, study_uid, stop, self._watch)
        while len(self._lists) >= REMEMBERED:
            with suppress(KeyError, StopIteration):
                del self._lists[next(iter(self._lists))]
        self._lists[study_uid] = found
        return found

    def fetch(
        self,
        study_uid: str,
        only: tuple[FoundInstance, ...] | None,
        landed: Landed,
        stop: Stop,
    ) -> Fetched:
        """Retrieve a study, or some of its objects. Raises as `Source.fetch` does."""
        began, before = time.monotonic(), size_of(landed.files())
        try:
            counted = self._retrieve(study_uid, only, landed, stop)
        except StoppedError:
            counted = Counted(Ended.STOPPED, told="stopped by us")
        return Fetched(
            ended=counted.ended,
            completed=counted.completed,
            failed=counted.failed,
            warned=counted.warned,
            seconds=time.monotonic() - began,
            bytes=max(0, size_of(landed.files()) - before),
            told=counted.told,
        )

    def _retrieve(
        self,
        study_uid: str,
        only: tuple[FoundInstance, ...] | None,
        landed: Landed,
        stop: Stop,
    ) -> Counted:
        requests = list(identifiers(study_uid, only))
        if self.peer.retrieve is Retrieve.MOVE:
            return move(self.peer, requests, stop)
        arrivals = Arrivals(landed, study_uid, self._bandwidth)
        try:
            counted = self._get(study_uid, only, arrivals, stop)
        except NotOfferedError:
            if self.peer.retrieve is Retrieve.GET:
                raise
            return move(self.peer, requests, stop)
        auto = self.peer.retrieve is Retrieve.AUTO
        if auto and counted.ended is Ended.REFUSED and not arrivals.stored:
            with suppress(NotOfferedError):
                return move(self.peer, requests, stop)
        return counted

    def _get(
        self,
        study_uid: str,
        only: tuple[FoundInstance, ...] | None,
        arrivals: Arrivals,
        stop: Stop,
    ) -> Counted:
        """Retrieve by C-GET: at once, or by groups of SOP classes if there are many."""
        wanted = only if only is not None else self._listed(study_uid, stop)
        classes = tuple(sorted({instance.sop_class_uid for instance in wanted}))
        parts = [()] if "" in classes or not classes else list(groups(classes))
        if self._no_get.intersection(parts):
            raise NotOfferedError(NO_GET_BEFORE)
        total = Counted()
        for part in parts:
            chosen = only
            if len(parts) > 1:
                chosen = tuple(one for one in wanted if one.sop_class_uid in part)
            try:
                total.add(get(self.peer, identifiers(study_uid, chosen), stop, arrivals, part))
            except NotOfferedError:
                self._no_get.add(part)
                raise
        return total

    def _listed(self, study_uid: str, stop: Stop) -> tuple[FoundInstance, ...]:
        """Give the study's list of objects, or nothing where the PACS has none that is whole."""
        known = self._lists.get(study_uid)
        if known is not None:
            return known
        try:
            return self.instances(study_uid, stop)
        except SourceError:
            return ()


NO_GET_BEFORE = "the PACS did not offer C-GET for such a study before"
