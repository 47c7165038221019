"""What goes into an erasure and what comes out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from catalog.vocabulary import HoldScope


class Store(StrEnum):
    """Which of the hub's stores an object lies in."""

    CLEAN = "CLEAN"
    RELEASES = "RELEASES"


@dataclass(frozen=True)
class Extent:
    """How much an erasure takes: of the catalogue, of the stores, of sealed releases.

    Attributes:
        headers: Headers of releases, and papers that name what goes.
    """

    studies: int
    instances: int
    objects: int
    headers: int
    released: int


@dataclass(frozen=True)
class Erasure:
    """One erasure.

    Attributes:
        objects: Objects of both stores that it takes.
        gone: Those that were removed in all their versions, and looked for in vain.
        ended_at: When the last was gone; None while some are left.
    """

    id: int
    scope: HoldScope
    case: str
    reason: str
    who: str
    studies: int
    instances: int
    objects: int
    gone: int
    begun_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, repr=False)
class Doomed:
    """An object that is to go."""

    id: int
    store: Store
    key: str


@dataclass(frozen=True)
class Proof:
    """That one object is gone: digests of its key and of its bytes, and when it was seen."""

    store: Store
    key_sha256: str
    sha256: str
    gone_at: datetime
