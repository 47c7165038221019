"""What may not stay for ever: quarantined originals, and what ended runs left in the landing.

Nothing goes silently: the ledger says EXPIRED, the log says what was removed, and what is about
to go is warned of.
"""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from catalog.errors import ConflictError, Reason
from catalog.reviews.records import OPEN, ReviewState
from catalog.reviews.upkeep import folder
from flows import log
from flows.quarantine.originals import erase
from flows.review import begun
from flows.review.applying import one_at_a_time
from flows.sources.landing import RECEIVED, SHARED
from flows.wiring import RegionParts

ALARM = timedelta(days=7)
WHO = "expiry"
_DEPTH = 2  # an object key begins with an export and an item


@dataclass(frozen=True)
class Expired:
    """What was removed, in numbers.

    Attributes:
        reviews: Whose time to decide was over.
        objects: Sealed files that were removed from the store.
        folders: Of ended runs, that were removed from the landing.
        soon: Reviews that expire within a week.
        changed: Reviews that could not be looked at, since their record was changed by other hands,
            and those that were begun anew, since theirs was gone.
    """

    reviews: int = 0
    objects: int = 0
    folders: int = 0
    soon: int = 0
    changed: int = 0


@dataclass(frozen=True)
class Standing:
    """How the quarantine stands, in numbers.

    Attributes:
        waiting: Originals of which nobody has said anything.
        second: Those that wait for a second person.
        decided: Those whose decision is still to be applied.
        soon: Those of all these that expire within a week.
        folders: Of ended runs in the landing, that are old enough to go.
        changed: Reviews whose record was changed by other hands; none of the above counts them.
    """

    waiting: int
    second: int
    decided: int
    soon: int
    folders: int
    changed: int = 0

    @property
    def is_alarming(self) -> bool:
        """Tell whether somebody should look soon."""
        return bool(self.soon or self.folders or self.changed)


def expire(parts: RegionParts, moment: datetime, *, but: str = "") -> Expired:
    """Remove what is over, write that down, and warn of what will be.

    Args:
        parts: The region's side.
        moment: The present one.
        but: An export that is at work; its folder in the landing stays.

    Raises:
        StorageError: If the store does not answer; what is left goes next time.
        RetriableError: If the landing cannot be used.
    """
    reviews = parts.ledger.reviews
    with one_at_a_time(parts):
        lost = reviews.adopt(parts.quarantined)
        ended = [_end(parts, review_id) for review_id in reviews.over(moment)]
        strays = _sweep(parts, moment, but=but)
        leftovers = _leftovers(parts, moment, but=but)
        for path in leftovers:
            shutil.rmtree(path, ignore_errors=True)
        soon = len(reviews.over(moment + ALARM))
    if lost:
        log.get().error("quarantined files had no review", part=WHO, count=lost)
    changed = sum(one is None for one in ended)
    done = [one for one in ended if one is not None]
    made = Expired(
        reviews=sum(was_open for was_open, _ in done),
        objects=sum(objects for _, objects in done) + strays,
        folders=len(leftovers),
        soon=soon - changed,
        changed=changed + lost,
    )
    _say(made)
    return made


def _end(parts: RegionParts, review_id: int) -> tuple[bool, int] | None:
    """End one review; tell whether it was open, and how many sealed files went.

    What is published already is not ended: whoever applies it once more records that.
    """
    reviews = parts.ledger.reviews
    try:
        if reviews.get(review_id)[0].state is ReviewState.APPLYING:
            begun.withdraw(parts, review_id, who=WHO)
        was_open = reviews.expire(review_id, who=WHO)
        made, _ = reviews.get(review_id)
    except ConflictError as error:
        if error.reason is Reason.REVIEW_BEGUN:
            log.get().error("a review is published and not recorded", part=WHO, count=review_id)
            return False, 0
        log.get().error("a review was changed by other hands", part=WHO, count=review_id)
        return None
    if was_open:
        log.get().warning("review expired", part=WHO, export=made.export_id, item=made.item_id)
    objects = erase(parts.quarantine, folder(made.export_id, made.item_id))
    reviews.erased(review_id)
    return was_open, objects


def _sweep(parts: RegionParts, moment: datetime, *, but: str) -> int:
    """Remove what a run sealed and died before it could say so; count it."""
    reviews = parts.ledger.reviews
    live, old = reviews.live(), reviews.exports_before(moment - parts.quarantined) - {but}
    strays: dict[str, list[str]] = {}
    for key in parts.quarantine.keys():  # noqa: SIM118 -- a store; once, however many exports
        export_id, *_ = key.split("/")
        if export_id in old and "/".join(key.split("/")[:_DEPTH]) not in live:
            strays.setdefault(export_id, []).append(key)
    gone = [
        key
        for export_id, keys in strays.items()
        if not is_recent(parts.landing / export_id, moment - parts.abandoned)
        for key in keys
    ]
    for key in gone:
        parts.quarantine.remove(key)
    return len(gone)


def _leftovers(parts: RegionParts, moment: datetime, *, but: str = "") -> list[Path]:
    """Give the exports' folders in the landing that nothing was done in for long."""
    try:
        found = [path for path in parts.landing.iterdir() if path.is_dir()]
    except FileNotFoundError:
        return []
    limit = moment - parts.abandoned
    return [
        path
        for path in found
        if path.name not in {but, *SHARED}
        and not path.is_symlink()
        and not (path / RECEIVED).exists()  # what was fetched waits for its export, however long
        and not is_recent(path, limit)
    ]


def is_recent(path: Path, limit: datetime) -> bool:
    """Tell whether anything in a folder was changed since; times that cannot be set are asked."""
    for one in (path, *path.rglob("*")):
        with suppress(OSError):
            if one.lstat().st_ctime > limit.timestamp():
                return True
    return False


def standing(parts: RegionParts, moment: datetime) -> Standing:
    """Tell how the quarantine and the landing stand."""
    found = parts.ledger.reviews.all(states=OPEN)
    states = [one.state for one in found]
    return Standing(
        waiting=states.count(ReviewState.WAITING),
        second=states.count(ReviewState.SECOND),
        decided=sum(states.count(one) for one in (ReviewState.DECIDED, ReviewState.APPLYING)),
        soon=sum(one.expires_at <= moment + ALARM for one in found),
        folders=len(_leftovers(parts, moment)),
        changed=len(parts.ledger.reviews.changed()),
    )


def _say(made: Expired) -> None:
    counts = {"reviews": made.reviews, "objects": made.objects, "folders": made.folders}
    if any(counts.values()):
        log.get().warning("removed what was over", part=WHO, counts=counts)
    if made.soon:
        log.get().warning("quarantined originals expire within a week", part=WHO, count=made.soon)
