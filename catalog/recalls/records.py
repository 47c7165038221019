"""What goes into a recall and what comes out."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from catalog.vocabulary import HoldScope

CLOCK = timedelta(hours=72)
"""Within it a breach of personal data is notified to the authority (GDPR Article 33(1))."""


@dataclass(frozen=True)
class Criteria:
    """What is recalled: all that fits every field that is given.

    Attributes:
        instance: A SOP or Study Instance UID: inside the space, or with `permit` as its releases
            name it.
        permit: Whose releases' names `instance` is one of.
        vendor: Of the device, as the catalogue writes it.
        device: One machine, by the pseudonym that its region gives it.
        model: Of the device, as the clean header writes it.
        profile: By which an object was de-identified; `edition` is the profile's edition.
        detector: By which its pixels were looked at as it was made.
        export: That brought it.
        holder: Narrows to a holder's.
        since: Narrows to what was published on that day, UTC, or later; `until`, or earlier.
    """

    instance: str | None = None
    permit: str | None = None
    vendor: str | None = None
    profile: str | None = None
    edition: str | None = None
    detector: str | None = None
    export: str | None = None
    holder: str | None = None
    since: date | None = None
    until: date | None = None
    device: str | None = None
    model: str | None = None

    @property
    def says_what(self) -> bool:
        """Tell whether it says more than whose and when."""
        made = (self.profile, self.edition, self.detector, self.export)
        named = (self.instance, self.vendor, self.device, self.model, *made)
        return any(one is not None for one in named)

    @property
    def scope(self) -> HoldScope:
        """What is held: what made a revision unsafe does not stop one that is made anew."""
        made = (self.profile, self.edition, self.detector, self.export)
        whole = all(one is None for one in made)
        return HoldScope.INSTANCE if whole else HoldScope.REVISION

    @property
    def stands(self) -> bool:
        """Tell whether it reaches what is published later: what is named by a UID is there."""
        return self.instance is None

    @classmethod
    def read(cls, written: Mapping[str, str]) -> "Criteria":
        """Read what `written` wrote."""
        days = ("since", "until")
        told = {name: value for name, value in written.items() if name not in days}
        since, until = (
            date.fromisoformat(written[day]) if day in written else None for day in days
        )
        return cls(**told, since=since, until=until)

    def written(self) -> dict[str, str]:
        """Write it as it is kept: only what is given."""
        return {name: str(value) for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Reach:
    """How much a recall reaches, before it is made."""

    studies: int
    instances: int
    revisions: int
    releases: int
    permits: int


@dataclass(frozen=True)
class Recall:
    """A recall that was made.

    Attributes:
        criteria: What was recalled, as it was written.
        aware_at: When it became known.
        holds: Holds that were placed at once.
        lifted: How many of all its Holds were lifted since; `lifted_by` and `lifted_at` are of
            the last.
        later: Holds that were placed since, on what was published later.
        ended_at: When the recall itself was lifted.
    """

    id: int
    criteria: dict[str, str]
    reason: str
    who: str
    at: datetime
    aware_at: datetime
    holds: int
    lifted: int
    lifted_by: str
    lifted_at: datetime | None
    later: int = 0
    ended_at: datetime | None = None

    @property
    def stands(self) -> bool:
        """Tell whether what is published from now on is held if it fits."""
        return self.ended_at is None and Criteria.read(self.criteria).stands

    @property
    def tell_by(self) -> datetime:
        """When the 72 hours of GDPR Article 33 are over."""
        return self.aware_at + CLOCK


@dataclass(frozen=True)
class AffectedPermit:
    """A permit whose releases have what was recalled.

    Attributes:
        persons: Who is told (GDPR Article 34 is the holder's): token subjects.
        releases: Numbers of its releases.
        instances: Objects in them, each counted once.
        accesses: Lines of the access log that let somebody have one of them, all of a study's, or
            the whole release.
        revoked: Whether it was ended already.
    """

    permit_id: str
    title: str
    persons: tuple[str, ...]
    releases: tuple[int, ...]
    instances: int
    accesses: int
    revoked: bool


@dataclass(frozen=True)
class AffectedHolder:
    """A holder of what was recalled."""

    holder_id: str
    name: str
    region: str
    studies: int
    instances: int


@dataclass(frozen=True)
class Affected:
    """Whom a recall concerns."""

    recall: Recall
    permits: tuple[AffectedPermit, ...]
    holders: tuple[AffectedHolder, ...]
