"""A DICOMweb service as a source: what this room shows to the flows."""

import time
from collections.abc import Iterator

from flows.errors import StoppedError
from flows.sources.landed import size_of
from flows.sources.network.peer import Spending, Watch
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
from flows.sources.web import proof
from flows.sources.web.arriving import Arrivals
from flows.sources.web.asking import Asker
from flows.sources.web.finding import Finding, instances_of
from flows.sources.web.retrieving import Retrieval, Retrieved
from flows.sources.web.service import Service


class DicomWeb:
    """One DICOMweb service, shared by threads.

    Args:
        service: Which one.
        bandwidth: Holds what comes down.
        watch: Sees how fast it answers searches.

    Raises:
        SettingsError: A certificate, key or token cannot be used.
    """

    def __init__(
        self, service: Service, *, bandwidth: Spending | None = None, watch: Watch | None = None
    ) -> None:
        self.service = service
        self._asker = Asker(service, watch)
        self._bandwidth = bandwidth
        #: Whether it gave us any object yet.
        self._gave = False

    def prove(self) -> Iterator[Step]:
        """Try every step of the way; see `proof`."""
        yield from proof.steps(self)

    def find(self, query: Query, stop: Stop) -> Iterator[FoundStudy]:
        """Give each study that is meant, once. Raises as `Source.find` does."""
        yield from Finding(self._asker, query, stop).studies()

    def instances(self, study_uid: str, stop: Stop) -> tuple[FoundInstance, ...]:
        """List a study's objects; empty where the service has no such list. Raises as `find`."""
        return instances_of(self._asker, study_uid, stop)

    def fetch(
        self,
        study_uid: str,
        only: tuple[FoundInstance, ...] | None,
        landed: Landed,
        stop: Stop,
    ) -> Fetched:
        """Retrieve a study, or those of some objects that are not here yet.

        Raises as `Source.fetch` does.
        """
        began, before = time.monotonic(), size_of(landed.files())
        lacking = None if only is None else tuple(x for x in only if not landed.has(x.sop_uid))
        arrivals = Arrivals(landed, study_uid, bandwidth=self._bandwidth)
        retrieval = Retrieval(self._asker, study_uid, arrivals, stop, trusted=self._gave)
        try:
            found = self._retrieved(retrieval, lacking)
        except StoppedError:
            found = Retrieved(Ended.STOPPED, "stopped by us")
        self._gave = self._gave or bool(arrivals.stored)
        return Fetched(
            ended=found.ended,
            completed=arrivals.stored,
            failed=arrivals.failed,
            warned=0,
            seconds=time.monotonic() - began,
            bytes=max(0, size_of(landed.files()) - before),
            told=found.told,
        )

    def _retrieved(
        self, retrieval: Retrieval, lacking: tuple[FoundInstance, ...] | None
    ) -> Retrieved:
        if lacking is None:
            return retrieval.all()
        if not lacking:
            return Retrieved()
        retrieval.arrivals.wanted = frozenset(one.sop_uid for one in lacking)
        if all(one.series_uid for one in lacking):
            return retrieval.only(lacking)
        # An object's address holds its series; where that is not known, all must come.
        return retrieval.all()
