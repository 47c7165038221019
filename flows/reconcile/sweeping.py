"""Objects that nothing names: found page by page, and removed with care.

Somebody may be about to name one that a crash left: he puts it again, which dates it anew, and
only then publishes. So its age by the store's own clock is asked right before it goes, and a
clock of ours that jumped removes nothing.
"""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import islice

from catalog.batches import batches
from catalog.errors import NotFoundError, Reason, StorageError
from catalog.objects import ObjectStore
from flows.reconcile.kinds import Kind
from flows.reconcile.report import Asked, Report

_AT_A_TIME = 50
_DIGITS = 64


@dataclass(frozen=True, repr=False)
class Bucket:
    """A store, what it holds for whom, and who is told before something goes.

    Attributes:
        kind: What an object is that nothing names.
        named: Gives those of some keys that something names.
        audit: Is told the key of what is about to be removed.
        sweeper: The same store with an identity that may remove there; None if there is none.
    """

    store: ObjectStore
    kind: Kind
    named: Callable[[Collection[str]], Collection[str]]
    audit: Callable[[str], None]
    sweeper: ObjectStore | None


def sweep(bucket: Bucket, asked: Asked, report: Report, *, expected: int = 0) -> None:
    """Find what nothing names; remove it if that was asked for, and if it is not too much.

    Args:
        bucket: What to look through.
        asked: How.
        report: Where findings go.
        expected: How many objects there are, about.

    Raises:
        StorageError: The store does not answer.
    """
    strays = _find(bucket, asked, report, expected)
    if not asked.mend or bucket.sweeper is None:
        return
    if len(strays) > asked.most:
        report.too_many.add(bucket.kind)
        return
    coming = iter(strays)
    while some := list(islice(coming, _AT_A_TIME)):
        known = bucket.named(some)
        for key in some:
            if key not in known and _remove(bucket, bucket.sweeper, key, asked):
                report.mended[bucket.kind] += 1


def _find(bucket: Bucket, asked: Asked, report: Report, expected: int) -> list[str]:
    """Give the keys that nothing names, at most one more than may be removed."""
    strays: list[str] = []
    done = 0
    with asked.counting("listing") as progress:
        for page in batches(bucket.store.listed()):
            known = bucket.named([one.key for one in page])
            for one in (one for one in page if one.key not in known):
                if asked.is_young(one.modified):
                    report.note(Kind.YOUNG, "")
                    continue
                report.note(bucket.kind, name_of(one.key))
                if len(strays) <= asked.most:
                    strays.append(one.key)
            done += len(page)
            progress(done, max(done, expected))
    return strays


def _remove(bucket: Bucket, store: ObjectStore, key: str, asked: Asked) -> bool:
    """Remove one object, unless somebody wanted it meanwhile or we may not; tell whether."""
    try:
        if store.age(key) < asked.older:
            return False
    except NotFoundError:
        return True
    bucket.audit(key)
    try:
        store.remove(key)
    except StorageError as error:
        if error.reason is not Reason.REFUSED:
            raise
        return False
    return True


def name_of(key: str) -> str:
    """Name an object without a UID: by the digest that its key ends with, or by one of its key."""
    digest = key.rpartition("/")[2].partition(".")[0]
    is_digest = len(digest) == _DIGITS and not set(digest) - set("0123456789abcdef")
    return (digest if is_digest else hashlib.sha256(key.encode()).hexdigest())[:16]
