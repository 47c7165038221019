"""A permit, and how it stands on a day."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from catalog.lifecycle import Event
from catalog.vocabulary import PermitState, Tier

YEARS: Final = 10
"""A permit lasts so many years at most; so does its one extension (EHDS Art. 68(12))."""


@dataclass(frozen=True)
class Superseded:
    """What came after a permit.

    Attributes:
        by: The next permit's id.
        way: AMENDED or RENEWED.
        since: The first day on which a later one is in force: this one is so no more.
    """

    by: str
    way: PermitState
    since: date


@dataclass(frozen=True, repr=False)
class Placed:
    """Where a permit stands among those that followed one another.

    Attributes:
        line: The id of the first of them; empty if this is to be the first.
        number: Which of them this is, from 1.
        supersedes: The one before; None for the first.
        way: How it came about: GRANT, AMEND or EXTEND.
        extensions: How often the line was extended, this one counted.
    """

    application_id: int
    line: str = ""
    number: int = 1
    supersedes: str | None = None
    way: Event = Event.GRANT
    extensions: int = 0


@dataclass(frozen=True)
class Permit:
    """A data permit as issued.

    Attributes:
        persons: Token subjects of the natural persons it names (Art. 67(2)(a)), and of the service
            accounts of the environments where they work.
        valid_from: First day it is in force.
        valid_until: Last day it is in force.
    """

    id: str
    title: str
    purpose: str
    valid_from: date
    valid_until: date
    persons: frozenset[str]
    tier: Tier = Tier.PSEUDO_SPE
    revoked_at: datetime | None = None
    superseded: Superseded | None = None

    def in_force(self, today: date) -> bool:
        """Tell whether the permit can be used on this day."""
        if self.revoked_at is not None or not self.valid_from <= today <= self.valid_until:
            return False
        return self.superseded is None or today < self.superseded.since

    def state(self, today: date) -> PermitState:
        """Tell how the permit stands on this day.

        One that was amended or renewed stays so, also while it is still in force.
        """
        if self.revoked_at is not None:
            return PermitState.REVOKED
        if self.superseded is not None:
            return self.superseded.way
        return PermitState.EXPIRED if today > self.valid_until else PermitState.GRANTED


def last_day(first: date) -> date:
    """Give the last day that a permit from `first` on may be in force, or the last there is."""
    if first.year > date.max.year - YEARS:
        return date.max
    try:
        return first.replace(year=first.year + YEARS) - timedelta(days=1)
    except ValueError:  # 29 February, and no leap year
        return date(first.year + YEARS, 2, 28)
