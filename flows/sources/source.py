"""The port to what a region's images come from: what it says it has, and how it is fetched.

A PACS, a DICOMweb service and an export folder all speak this way. What they *say* is kept apart
from what really landed, which only the landing knows.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Availability(StrEnum):
    """How soon a study can be had, Instance Availability (0008,0056), PS3.3 §C.4.23.1.1."""

    ONLINE = "ONLINE"
    NEARLINE = "NEARLINE"
    OFFLINE = "OFFLINE"
    UNAVAILABLE = "UNAVAILABLE"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, repr=False)
class Query:
    """Which studies are asked for. What is empty does not choose.

    Attributes:
        dates: First and last study date, both included; None for any, also for none at all.
        modalities: A study is meant if it holds one of them.
        stations: Station Names (0008,1010) or Station AE Titles (0008,0055), without regard to
            case.
        accessions: Accession Numbers (0008,0050), as the source writes them.
        described: Whether the source shall say, too, what a study was made for.
    """

    dates: tuple[date, date] | None
    modalities: tuple[str, ...] = ("MG",)
    stations: tuple[str, ...] = ()
    accessions: tuple[str, ...] = ()
    described: bool = False


@dataclass(frozen=True, repr=False)
class FoundStudy:
    """A study that the source says it has.

    Attributes:
        issuer: Who gave the accession number (0008,0051); empty where the source does not say.
        modalities: Of all its series, as far as the source says.
        instances: How many objects it holds; None where the source does not say.
        described: What it was made for, where that was asked: Study Description (0008,1030),
            Requested Procedure Description (0032,1060), Reason for Visit (0032,1066).
    """

    study_uid: str
    accession: str
    issuer: str
    study_date: date | None
    modalities: tuple[str, ...]
    instances: int | None
    availability: Availability = Availability.UNKNOWN
    described: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class FoundInstance:
    """One object of a study that the source says it has; what it does not say is empty."""

    sop_uid: str
    series_uid: str
    sop_class_uid: str
    number: int | None


class Ended(StrEnum):
    """How a retrieval ended, as the source tells it."""

    COMPLETE = "COMPLETE"
    PARTIAL = "PARTIAL"
    REFUSED = "REFUSED"
    ABORTED = "ABORTED"
    TIMED_OUT = "TIMED_OUT"
    STOPPED = "STOPPED"


@dataclass(frozen=True)
class Fetched:
    """A retrieval as the source tells it; what really landed is asked of the landing.

    Attributes:
        completed: Objects that it counts as sent; `failed` and `warned` likewise.
        bytes: How much the landed study grew meanwhile.
        told: What an administrator may want to know of an end that is not `COMPLETE`; it names
            nobody and no study.
    """

    ended: Ended
    completed: int
    failed: int
    warned: int
    seconds: float
    bytes: int
    told: str = ""


@dataclass(frozen=True)
class Step:
    """One step of a trial of the source; `told` names nobody and no study."""

    name: str
    ok: bool
    told: str


class Stop(Protocol):
    """Tells whether to go on: a night window's end, a stop file, a blackout, a cancellation."""

    def reason(self) -> str:
        """Say why to stop; empty to go on. It is asked often, so it answers at once."""
        ...


class Sink(Protocol):
    """Where an object's bytes go, a block at a time."""

    def write(self, block: bytes, /) -> object:
        """Write one block."""
        ...


class Landed(Protocol):
    """One study's folder in the landing, as far as a source needs it."""

    def has(self, sop_uid: str) -> bool:
        """Tell whether an object has been received."""
        ...

    def store(self, sop_uid: str) -> AbstractContextManager[Sink]:
        """Receive an object; it is there once this is left without an error."""
        ...

    def files(self) -> tuple[Path, ...]:
        """Give the files of all objects received so far."""
        ...


class Source(Protocol):
    """What studies come from."""

    def prove(self) -> Iterator[Step]:
        """Try every step of the way, one object's retrieval included; stop at the first broken."""
        ...

    def find(self, query: Query, stop: Stop) -> Iterator[FoundStudy]:
        """Give each study that is meant, once.

        Raises:
            SourceRefusedError: The source does not answer such questions to us.
            SourceAwayError: It does not answer now.
            TruncatedError: It holds answers back, however small the question.
            StoppedError: There may be more; `stop` gave a reason.
        """
        ...

    def instances(self, study_uid: str, stop: Stop) -> tuple[FoundInstance, ...]:
        """List a study's objects; empty where the source has no such list. Raises as `find`."""
        ...

    def fetch(
        self,
        study_uid: str,
        only: tuple[FoundInstance, ...] | None,
        landed: Landed,
        stop: Stop,
    ) -> Fetched:
        """Retrieve a study, or only some of its objects, into the landing.

        Raises:
            SourceRefusedError: Nothing can be retrieved before an administrator acts.
            SourceAwayError: The source does not answer now.
            DiskFullError: The landing's disk is full.
        """
        ...
