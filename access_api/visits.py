"""One caller at one permit's release: the permit is checked and the visit recorded, every time."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Final

from fastapi import Depends, Path, Request
from sqlalchemy import Connection

from access_api.access import Researcher
from access_api.calls import append
from access_api.door import Door, OpenDoor
from access_api.errors import DoorError, ForbiddenError
from access_api.heads import asks_for_head
from access_api.problems import problem_of
from access_api.tokens import Caller
from access_api.wire import PERMIT
from catalog import permits
from catalog.audit import ALLOWED, AccessEvent
from catalog.database import reading
from catalog.errors import CatalogError
from catalog.permits import Permit
from catalog.releases import Servable, servable
from catalog.tiers.assessments import is_assessed, tier_in_force
from catalog.vocabulary import Tier

UID_PATTERN: Final = r"^[0-9][0-9.]{0,63}$"


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
    """A caller, and the permit they name; nothing is checked yet.

    Attributes:
        head: Only the answer's head is wanted (RFC 9110 §9.3.2).
    """

    door: Door
    caller: Caller
    permit_id: str
    head: bool = False

    @property
    def today(self) -> date:
        """The day, asked anew each time: a download may go on over midnight."""
        return datetime.now(UTC).date()

    @property
    def who(self) -> str:
        """The person or service account, as the issuer names it."""
        return self.caller.subject

    def permit(self) -> Permit:
        """Return the permit if it names the caller and is in force.

        Raises NotFoundError for an unknown permit and for somebody else's, PermitError for one
        that is not in force, AuthenticationError for a service that was revoked meanwhile.
        """
        with reading(self.door.engine) as connection:
            return self._permit(connection)

    def permit_to_read(self) -> Permit:
        """Return the permit if, besides, this caller may have its data (EHDS Art. 66 and 73).

        Pseudonymised data goes to the service account of a secure processing environment only, and
        so does what nobody found anonymous, or not any more.
        """
        with reading(self.door.engine) as connection:
            permit = self._permit(connection)
            assessed = is_assessed(connection, permit.id, permit.tier, today=self.today)
            self._require(permit.tier if assessed else Tier.PSEUDO_SPE)
        return permit

    def _permit(self, connection: Connection) -> Permit:
        self.door.verifier.require(connection, self.caller)
        return permits.require(connection, self.permit_id, who=self.who, today=self.today)

    def _admit(self, connection: Connection, tier: Tier) -> None:
        self.door.verifier.require(connection, self.caller)
        self._require(tier)

    def _require(self, tier: Tier) -> None:
        if tier is not Tier.ANON_DOWNLOAD and not self.caller.service:
            raise ForbiddenError

    def tier(self, permit: Permit) -> Tier:
        """Return the tier by which the permit's data may be had today."""
        return tier_in_force(self.door.engine, permit.id, permit.tier, today=self.today)

    def find(self, sop_uid: str) -> Servable:
        """Check account, permit, tier and Holds; tell where the bytes of an instance lie."""
        return servable(
            self.door.engine,
            self.permit_id,
            sop_uid,
            who=self.who,
            today=self.today,
            may=self._admit,
        )

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
        done = f"{action}-head" if self.head else action
        event = AccessEvent(self.who, self.permit_id, done, target, outcome)
        append(self.door.engine, event)


async def _enter(
    request: Request, caller: Researcher, door: OpenDoor, permit: PermitId
) -> AsyncGenerator[Visit]:
    # FastAPI ends this when the answer is sent, or given up.
    with door.places.taken(caller.subject):
        yield Visit(door, caller, permit, asks_for_head(request))


Visitor = Annotated[Visit, Depends(_enter)]
