"""What a run over a folder tells: how far it has come, and a line for each file."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from catalog.outcome import Outcome
from deid.report import InstanceReport

MEANINGS = {
    Outcome.ADMITTED: "clean, in DST",
    Outcome.REFUSED: "a rule says it may not pass",
    Outcome.UNREADABLE: "not a whole DICOM object",
    Outcome.SUSPECT: "could not be proven clean",
    Outcome.UNAVAILABLE: "listed, but not to be had",
}


REHEARSED = MEANINGS | {Outcome.ADMITTED: "would be cleaned; pixels were not looked at"}


@dataclass(frozen=True, repr=False)
class Line:
    """One file's fate; it maps names, so it is for the source's owner only."""

    number: int
    source: str
    target: str
    outcome: Outcome
    reason: str
    boxes: int = 0


@dataclass(frozen=True)
class Step:
    """How far a run has come: what it does, how many files of how many, and their outcomes."""

    doing: str
    done: int
    total: int
    outcomes: Counter[Outcome]


@dataclass(frozen=True, repr=False)
class Watch:
    """Who is told what a run does: how far it has come, and of each file once it is done.

    Attributes:
        told: Files come in the order in which they are finished.
    """

    progress: Callable[[Step], None] = lambda _step: None
    told: Callable[[InstanceReport], None] = lambda _report: None


def tally(lines: Iterable[Line]) -> Counter[Outcome]:
    """Count the lines of a report by outcome."""
    return Counter(line.outcome for line in lines)
