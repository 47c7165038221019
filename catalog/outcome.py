"""How every instance of an export ended, and whether the sums agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How one instance ended: a closed list, each instance in exactly one."""

    ADMITTED = "ADMITTED"
    KNOWN = "KNOWN"
    REVISED = "REVISED"
    CONFLICT = "CONFLICT"
    REFUSED = "REFUSED"
    UNREADABLE = "UNREADABLE"
    SUSPECT = "SUSPECT"
    UNAVAILABLE = "UNAVAILABLE"


@dataclass(frozen=True)
class Tally:
    """The outcomes of one export against what it claimed.

    Attributes:
        claimed: Instances the export says it holds.
        foreign: Files that are no DICOM at all: each is UNREADABLE, beyond the claim.
        counts: Instances per outcome; an outcome that is missing counts zero.
    """

    claimed: int
    foreign: int
    counts: Mapping[Outcome, int]

    @property
    def total(self) -> int:
        """Count all outcomes."""
        return sum(self.counts.values())

    @property
    def matches(self) -> bool:
        """Tell whether every claimed instance and every foreign file has an outcome."""
        return self.total == self.claimed + self.foreign
