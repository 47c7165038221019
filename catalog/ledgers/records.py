"""What goes into the region's ledger and what comes out; none of it shows an identity in repr."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from catalog.outcome import Outcome
from catalog.records import DisclosureDecision
from catalog.reviews.records import Opening

LONGEST_REASON = 200
"""Letters of a reason; the ledger's tables have no room for more."""


@dataclass(frozen=True, repr=False)
class Export:
    """One export as registered.

    Attributes:
        path: Where it lies, a folder or a query of a source; kept encrypted.
        claimed: Instances it says it holds.
    """

    id: str
    holder_id: str
    path: str
    claimed: int
    decision: DisclosureDecision


@dataclass(frozen=True, repr=False)
class NewItem:
    """One file of an export: its path within it, the study it is of, its size in bytes."""

    path: str
    ordinal: int
    size: int


@dataclass(frozen=True, repr=False)
class Item:
    """One enrolled file; `outcome` is None until it is recorded."""

    id: int
    ordinal: int
    path: str
    size: int
    outcome: Outcome | None


@dataclass(frozen=True, repr=False)
class Original:
    """What a file was called before: kept encrypted, and found again by keyed hash."""

    study_uid: str
    sop_uid: str
    accession: str = ""
    issuer: str = ""


@dataclass(frozen=True, repr=False)
class Making:
    """Which clean pixels were made of which original ones, and by what.

    Attributes:
        original: Digest of the original's pixel data element; the ledger keeps it keyed.
        clean: Digest of the clean object's.
        by: Digest of what made them: profile, detector, and what people decided.
    """

    original: str
    clean: str
    by: str


@dataclass(frozen=True, repr=False)
class Ending:
    """How one file ended.

    Attributes:
        item_id: Which file.
        reason: A closed text of the caller's, never a value of the file; cut where it is longer
            than the ledger keeps.
        foreign: Whether it is no DICOM file at all; then it is UNREADABLE.
        original: Its own UIDs, where they could be read.
        clean_study_uid: The study's UID inside the space.
        clean_sop_uid: The instance's UID inside the space.
        revision: The revision it became.
        quarantine_key: Where it waits for a person, in the region's quarantine.
        expires_at: When the ledger forgets what identifies it.
        review: What a person's review of it begins with, if it waits in quarantine.
        making: How its pixels were made, if they are stored.
    """

    item_id: int
    outcome: Outcome
    reason: str = ""
    foreign: bool = False
    original: Original | None = None
    clean_study_uid: str | None = None
    clean_sop_uid: str | None = None
    revision: int | None = None
    quarantine_key: str | None = None
    expires_at: datetime | None = None
    review: Opening | None = None
    making: Making | None = None

    def __post_init__(self) -> None:
        """Cut the reason: a study must not fail because there is much to say of one file."""
        if len(self.reason) > LONGEST_REASON:
            object.__setattr__(self, "reason", f"{self.reason[: LONGEST_REASON - 1]}…")


@dataclass(frozen=True, repr=False)
class Trace:
    """What became of one original file."""

    export_id: str
    outcome: Outcome
    reason: str
    clean_study_uid: str | None
    clean_sop_uid: str | None
    revision: int | None
    recorded_at: datetime


@dataclass(frozen=True)
class Progress:
    """How far an export has come: files enrolled, files with an outcome, files per outcome."""

    items: int
    done: int
    counts: Mapping[Outcome, int]
