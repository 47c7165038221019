"""Who calls, once that is proven."""

from dataclasses import dataclass
from typing import Protocol

from access_api.identity.roles import Role


@dataclass(frozen=True, repr=False)
class Caller:
    """A verified caller.

    Attributes:
        subject: `sub` of the provider; of a service account, its id.
        roles: What the provider vouches for; none for a service account.
        token: The token's id, where it has one.
        regions: Whose PACS she administers, where that is one of her roles.
        service: The secure processing environment's account id; empty for a person.
        key: The key that such an account got its token with.
    """

    subject: str
    roles: frozenset[Role]
    token: str = ""
    regions: frozenset[str] = frozenset()
    service: str = ""
    key: str = ""


class Verifies(Protocol):
    """Turns a bearer token into a Caller."""

    def verify(self, token: str, address: str = "") -> Caller:
        """Return who calls from an address; raises AuthenticationError, RolesError, PaceError."""
