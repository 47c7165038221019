"""The pseudonym port, and both its steps on one machine.

Nothing here shows an identifier: what leaves the region of one is its edge digest.
"""

import base64
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from deid.identity.pseudonym import Person
from flows.errors import CollisionError

#: Stands in no header: what a key makes of it tells whether a key is still the same.
PROBE = "is it still the same key?\x1f\x1f"


class Pseudonyms(Protocol):
    """The port that turns a person's canonical identifier into her pseudonym."""

    @property
    def version(self) -> int:
        """Number the third party's key in use."""
        ...

    def person(self, canonical: str) -> Person:
        """Return the person behind a canonical identifier."""
        ...

    def people(self, canonicals: Collection[str]) -> tuple[Person, ...]:
        """Return the persons behind many, in their order: cheaper than one by one.

        Raises:
            CollisionError: Two identifiers have one pseudonym.
        """
        ...


class Marks(Protocol):
    """Remembers what a key looked like, so that another one in its place is noticed."""

    def same(self, name: str, mark: str) -> bool:
        """Tell whether a key's mark is the one it had; the first one is remembered."""
        ...


@dataclass(frozen=True, repr=False)
class LocalPseudonyms:
    """Both steps on one machine, where no third party is.

    Attributes:
        third_party: Its keys, the current one last.
        previous: How many earlier ones still count.
    """

    edge: bytes
    third_party: tuple[bytes, ...]
    previous: int = 1

    @property
    def version(self) -> int:
        """Number the key in use."""
        return len(self.third_party)

    def person(self, canonical: str) -> Person:
        """Return the person behind a canonical identifier, by the two-step pseudonym."""
        step = edge_digest(self.edge, canonical)
        latest, *earlier = reversed(self.third_party[-1 - self.previous :])
        return Person(_step(latest, step), tuple(_step(key, step) for key in earlier))

    def people(self, canonicals: Collection[str]) -> tuple[Person, ...]:
        """Return the persons behind many identifiers, in their order."""
        found = {canonical: self.person(canonical) for canonical in canonicals}
        require_distinct(found)
        return tuple(found[canonical] for canonical in canonicals)


def require_distinct(people: dict[str, Person]) -> None:
    """Stop if two canonical identifiers share a pseudonym, now or under an earlier key.

    Raises:
        CollisionError: They do; nothing may be published under it.
    """
    made = [one for person in people.values() for one in (person.pseudonym, *person.previous)]
    if len(set(made)) != len(made):
        raise CollisionError


def edge_digest(edge: bytes, canonical: str) -> bytes:
    """Compute the first step: all that ever leaves the region of an identifier."""
    return hmac.digest(edge, canonical.encode(), "sha256")


def _step(third_party: bytes, edge: bytes) -> str:
    return token(hmac.digest(third_party, edge, "sha256"))


def token(digest: bytes) -> str:
    """Write the first 128 bits of a digest as 26 characters that any VR may carry."""
    return base64.b32encode(digest[:16]).decode().rstrip("=")


def mark(key: bytes) -> str:
    """Give what a key of ours is recognised by, and nothing can be computed with."""
    return token(hmac.digest(key, PROBE.encode(), "sha256"))


def third_party_key(version: int) -> str:
    """Name a version of the third party's key in messages and marks."""
    return f"version {version} of the third party's key"


def replaced(name: str) -> str:
    """Say that a key is another one, and what to do."""
    return (
        f"{name} is not the one that made what is recorded so far. Bring the old one back. If it "
        "was destroyed, nothing more can be linked: begin a new region ledger and a new catalogue"
    )
