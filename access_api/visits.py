"""One caller at one permit's release: the permit is checked and the visit recorded, every time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Final

from fastapi import Depends, Path

from access_api.access import Researcher
from access_api.door import Door, OpenDoor
from access_api.errors import DoorError, ForbiddenError
from access_api.problems import problem_of
from access_api.tokens import Caller
from access_api.wire import PERMIT
from catalog import permits
from catalog.audit import AccessEvent, append
from catalog.errors import CatalogError
from catalog.permits import Permit
from catalog.vocabulary import Tier

UID_PATTERN: Final = r"^[0-9][0-9.]{0,63}$"
ALLOWED: Final = "ALLOWED"

PermitId = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="The permit's id.",
        examples=[PERMIT],
    ),
]
Uid = Annotated[
    str,
    Path(
        pattern=UID_PATTERN,
        description="A UID of this release (PS3.5 §9.1), not of any other.",
    ),
]


@dataclass(frozen=True, repr=False)
class Visit:
    """A caller, and the permit they name; nothing is checked yet."""

    door: Door
    caller: Caller
    permit_id: str
    today: date

    @property
    def who(self) -> str:
        """The person or service account, as the issuer names it."""
        return self.caller.subject

    def permit(self) -> Permit:
        """Return the permit if it names the caller and is in force.

        Raises NotFoundError for an unknown permit and for somebody else's, PermitError for one
        that is not in force.
        """
        engine = self.door.engine
        return permits.authorised(engine, self.permit_id, who=self.who, today=self.today)

    def permit_to_read(self) -> Permit:
        """Return the permit if, besides, this caller may have its data (EHDS Art. 66 and 73).

        Pseudonymised data goes to the service account of a secure processing environment only.
        """
        permit = self.permit()
        if permit.tier is not Tier.ANON_DOWNLOAD and not self.caller.service:
            raise ForbiddenError
        return permit

    @contextmanager
    def recorded(self, action: str, target: str) -> Iterator[None]:
        """Record how the checks inside end, before any byte is sent; unrecorded is refused."""
        try:
            yield
        except (DoorError, CatalogError) as error:
            self._record(action, target, problem_of(error).name)
            raise
        self._record(action, target, ALLOWED)

    def _record(self, action: str, target: str, outcome: str) -> None:
        event = AccessEvent(self.who, self.permit_id, action, target, outcome)
        append(self.door.engine, event)


def _enter(caller: Researcher, door: OpenDoor, permit: PermitId) -> Visit:
    return Visit(door, caller, permit, datetime.now(UTC).date())


Visitor = Annotated[Visit, Depends(_enter)]
