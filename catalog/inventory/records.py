"""What the records say is stored, object by object."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from catalog.outcome import Tally


class Part(StrEnum):
    """What a stored object is to its record."""

    OBJECT = "object"
    PREVIEW = "preview"
    HEADER = "header"


@dataclass(frozen=True, repr=False)
class Entry:
    """One object that a record names.

    Attributes:
        revision_id: The revision that it holds, shows or re-keys.
        size: Its bytes, as the record says.
        sha256: Their digest, as the record says.
        release_id: Of a header, its release; else empty.
    """

    part: Part
    revision_id: int
    key: str
    size: int
    sha256: str
    release_id: str = ""


@dataclass(frozen=True)
class Unsealed:
    """A release that was begun and never sealed."""

    id: str
    permit_id: str
    frozen_at: datetime


@dataclass(frozen=True)
class TalliedExport:
    """An export as the hub knows it; `tally` is None while its region has not told the sums."""

    id: str
    tally: Tally | None


@dataclass(frozen=True)
class Sealed:
    """What the ledger says of a file of which something is sealed.

    Attributes:
        ended: Whether it has an outcome; before that, nobody may take anything away.
        kept: Whether a review or the item's row still needs what is sealed.
    """

    ended: bool
    kept: bool


@dataclass(frozen=True)
class Standing:
    """How far one export is, by the region's ledger.

    Attributes:
        pending: Files without an outcome.
        waiting: Studies that its source announced and that are not settled.
        leased: Of these, those that somebody works on now.
        led: Whether a plan leads to it that may still go on.
    """

    id: str
    registered_at: datetime
    pending: int
    waiting: int
    leased: int
    tally: Tally
    led: bool = False

    @property
    def is_ended(self) -> bool:
        """Tell whether all that was claimed has its outcome."""
        return not self.pending and not self.waiting and self.tally.matches


@dataclass(frozen=True, repr=False)
class Published:
    """A file that is published, by the region's ledger."""

    item_id: int
    export_id: str
    ordinal: int
    clean_sop_uid: str
