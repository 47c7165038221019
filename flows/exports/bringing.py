"""Bring one announced study in: fetch it, compare it with what the source says, walk it.

The order makes a crash harmless at every step: what landed stays landed, what was handed over is
found again, items are entered before anything is walked, and the study counts as settled last.
"""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from catalog.plans.records import Waiting
from flows import log
from flows.errors import SourceAwayError, StoppedError
from flows.exports.enrolling import Came, astray, enroll
from flows.exports.job import Job
from flows.sources.awaiting import awaiting
from flows.sources.landed import LandedStudy, name
from flows.sources.source import Ended, Fetched, FoundInstance, Source
from flows.walk.study import StudyRun, settle

_AGAIN_AT_ONCE = 2  # fetches within one try: what a PACS dropped comes the second time
_SHORTEST, _LONGEST = 60.0, 3600.0  # seconds until the next try
#: A source that counts more objects in one study, and lists none, is not believed beyond this:
#: each would be a line of the ledger.
MOST_COUNTED = 20_000

AWAY = "the source did not answer"
LACKING = "the source did not give all that it listed"
RESTING = "the source answered too slowly and is left alone for a while"


class Brought(StrEnum):
    """What became of one study in one try."""

    SETTLED = "settled"
    LATER = "to be tried again"
    STOPPED = "not tried, since we were told to stop"


@dataclass(frozen=True, repr=False)
class Given:
    """What a source listed of a study, what of it still lacks, and why."""

    listed: tuple[FoundInstance, ...]
    lacking: tuple[FoundInstance, ...]
    why: str


def bring(job: Job, waiting: Waiting) -> Brought:
    """Bring a leased study to its outcomes, or give it back.

    Raises:
        SourceError: The source refuses all of it: an administrator has to act.
        RetriableError: The store, a database or the disk did not answer.
    """
    if not job.parts.ledger.items(job.export.id, waiting.ordinal):
        if not job.breaker.allows():
            return _later(job, waiting, RESTING, tried=False)
        try:
            with awaiting(job.landing, waiting.study_uid):
                given = _fetched(job, waiting)
        except StoppedError:
            return _stopped(job, waiting)
        except SourceAwayError:
            if not _answers(job.source):
                return _later(job, waiting, AWAY, tried=False)
            given = Given((), (), AWAY)
        if given.why and waiting.tries + 1 < job.tries:
            return _later(job, waiting, given.why, tried=True)
        _enter(job, waiting, given)
    return _finish(job, waiting.ordinal)


def _answers(source: Source) -> bool:
    """Tell whether a source answers at all; while it is away, no study uses up its tries."""
    return next(source.prove()).ok


def _fetched(job: Job, waiting: Waiting) -> Given:
    """Fetch what is not here yet, and compare what is here then with what the source lists.

    Raises:
        StoppedError: We were told to stop before all was here.
        SourceAwayError: The source does not answer.
    """
    landed = job.landed(waiting.study_uid)
    listed = job.source.instances(waiting.study_uid, job.stop)
    for number in range(_AGAIN_AT_ONCE):
        lacking = _lacking(job, waiting, listed)
        whole = not lacking if listed else bool(landed.files() or _handed(job, waiting.ordinal))
        if whole or job.stop.reason():
            break
        only = lacking if number and listed else None
        fetched = job.source.fetch(waiting.study_uid, only, landed, job.stop)
        job.spend(fetched.bytes)
        _say(job, waiting, fetched)
        if fetched.ended is Ended.STOPPED:
            raise StoppedError
    lacking = _lacking(job, waiting, listed)
    short = not listed and _here(job, waiting) < max(1, waiting.instances or 0)
    if (lacking or short) and job.stop.reason():
        raise StoppedError
    return Given(listed, lacking, LACKING if lacking or short else "")


def _here(job: Job, waiting: Waiting) -> int:
    return len(job.landed(waiting.study_uid).names() | _handed(job, waiting.ordinal))


def _lacking(
    job: Job, waiting: Waiting, listed: tuple[FoundInstance, ...]
) -> tuple[FoundInstance, ...]:
    landed = job.landed(waiting.study_uid).names() | _handed(job, waiting.ordinal)
    return tuple(one for one in listed if name(one.sop_uid) not in landed)


def _handed(job: Job, ordinal: int) -> frozenset[str]:
    """Give the names of objects that an earlier try took over and did not walk."""
    return LandedStudy(job.folder(ordinal)).names()


def _enter(job: Job, waiting: Waiting, given: Given) -> None:
    """Take over what landed, say how many outcomes are owed, and enter them as items."""
    job.landed(waiting.study_uid).hand_over(job.folder(waiting.ordinal))
    came = _came(job, waiting, given)
    for path in astray(came):
        _put_back(job, path)
    came = _came(job, waiting, given)
    announced = job.parts.ledger.announced
    announced.claim(job.export.id, waiting.ordinal, came.claimed, who=job.who)
    until = datetime.now(UTC) + job.parts.remembered
    people = enroll(job.parts.ledger, job.export, waiting.ordinal, came, run=job.run, until=until)
    job.parts.keys.pseudonyms.people(sorted(people))


def _came(job: Job, waiting: Waiting, given: Given) -> Came:
    files = LandedStudy(job.folder(waiting.ordinal)).files()
    never = tuple(one.sop_uid for one in given.lacking)
    if not given.listed:  # its count is all there is; of a study there is one object at least
        counted = min(waiting.instances or 0, MOST_COUNTED)
        never = ("",) * max(0, max(1, counted) - len(files))
    return Came(
        waiting.study_uid,
        job.folder(waiting.ordinal),
        tuple(path.name for path in files),
        never,
    )


def _put_back(job: Job, path: Path) -> None:
    """Put an object of another study back where what nobody asked for waits."""
    log.get().warning("an object of another study came along", export=job.export.id)
    with job.landing.odd(path.name).store(path.name) as sink, path.open("rb") as source:
        while block := source.read(1 << 20):
            sink.write(block)
    path.unlink()


def _finish(job: Job, ordinal: int) -> Brought:
    """Walk what was entered, and say that all of it has its outcome."""
    run = StudyRun(
        job.parts,
        job.deidentifier,
        job.export,
        ordinal,
        job.region,
        job.run,
        protection=job.protection,
    )
    settle(run)
    job.parts.ledger.announced.settle(job.export.id, ordinal, who=job.who)
    folder = job.folder(ordinal)
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()
    return Brought.SETTLED


def _later(job: Job, waiting: Waiting, why: str, *, tried: bool) -> Brought:
    """Give a study back to be tried again after a while that grows, and is never quite the same."""
    pause = min(_LONGEST, _SHORTEST * 2**waiting.tries) * random.uniform(0.7, 1.3)  # noqa: S311
    job.parts.ledger.announced.give_back(
        job.export.id,
        waiting.ordinal,
        who=job.who,
        why=why,
        due_at=datetime.now(UTC) + timedelta(seconds=pause),
        tried=tried,
    )
    return Brought.LATER


def _stopped(job: Job, waiting: Waiting) -> Brought:
    job.parts.ledger.announced.give_back(
        job.export.id,
        waiting.ordinal,
        who=job.who,
        why=job.stop.reason(),
        due_at=datetime.now(UTC),
        tried=False,
    )
    return Brought.STOPPED


def _say(job: Job, waiting: Waiting, fetched: Fetched) -> None:
    log.get().info(
        "study fetched",
        export=job.export.id,
        study=waiting.ordinal,
        ended=fetched.ended.value,
        completed=fetched.completed,
        failed=fetched.failed,
        bytes=fetched.bytes,
        seconds=round(fetched.seconds, 3),
    )
