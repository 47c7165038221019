"""Build a permit's release: freeze its cohort, write one small re-keyed header per instance.

Then its papers are written (`flows.release.papers`), and it is sealed. Of the clean objects only
headers are written anew; their pixel bytes are read once, for the checksums of what the door will
serve, and stay where they are.
"""

import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date

from pydicom import dcmread

from catalog import releases
from catalog.errors import CatalogError, NotFoundError
from catalog.releases import Release, ReleasedInstance, RevisionRef
from catalog.releases.facts import facts_of
from catalog.releases.mac import Mac
from catalog.search import Query
from deid.identity.pseudonym import uid
from deid.rekey import rekey as rewrite
from flows.errors import RetriableError
from flows.release import papers
from flows.wiring import HubParts

WORKERS = 4
BATCH = 64


class ReleaseError(RetriableError):
    """A release could not be finished; building it again starts anew."""


def build(
    parts: HubParts,
    permit_id: str,
    query: Query,
    *,
    today: date,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Release:
    """Freeze what a query finds into a release of a permit, re-key it and seal it.

    `progress` is called with instances done and instances in all.

    Raises:
        NotFoundError: If there is no such permit.
        PermitError: If it is not in force.
        ConflictError: If its tier asks for an assessment, and none is in force.
        StorageError: If the store does not answer; nothing of the release is left.
        ReleaseError: If a clean object is gone, or another build of the permit took its place.
    """
    release = releases.freeze(parts.catalogue, permit_id, query, today=today)
    with _given_up_on_failure(parts, release):
        done = 0
        with ThreadPoolExecutor(WORKERS, "rekey") as pool:
            pending = list(releases.pending(parts.catalogue, release.id))
            for start in range(0, len(pending), BATCH):
                batch = pending[start : start + BATCH]
                made = list(pool.map(lambda ref: rekey(parts, release, ref), batch))
                releases.add_instance(parts.catalogue, release.id, *made)
                done += len(made)
                progress(done, len(pending))
            papers.write(parts, release, pool)
        return releases.seal(parts.catalogue, release.id, today=today)


@contextmanager
def _given_up_on_failure(parts: HubParts, release: Release) -> Iterator[None]:
    """Leave nothing of a release that could not be finished; what a crash leaves, `freeze` ends."""
    try:
        yield
    except BaseException as error:
        with suppress(CatalogError):
            releases.discard(parts.catalogue, release.id)
        if isinstance(error, NotFoundError):
            message = (
                "the release could not be finished: an image is gone from the store, something was "
                "erased, or the permit's release was built anew meanwhile"
            )
            raise ReleaseError(message) from None
        raise


def rekey(parts: HubParts, release: Release, ref: RevisionRef) -> ReleasedInstance:
    """Write one instance's header for a release and digest what will be served."""
    subkeys = parts.keys.subkeys(release.permit_id)
    person = parts.keys.person(release.permit_id, ref.pseudonym)
    clean = b"".join(parts.clean.get(ref.clean_key, 0, ref.pixel_offset))
    header = rewrite(clean, person=person, subkeys=subkeys, weeks=ref.weeks)
    whole, crc, mac = hashlib.sha256(header), zlib.crc32(header), Mac()
    mac.update(header)
    for block in _pixels(parts, ref):
        whole.update(block)
        crc = zlib.crc32(block, crc)
        mac.update(block)
    study, series, sop = (
        uid(subkeys, original) for original in (ref.study_uid, ref.series_uid, ref.sop_uid)
    )
    digest = hashlib.sha256(header).hexdigest()
    header_key = f"{release.permit_id}/{release.id}/{sop}/{digest}.header"
    parts.releases.put(header_key, io.BytesIO(header), len(header), digest)
    return ReleasedInstance(
        revision_id=ref.revision_id,
        pseudonym=person.pseudonym,
        study_uid=study,
        series_uid=series,
        sop_uid=sop,
        file_name=f"{study}/{series}/{sop}.dcm",
        header_key=header_key,
        header_size=len(header),
        sha256=whole.hexdigest(),
        crc32=crc,
        mac=mac.told(),
        facts=facts_of(dcmread(io.BytesIO(header))),
    )


def _pixels(parts: HubParts, ref: RevisionRef) -> Iterator[bytes]:
    """Give the pixel data element's bytes; of what has none, a store would refuse the range."""
    if ref.pixel_offset < ref.size:
        yield from parts.clean.get(ref.clean_key, ref.pixel_offset)
