"""Pseudonyms with a third party: the second step is taken by somebody who sees no image."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Protocol

from deid.identity.pseudonym import Person
from flows.errors import KeyServiceBusyError, KeyServiceError
from flows.keys.key_answers import Rekeyed
from flows.keys.pseudonyms import (
    PROBE,
    Marks,
    edge_digest,
    replaced,
    require_distinct,
    third_party_key,
    token,
)

REMEMBERED = 10_000
SECONDS = 3600.0

_ROTATED = "the third party's key was rotated in between; run it again"


class Rekeying(Protocol):
    """What takes the second step."""

    def rekey(self, digests: Sequence[bytes], *, version: int | None = None) -> Rekeyed:
        """Re-key edge digests, with the latest version of the key or a named one."""
        ...


class TransitPseudonyms:
    """The port with a key service behind it; safe to use from many threads.

    A person is remembered for an hour, in memory only, and by her edge digest. Each request
    holds one digest more, which is nobody's: by what becomes of it a key that was replaced is
    noticed, and a service that answers the same to everything.
    """

    def __init__(
        self,
        service: Rekeying,
        edge: bytes,
        *,
        marks: Marks,
        batch: int = 100,
        previous: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the second step with a service.

        Args:
            service: The third party's.
            edge: The edge's key.
            marks: Remembers what each version of the third party's key looked like.
            batch: Persons in one request.
            previous: Earlier versions of the key under which a person is still recognised.
            clock: Seconds.
        """
        self._service, self._edge, self._marks = service, edge, marks
        self._batch, self._previous, self._clock = batch, previous, clock
        self._probe = edge_digest(edge, PROBE)
        self._version = 0
        self._probes: dict[int, str] = {}
        self._known: OrderedDict[bytes, tuple[Person, float]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def version(self) -> int:
        """Number the third party's key in use."""
        if not self._version:
            self._rekeyed([])
        return self._version

    def person(self, canonical: str) -> Person:
        """Return the person behind a canonical identifier."""
        return self.people((canonical,))[0]

    def people(self, canonicals: Collection[str]) -> tuple[Person, ...]:
        """Return the persons behind many identifiers, in their order.

        Raises:
            CollisionError: Two identifiers have one pseudonym.
            KeyServiceBusyError: The third party cannot say now.
            KeyServiceError: It will not say.
        """
        digests = {one: edge_digest(self._edge, one) for one in canonicals}
        found = self._remembered(digests.values())
        found |= self._asked([one for one in digests.values() if one not in found])
        people = {canonical: found[digest] for canonical, digest in digests.items()}
        require_distinct(people)
        return tuple(people[canonical] for canonical in canonicals)

    def _asked(self, digests: list[bytes]) -> dict[bytes, Person]:
        """Ask about those that are not known, all under the same version of the key."""
        found: dict[bytes, Person] = {}
        versions = set()
        for start in range(0, len(digests), self._batch):
            some = list(dict.fromkeys(digests[start : start + self._batch]))
            version, people = self._rekeyed(some)
            versions.add(version)
            found |= dict(zip(some, people, strict=True))
        if len(versions) > 1:
            raise KeyServiceBusyError(_ROTATED)
        if versions:
            self._remember(versions.pop(), found)
        return found

    def _rekeyed(self, digests: list[bytes]) -> tuple[int, list[Person]]:
        """Ask about some in one request for each version of the key that counts."""
        asked = [self._probe, *digests]
        latest = self._service.rekey(asked)
        earlier = range(latest.version - 1, max(0, latest.version - 1 - self._previous), -1)
        every = [latest, *(self._service.rekey(asked, version=number) for number in earlier)]
        for one in every:
            self._require_same(one)
        self._see(latest.version)
        probe, *people = (
            Person(current, tuple(before))
            for current, *before in zip(*(map(token, one.digests) for one in every), strict=True)
        )
        distinct = dict(zip(map(bytes.hex, digests), people, strict=True))
        require_distinct(distinct | {PROBE: probe})
        return latest.version, people

    def _require_same(self, rekeyed: Rekeyed) -> None:
        """Refuse a key that is another one than was used under this version before.

        Every answer is looked at: a key can be replaced while we run.
        """
        name, probe = third_party_key(rekeyed.version), token(rekeyed.digests[0])
        known = self._probes.get(rekeyed.version)
        if known is None and self._marks.same(name, probe):
            self._probes[rekeyed.version] = probe
        elif known != probe:
            raise KeyServiceError(replaced(name))

    def _see(self, version: int) -> None:
        with self._lock:
            if version > self._version:
                self._known.clear()
                self._version = version

    def _remembered(self, digests: Collection[bytes]) -> dict[bytes, Person]:
        with self._lock:
            return dict(self._fresh(digests))

    def _fresh(self, digests: Collection[bytes]) -> Iterator[tuple[bytes, Person]]:
        for digest in digests:
            person, until = self._known.get(digest, (None, 0.0))
            if person is not None and self._clock() < until:
                yield digest, person

    def _remember(self, version: int, found: dict[bytes, Person]) -> None:
        until = self._clock() + SECONDS
        with self._lock:
            if version != self._version:
                return
            for digest, person in found.items():
                self._known[digest] = (person, until)
                self._known.move_to_end(digest)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
