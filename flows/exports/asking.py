"""What a plan asks its source for, and which of the answers it takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

from catalog.plans.records import Announced
from flows.errors import SourceRefusedError
from flows.exports.content import Selection
from flows.sources.source import Availability, FoundStudy, Query, Source, Stop

_ELSEWHERE = frozenset({Availability.NEARLINE, Availability.OFFLINE, Availability.UNAVAILABLE})
NOT_ONLINE = "it is not online"
UNKNOWN = "nobody can tell whether it is screening or clinical"
NO_STATIONS = (
    "nothing tells screening from clinical: give descriptions in the plan, or screening_stations "
    "of the source"
)


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

    def require_tellable(self) -> None:
        """Refuse to choose by what nothing can tell.

        Raises:
            SourceRefusedError: Neither descriptions nor stations are known.
        """
        chosen = self.selection
        if chosen.screening != "both" and not chosen.by_description and not self.stations:
            raise SourceRefusedError(NO_STATIONS)

    def studies(self, days: tuple[date, date], stop: Stop) -> Iterator[FoundStudy]:
        """Give the studies of a stretch of days, each once; those, too, that are to be skipped.

        Raises:
            SourceError: The source refuses, or holds answers back.
            RetriableError: It does not answer now, or we were told to stop.
        """
        self.require_tellable()
        chosen = self.selection
        dates = None if chosen.accessions and chosen.first is None else days
        if chosen.screening != "both" and chosen.by_description:
            given = (dates, chosen.modalities, chosen.stations, chosen.accessions)
            query = Query(*given, described=True)
            for study in self.source.find(query, stop):
                if self._purpose(study) in {chosen.screening, ""}:
                    yield study
            return
        wanted = chosen.stations or (self.stations if chosen.screening == "screening" else ())
        query = Query(dates, chosen.modalities, wanted, chosen.accessions)
        screened = frozenset[str]()
        if chosen.screening == "clinical":
            query_screened = Query(dates, chosen.modalities, self.stations, chosen.accessions)
            screened = frozenset(one.study_uid for one in self.source.find(query_screened, stop))
        for study in self.source.find(query, stop):
            if study.study_uid not in screened:
                yield study

    def announce(self, study: FoundStudy) -> Announced:
        """Give a study as the ledger keeps it.

        One that is not online is skipped unless allowed, and one of which nobody can tell what it
        is where that matters.
        """
        why = NOT_ONLINE if study.availability in _ELSEWHERE and not self.nearline else ""
        chosen = self.selection
        if chosen.screening != "both" and chosen.by_description and not self._purpose(study):
            why = UNKNOWN
        return Announced(
            study_uid=study.study_uid,
            accession=study.accession,
            issuer=study.issuer,
            instances=study.instances,
            skipped=bool(why),
            why=why,
        )

    def _purpose(self, study: FoundStudy) -> str:
        """Tell what a study was made for; empty where nothing says so, or both is said."""
        chosen = self.selection
        screening = _is_one_of(study.described, chosen.screening_descriptions)
        clinical = _is_one_of(study.described, chosen.clinical_descriptions)
        if screening == clinical:
            return ""
        return "screening" if screening else "clinical"


def _is_one_of(described: tuple[str, ...], meant: tuple[str, ...]) -> bool:
    """Tell whether a description is one of those, without regard to case and spaces."""
    patterns = [_plain(one).replace("[", "[[]").replace("?", "[?]") for one in meant]
    return any(fnmatchcase(_plain(told), one) for told in described for one in patterns)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
