"""Deliver a release into a bucket of a secure processing environment, whole and verified.

The bucket then holds what the door would serve: the newest release, header and pixels joined, and
its papers. Delivering again takes away what may not be served any more, and sends what is missing
or changed, so a delivery that broke off goes on, and a recall reaches the bucket. Permit and Holds
are asked anew for each object that is sent, as a large release takes hours.
"""

import hashlib
import io
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from itertools import islice
from typing import BinaryIO

from catalog import releases
from catalog.errors import HeldError, NotFoundError, PermitError
from catalog.objects import DeliveryStore, StoredObject
from catalog.releases import Release, Servable, deliveries
from catalog.vocabulary import ReleaseState
from flows.errors import RetriableError
from flows.release.delivered_papers import papers_of
from flows.release.ending import named
from flows.release.spe import require_open
from flows.release.taking_away import take_away
from flows.wiring import HubParts

WORKERS = 4
BATCH = 64


class AnotherReleaseError(RetriableError):
    """Another release was sealed while one was delivered, and the bucket has some of both."""


@dataclass(frozen=True)
class Delivered:
    """How a delivery ended.

    Attributes:
        sent: Objects sent now.
        there: Objects that lay there already, by size and digest.
        removed: Objects taken away, as they may not be served any more.
        size: Bytes of all objects there.
    """

    sent: int
    there: int
    removed: int
    size: int


@dataclass(frozen=True)
class Place:
    """A bucket as it is recorded, and its store."""

    bucket: str
    store: DeliveryStore


def utc_today() -> date:
    """Give the day, as permits count it."""
    return datetime.now(UTC).date()


def deliver(
    parts: HubParts,
    permit_id: str,
    to: Place,
    *,
    who: str,
    today: Callable[[], date] = utc_today,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Delivered:
    """Bring a permit's newest release into a bucket, below the permit's id.

    Raises:
        NotFoundError: There is no such permit, nothing sealed, or an object is gone.
        PermitError: It is not in force, or ended while it was delivered.
        ConflictError: The bucket is no account's that is in force and named by the permit.
        BucketError: It is not there, or not ours to list; nothing is recorded.
        StorageError: A store does not answer, or holds other bytes than were sent; run it again.
        AnotherReleaseError: A newer one was sealed meanwhile; run it again.
    """
    found = releases.manifest(parts.catalogue, permit_id, who=None, today=today())
    release = newest(parts, permit_id)
    deliveries.require_named(parts.catalogue, permit_id, to.bucket)
    require_open(to.store, to.bucket, below=f"{permit_id}/")
    number = deliveries.begin(parts.catalogue, permit_id, release.id, to.bucket, who=who)
    with named(parts.catalogue, number):
        done = _bring_all(parts, release, to, found, (today, progress))
        if newest(parts, permit_id).id != release.id:
            message = "another release was sealed meanwhile; run it again"
            raise AnotherReleaseError(message)
        objects = done.sent + done.there
        deliveries.finish(parts.catalogue, number, objects=objects, size=done.size)
    return done


def _bring_all(
    parts: HubParts,
    release: Release,
    to: Place,
    found: Iterator[Servable],
    told: tuple[Callable[[], date], Callable[[int, int], None]],
) -> Delivered:
    permit_id, (today, progress) = release.permit_id, told
    every = releases.contents(parts.catalogue, release.id).instances
    removed = take_away(parts, permit_id, to.store)
    done: Counter[_Ended] = Counter()
    size = 0

    def bring(one: Servable) -> _Ended:
        def ask() -> object:
            return releases.servable(
                parts.catalogue, permit_id, one.sop_uid, who=None, today=today()
            )

        return _bring(parts, to.store, f"{permit_id}/{one.file_name}", one, ask)

    with ThreadPoolExecutor(WORKERS, "deliver") as pool:
        while batch := list(islice(found, BATCH)):
            for one, ended in zip(batch, pool.map(bring, batch), strict=True):
                done[ended] += 1
                size += one.size if ended is not _Ended.STOPPED else 0
            progress(done.total(), every)
    _bring_papers(parts, release, to, today())
    removed += take_away(parts, permit_id, to.store)
    return Delivered(done[_Ended.SENT], done[_Ended.THERE], removed, size)


def newest(parts: HubParts, permit_id: str) -> Release:
    """Give a permit's newest sealed release.

    Raises:
        NotFoundError: There is none.
    """
    for one in releases.releases_of(parts.catalogue, permit_id):
        if one.state is ReleaseState.SEALED:
            return one
    raise NotFoundError


class _Ended(Enum):
    """What became of one object."""

    SENT, THERE, STOPPED = range(3)


def _bring(
    parts: HubParts, store: DeliveryStore, key: str, one: Servable, ask: Callable[[], object]
) -> _Ended:
    """Store one object, if it may be served before and after.

    A Hold may have come since it was listed; and while it was sent, the permit may have ended and
    all else been deleted with proof.
    """
    if not _is_free(ask):
        return _Ended.STOPPED
    stream = io.BufferedReader(_Blocks(_joined(parts, one)), 1 << 20)
    new = _put(store, key, StoredObject(one.size, one.sha256), stream)
    try:
        if _is_free(ask):
            return _Ended.SENT if new else _Ended.THERE
    except PermitError:
        store.erase(key)
        raise
    store.erase(key)
    return _Ended.STOPPED


def _is_free(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except (HeldError, NotFoundError):
        return False
    return True


def _put(store: DeliveryStore, key: str, told: StoredObject, stream: BinaryIO) -> bool:
    """Store an object unless it is there; what was there before under its name goes first."""
    try:
        if store.stat(key) == told:
            return False
        store.erase(key)
    except NotFoundError:
        pass
    store.put(key, stream, told.size, told.sha256)
    return True


def _joined(parts: HubParts, one: Servable) -> Iterator[bytes]:
    yield from parts.releases.get(one.header_key)
    if one.pixel_size:
        yield from parts.clean.get(one.clean_key, one.pixel_offset)


class _Blocks(io.RawIOBase):
    """Blocks, as the store reads them; nothing is asked for before the first is read."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._left:
            following = next(self._blocks, None)
            if following is None:
                return 0
            self._left = following
        taken = self._left[: len(buffer)]
        buffer[: len(taken)] = taken
        self._left = self._left[len(taken) :]
        return len(taken)


def _bring_papers(parts: HubParts, release: Release, to: Place, today: date) -> None:
    for name, blocks in papers_of(parts, release, today):
        # A store is told digest and size first, and a table may be larger than memory.
        with tempfile.TemporaryFile() as file:
            digest = hashlib.sha256()
            for block in blocks:
                digest.update(block)
                file.write(block)
            told = StoredObject(file.tell(), digest.hexdigest())
            file.seek(0)
            _put(to.store, f"{release.permit_id}/{name}", told, file)
