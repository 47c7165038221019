"""Build a permit's release: freeze its cohort, write one small re-keyed header per instance.

Then its papers are written (`flows.release.papers`), and it is sealed. Of the clean objects only
headers are written anew. A build that broke off is taken up where it was.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date
from itertools import islice
from typing import TypeVar

from catalog import releases
from catalog.errors import CatalogError, NotFoundError, RetriableError
from catalog.releases import Release
from catalog.search import Query
from flows.errors import RetriableError as FlowsRetriableError
from flows.release import papers
from flows.release.rekeying import Rekeying
from flows.wiring import HubParts

WORKERS = 4
#: Headers that are entered in one transaction, and how many more are under way meanwhile.
BATCH, AHEAD = 256, 16

Item = TypeVar("Item")
Made = TypeVar("Made")


class ReleaseError(FlowsRetriableError):
    """A release could not be finished; building it again starts anew."""


def build(
    parts: HubParts,
    permit_id: str,
    query: Query,
    *,
    today: date,
    with_what_is_there: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Release:
    """Freeze what a query finds into a release of a permit, re-key it and seal it.

    What an earlier build of the same query left half done is taken up instead: after a break of
    the store or of the network, or if its process was killed. `progress` is called with instances
    done and instances in all. While holders have yet to deliver for the permit, nothing is built,
    unless `with_what_is_there` says so.

    Raises:
        NotFoundError: If there is no such permit.
        PermitError: If it is not in force, `today` or on the day it would be sealed.
        ConflictError: If its tier asks for an assessment, and none is in force; or orders run.
        StorageError: If the store does not answer; build it again, and it goes on.
        ReleaseError: If a clean object is gone, or another build of the permit took its place.
    """
    release = releases.take_up(
        parts.catalogue, permit_id, query, today=today, with_what_is_there=with_what_is_there
    )
    if release is None:
        release = releases.freeze(
            parts.catalogue, permit_id, query, today=today, with_what_is_there=with_what_is_there
        )
    with _given_up_on_failure(parts, release):
        done = release.instances - releases.left(parts.catalogue, release.id)
        with ThreadPoolExecutor(WORKERS, "rekey") as pool:
            pending = releases.pending(parts.catalogue, release.id)
            made = _ahead(pool, Rekeying(parts, release).write, pending)
            while batch := list(islice(made, BATCH)):
                releases.add_instance(parts.catalogue, release.id, *batch)
                done += len(batch)
                progress(done, release.instances)
            papers.write(parts, release, pool)
        return releases.seal(parts.catalogue, release.id)


def _ahead(
    pool: ThreadPoolExecutor, deed: Callable[[Item], Made], items: Iterable[Item]
) -> Iterator[Made]:
    """Give what is made of each item, in order, while the pool goes on with the next ones."""
    under_way: deque[Future[Made]] = deque()
    try:
        for item in items:
            under_way.append(pool.submit(deed, item))
            if len(under_way) > AHEAD:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        for one in under_way:
            one.cancel()


@contextmanager
def _given_up_on_failure(parts: HubParts, release: Release) -> Iterator[None]:
    """Leave nothing of a release that cannot be finished; what another try may finish stays."""
    try:
        yield
    except (RetriableError, KeyboardInterrupt):
        raise
    except Exception as error:
        with suppress(CatalogError):
            releases.discard(parts.catalogue, release.id)
        if isinstance(error, NotFoundError):
            message = (
                "the release could not be finished: an image is gone from the store, something was "
                "erased, or the permit's release was built anew meanwhile"
            )
            raise ReleaseError(message) from None
        raise
