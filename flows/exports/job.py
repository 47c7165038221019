"""What an export's studies are brought in with: parts, rules, source, and where files lie."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from catalog.ledgers.records import Export
from flows.deidentifier import Deidentifier
from flows.people.protection import Protection
from flows.sources.landed import LandedStudy
from flows.sources.landing import Landing
from flows.sources.limits import Breaker
from flows.sources.source import Source, Stop
from flows.wiring import RegionParts


def unlimited(_count: int) -> None:
    """Take no note of fetched bytes: as many may come as there are."""


@dataclass(frozen=True, repr=False)
class Job:
    """One export's way of bringing studies in.

    Attributes:
        who: Whose leases the studies are.
        tries: After so many, what lacks is UNAVAILABLE.
        spend: Is told how many bytes were fetched.
        place: Tells where in the landing a study lies; by its UID unless said otherwise.
        breaker: Shared by all who ask this source.
    """

    parts: RegionParts
    deidentifier: Deidentifier
    protection: Protection | None
    export: Export
    region: str
    source: Source
    landing: Landing
    stop: Stop
    breaker: Breaker
    who: str
    run: str
    tries: int
    spend: Callable[[int], None] = unlimited
    place: Callable[[str], LandedStudy] | None = None

    def landed(self, study_uid: str) -> LandedStudy:
        """Return where a study lies before the export takes it over."""
        return (self.place or self.landing.study)(study_uid)

    def folder(self, ordinal: int) -> Path:
        """Return where a study's files lie once the export has taken them."""
        return Path(self.export.path) / str(ordinal)
