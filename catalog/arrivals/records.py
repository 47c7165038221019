"""What goes into the intake's tables and what comes out."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class ArrivalState(StrEnum):
    """What became of a study that a region delivered."""

    RECEIVED = "RECEIVED"
    PUBLISHED = "PUBLISHED"
    REFUSED = "REFUSED"


class Doubt(StrEnum):
    """Why the hub's check refuses an image, or what was made of it; safe to log, store and show."""

    BYTES = "its bytes are not those of its record"
    UNREADABLE = "it is no whole DICOM object"
    IDENTIFIER = "something in it may say who she is"
    RECORD = "its record does not say what it is"
    UID = "a UID is not one that this space makes"
    KEY = "its place is not its own"
    PICTURE = "a preview is no plain picture"
    CHECK = "it could not be checked"


class OrderKind(StrEnum):
    """What the hub may ask of a region; what it is about is data, never how it is done."""

    COHORT = "COHORT"
    DELIVER = "DELIVER"
    ERASE = "ERASE"
    TRACE_BACK = "TRACE_BACK"
    HOLD = "HOLD"


@dataclass(frozen=True)
class RegionKey:
    """A region's public key, by which the intake knows who asks.

    Attributes:
        id: Half of the digest of the key.
        public_key: 32 bytes of Ed25519 (RFC 8032), in base64.
    """

    id: str
    region_id: str
    public_key: str
    added_by: str
    added_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True)
class Limits:
    """How much a region may deliver on one day, UTC, and until when it may merge for others."""

    objects_a_day: int = 200_000
    bytes_a_day: int = 4 << 40
    merges_until: date | None = None


@dataclass(frozen=True, repr=False)
class Arrival:
    """A study that a region delivered.

    Attributes:
        message: The record as it was posted; empty once it is settled.
        answer: What the region is told, as JSON; empty until it is settled.
    """

    id: str
    region_id: str
    holder_id: str
    export_id: str
    message: str
    state: ArrivalState
    answer: str
    received_at: datetime


@dataclass(frozen=True, repr=False)
class IssuedOrder:
    """An order as it is handed to a region: the signed bytes, and the signature in base64."""

    sequence: int
    body: str
    signature: str
