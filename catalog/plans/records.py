"""What goes into the plans of a region and what comes out; no identity shows in repr."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from catalog.records import DisclosureDecision


class SourceKind(StrEnum):
    """How a Source is spoken to."""

    FOLDER = "FOLDER"
    DICOM = "DICOM"
    DICOMWEB = "DICOMWEB"
    PUSHED = "PUSHED"

    @property
    def is_taken_whole(self) -> bool:
        """Tell whether all that lies there is taken, since nothing can be asked for."""
        return self in {SourceKind.FOLDER, SourceKind.PUSHED}


class PlanState(StrEnum):
    """Whether a plan runs."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    CANCELLED = "CANCELLED"
    DONE = "DONE"


class WindowState(StrEnum):
    """How far a plan has come with one stretch of days."""

    WAITING = "WAITING"
    BEGUN = "BEGUN"
    DONE = "DONE"


class AnnouncedState(StrEnum):
    """How far an export has come with one study that its source announced."""

    WAITING = "WAITING"
    SETTLED = "SETTLED"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, repr=False)
class KnownSource:
    """A Source as an administrator entered it.

    Attributes:
        name: By which plans refer to it.
        settings: JSON that only flows reads; kept sealed.
    """

    name: str
    kind: SourceKind
    settings: str


@dataclass(frozen=True, repr=False)
class Plan:
    """What an administrator planned to export.

    Attributes:
        source: Name of the Source that it asks.
        content: JSON that only flows reads (selection, schedule, limits); kept sealed, as a
            selection may hold accession numbers.
        who: Who entered it.
    """

    id: str
    holder_id: str
    source: str
    decision: DisclosureDecision
    content: str
    state: PlanState
    who: str


@dataclass(frozen=True)
class Window:
    """A stretch of days of a plan, both ends in it, and the export that brings it in."""

    plan_id: str
    first: date
    last: date
    state: WindowState
    export_id: str | None


@dataclass(frozen=True, repr=False)
class Announced:
    """A study as its source announced it.

    Attributes:
        instances: How many it said there are; None when it said nothing.
        why: Why it is skipped, a closed text.
    """

    study_uid: str
    accession: str = ""
    issuer: str = ""
    instances: int | None = None
    skipped: bool = False
    why: str = ""


@dataclass(frozen=True, repr=False)
class Waiting:
    """A study that somebody may fetch now.

    Attributes:
        ordinal: Its number within the export, from 1.
        claimed: Instances that it was found to have, once the source has listed them.
        tries: How often it was tried before.
    """

    ordinal: int
    study_uid: str
    instances: int | None
    claimed: int | None
    tries: int


@dataclass(frozen=True)
class AnnouncedTrace:
    """How far an export has come with a study of an accession number; nothing identified."""

    export_id: str
    ordinal: int
    state: AnnouncedState
    claimed: int | None
    why: str
    changed_at: datetime
