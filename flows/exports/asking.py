"""What a plan asks its source for, and which of the answers it takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from catalog.plans.records import Announced
from flows.exports.content import Selection
from flows.sources.source import Availability, FoundStudy, Query, Source, Stop

_ELSEWHERE = frozenset({Availability.NEARLINE, Availability.OFFLINE, Availability.UNAVAILABLE})


@dataclass(frozen=True, repr=False)
class Asked:
    """A selection as one source is asked for it.

    Attributes:
        stations: The source's own screening stations.
        nearline: Whether what is not online is fetched too.
    """

    source: Source
    selection: Selection
    stations: tuple[str, ...]
    nearline: bool

    def studies(self, days: tuple[date, date], stop: Stop) -> Iterator[FoundStudy]:
        """Give the studies of a stretch of days, each once.

        Raises:
            SourceError: The source refuses, or holds answers back.
            RetriableError: It does not answer now, or we were told to stop.
        """
        chosen = self.selection
        dates = None if chosen.accessions and chosen.first is None else days
        wanted = chosen.stations or (self.stations if chosen.screening == "screening" else ())
        query = Query(dates, chosen.modalities, wanted, chosen.accessions)
        screened = frozenset[str]()
        if chosen.screening == "clinical" and self.stations:
            query_screened = Query(dates, chosen.modalities, self.stations, chosen.accessions)
            screened = frozenset(one.study_uid for one in self.source.find(query_screened, stop))
        for study in self.source.find(query, stop):
            if study.study_uid not in screened:
                yield study

    def announce(self, study: FoundStudy) -> Announced:
        """Give a study as the ledger keeps it; one that is not online is skipped unless allowed."""
        return Announced(
            study_uid=study.study_uid,
            accession=study.accession,
            issuer=study.issuer,
            instances=study.instances,
            skipped=study.availability in _ELSEWHERE and not self.nearline,
        )
