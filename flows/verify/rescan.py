"""Look again, with the present detector, at clean objects that are stored already.

It needs no original and no key of a region. What it finds is held: people then decide, or the
region ingests the original again. What could not be looked at is held too: that is not clean.
"""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import BinaryIO, cast

from sqlalchemy import Engine

from catalog.errors import NotFoundError
from catalog.objects import ObjectStore
from catalog.sightings import scans
from catalog.sightings.scans import Look, Unscanned
from deid.errors import DeidError, Reason, RefusedError, SuspectError
from deid.findings import Finding
from deid.pixels.detection.gate import FIRST, SECOND
from deid.pixels.detection.looking import DETECTOR
from deid.pixels.detection.text_reader import TextReader
from deid.pixels.drawn.graphics import graphics_left
from deid.pixels.drawn.overlays import overlays_left
from deid.pixels.redact import read_again
from deid.profiles.profile import Profile
from deid.screen import screen
from deid.source import Parsed, parse
from flows.errors import RetriableError
from flows.walk.admit import checked


class Seen(StrEnum):
    """What became of one object."""

    CLEAN = "clean"
    FOUND = "with text"
    UNCHECKED = "could not be looked at"


@dataclass(frozen=True, repr=False)
class Rescanner:
    """What looks, and where.

    Attributes:
        profile: Says which kinds of objects are looked at closely.
        who: Who looks, for Holds and the access log.
    """

    catalogue: Engine
    clean: ObjectStore
    text_reader: TextReader
    profile: Profile
    who: str


@dataclass(frozen=True)
class Rescanned:
    """What was seen, and the numbers of the Holds that were placed."""

    seen: Counter[Seen]
    holds: tuple[int, ...] = ()

    @property
    def looked(self) -> int:
        """Count the objects that were looked at."""
        return self.seen.total()


def rescan(
    with_: Rescanner,
    *,
    since: str = DETECTOR,
    again: bool = False,
    limit: int | None = None,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Rescanned:
    """Look at all that no recent detector has looked at; each look is recorded on its own.

    So it can be stopped at any time, and run again: what was looked at is left out.

    Args:
        with_: What looks.
        since: What this detector, or a later one, has looked at is left out.
        again: Look also at what a recent detector saw as it was made: by the second sight it
            was seen only where something was blanked.
        limit: How many to look at, at most.
        dry_run: Look, and tell; hold nothing and record nothing.
        progress: Called with objects done, and objects in all.

    Raises:
        NotFoundError: `since` is the name of no detector that there are records of.
        StorageError: The store does not answer; run it again.
        DatabaseError: The catalogue does not answer; run it again.
        RetriableError: There is no room on the disk for one object.
    """
    total, waiting = scans.unscanned(with_.catalogue, DETECTOR, since=since, again=again)
    total = total if limit is None else min(total, limit)
    seen, placed = Counter[Seen](), list[int]()
    progress(0, total)
    for done, one in enumerate(islice(waiting, total), 1):
        what, look = _look(with_, one)
        seen[what] += 1
        if not dry_run:
            number = scans.record(with_.catalogue, one.revision_id, look, who=with_.who)
            placed += [] if number is None else [number]
        progress(done, total)
    return Rescanned(seen, tuple(placed))


def _look(with_: Rescanner, one: Unscanned) -> tuple[Seen, Look]:
    try:
        with checked(), _fetched(with_.clean, one) as reader:
            found = findings(reader, with_.text_reader, with_.profile)
    except (NotFoundError, DeidError):
        return Seen.UNCHECKED, _look_of(None, "it could not be looked at")
    if found:
        return Seen.FOUND, _look_of(
            len(found), f"text in {len(found)} place{'s'[: len(found) - 1]}"
        )
    return Seen.CLEAN, _look_of(0, "")


def _look_of(count: int | None, what: str) -> Look:
    return Look(DETECTOR, count, f"rescan by {DETECTOR}: {what}" if what else "")


def findings(reader: BinaryIO, text_reader: TextReader, profile: Profile) -> tuple[Finding, ...]:
    """Look at the pixels, overlays and graphics of a clean object, by both sights.

    Raises:
        DeidError: It cannot be read or decoded.
    """
    parsed = parse(reader)
    header = (
        *overlays_left(parsed.header, text_reader),
        *graphics_left(parsed.header, text_reader),
    )
    if header or parsed.pixels is None:
        return header
    closely = _closely(parsed, profile)
    for sight in (FIRST, SECOND):
        found = read_again(reader, parsed, text_reader, sight=sight, closely=closely)
        if found:
            return found
    return ()


def _closely(parsed: Parsed, profile: Profile) -> bool:
    """Tell whether all of it is looked at; what would not pass the gate today is, for sure."""
    try:
        return screen(parsed, profile).closely
    except RefusedError:
        return True


@contextmanager
def _fetched(store: ObjectStore, one: Unscanned) -> Iterator[BinaryIO]:
    """Bring an object into a file without a name, no larger than its record says.

    Raises:
        NotFoundError: It is gone.
        SuspectError: Its bytes are not those of the record.
        RetriableError: There is no room for it.
    """
    digest, left = hashlib.sha256(), one.size
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115  # closed below; only making it may fail here
    except OSError as error:
        raise _no_room(error) from None
    with file:
        for block in store.get(one.key):
            left -= len(block)
            if left < 0:
                break
            digest.update(block)
            try:
                file.write(block)
            except OSError as error:
                raise _no_room(error) from None
        if left or digest.hexdigest() != one.sha256:
            raise SuspectError(Reason.UNCHECKED)
        yield cast("BinaryIO", file)


def _no_room(error: OSError) -> RetriableError:
    kind = type(error).__name__
    return RetriableError(f"no object can be brought to this machine's disk: {kind}; see TMPDIR")
