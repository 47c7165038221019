"""The papers of a release: what was sealed, terms, citation, and one selection per study.

They are small objects beside the re-keyed headers, written before the release is sealed. What
lists objects that may be held some day is either kept for the hub, or served without them.
"""

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

from pydicom import dcmread

from catalog import permits, releases
from catalog.releases import Paper, Release, Sealing
from catalog.releases.papers import RECORD, selection_name
from flows.release.selecting import Member, select_all
from flows.release.texts import citation, citation_file, terms
from flows.wiring import HubParts


def write(parts: HubParts, release: Release, pool: ThreadPoolExecutor) -> None:
    """Write and enter all papers of a release whose headers are written.

    Raises:
        StorageError: The store does not answer.
        NotFoundError: A header is gone, or the release was given up.
    """
    rows = list(releases.written(parts.catalogue, release.id))
    permit = permits.get(parts.catalogue, release.permit_id)
    texts = {
        RECORD: "".join(f"{one.sha256}  {one.size:>12}  {one.file_name}\n" for one in rows),
        "terms.txt": terms(permit, release),
        "citation.txt": citation(permit, release),
        "CITATION.cff": citation_file(permit, release),
    }
    made = [_store(parts, release, name, text.encode()) for name, text in texts.items() if text]
    studies = groupby(sorted(rows, key=_study), key=_study)
    made += pool.map(_selecting(parts, release), [list(mine) for _, mine in studies])
    releases.add_papers(parts.catalogue, release.id, made)


def _study(one: Sealing) -> str:
    return one.study_uid


def _selecting(parts: HubParts, release: Release) -> Callable[[list[Sealing]], Paper]:
    def select(rows: list[Sealing]) -> Paper:
        first = rows[0]
        header = dcmread(io.BytesIO(b"".join(parts.releases.get(first.header_key))))
        document = select_all(header, tuple(_members(rows)))
        return _store(parts, release, selection_name(first.study_uid), document)

    return select


def _members(rows: Iterable[Sealing]) -> Iterator[Member]:
    for one in rows:
        yield Member(one.series_uid, one.sop_uid, one.sop_class_uid)


def _store(parts: HubParts, release: Release, name: str, data: bytes) -> Paper:
    digest = hashlib.sha256(data).hexdigest()
    key = f"{release.permit_id}/{release.id}/{digest}.paper"
    parts.releases.put(key, io.BytesIO(data), len(data), digest)
    return Paper(name, key, len(data), digest)
