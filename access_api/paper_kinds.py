"""What papers a release has: its metadata table, what it is, terms, citation, and what changed.

What lists objects is made when it is asked for, of what may be served then: a Hold is told to
nobody. What lists none is served as it was written with the release.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from access_api.content import read_paper
from access_api.visits import Visit
from catalog import releases
from catalog.errors import NotFoundError
from catalog.releases import Release
from catalog.releases.as_text import changes_csv, dictionary_csv, dictionary_json, metadata_csv
from catalog.releases.columns import COLUMNS
from catalog.releases.parquet import parquet
from catalog.vocabulary import ReleaseState

_CSV: Final = "text/csv; charset=utf-8"
_JSON: Final = "application/json"
_TEXT: Final = "text/plain; charset=utf-8"
_CFF: Final = "application/yaml"
_PARQUET: Final = "application/vnd.apache.parquet"

Written = tuple[str, Iterator[bytes]]
"""A paper's `ETag`, and its bytes."""


class Name(StrEnum):
    """What a release has beside its objects."""

    METADATA_CSV = "metadata.csv"
    METADATA_PARQUET = "metadata.parquet"
    DICTIONARY_JSON = "dictionary.json"
    DICTIONARY_CSV = "dictionary.csv"
    RELEASE = "release.json"
    CHANGES = "changes.csv"
    TERMS = "terms.txt"
    CITATION = "citation.txt"
    CITATION_FILE = "CITATION.cff"


@dataclass(frozen=True)
class PaperKind:
    """What a paper is, and how it is written for who visits."""

    media_type: str
    what: str
    write: Callable[[Visit], Written]


def newest(visit: Visit) -> tuple[Release, Release | None]:
    """Give the release that is served, and the sealed one before it, if there was one."""
    every = releases.releases_of(visit.door.engine, visit.permit_id)
    sealed = [release for release in every if release.state is ReleaseState.SEALED]
    if not sealed:
        raise NotFoundError
    return sealed[0], sealed[1] if len(sealed) > 1 else None


def whole(data: bytes) -> Written:
    """Give bytes that are at hand, with the `ETag` of their digest."""
    return _tag(data), iter((data,))


def _tag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()}"'


def _table(write: Callable[[Iterator[dict[str, Any]]], Iterator[bytes]]) -> Callable[..., Written]:
    def table(visit: Visit) -> Written:
        release, _ = newest(visit)
        state = releases.state_of(visit.door.engine, release.id)
        rows = releases.metadata(
            visit.door.engine, visit.permit_id, who=visit.who, today=visit.today
        )
        # Another version of the columns is another table.
        return _tag(state.encode() + dictionary_json()), write(rows)

    return table


def _stored(name: Name) -> Callable[[Visit], Written]:
    def stored(visit: Visit) -> Written:
        found = releases.paper(
            visit.door.engine, visit.permit_id, name, who=visit.who, today=visit.today
        )
        return f'"{found.sha256}"', read_paper(visit.door, found)

    return stored


def _changes(visit: Visit) -> Written:
    """Tell what changed, page by page; as long as nothing of either is held anew, it stays."""
    after, before = newest(visit)
    if before is None:
        return whole(b"".join(changes_csv(())))
    engine = visit.door.engine
    states = [releases.state_of(engine, one.id) for one in (before, after)]
    found = releases.changes(engine, visit.permit_id, before.number, after.number)
    return _tag("".join(states).encode()), changes_csv(found)


def _release(visit: Visit) -> Written:
    release, before = newest(visit)
    held = releases.contents(visit.door.engine, release.id)
    told = {
        "permit": release.permit_id,
        "release": release.number,
        "before": before.number if before else None,
        "query": {name: value for name, value in release.query.items() if value is not None},
        "catalogue_version": release.catalogue_version,
        "frozen_at": release.frozen_at.isoformat(),
        "sealed_at": release.sealed_at.isoformat() if release.sealed_at else None,
        "studies": held.studies,
        "instances": held.instances,
        "size": held.size,
        "copies": releases.copies(visit.door.engine, release.id),
    }
    return whole((json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode())


PAPERS: Final[dict[Name, PaperKind]] = {
    Name.METADATA_CSV: PaperKind(
        _CSV, "One row for each object: what headers and pixels tell.", _table(metadata_csv)
    ),
    Name.METADATA_PARQUET: PaperKind(
        _PARQUET, "The same table, for programs.", _table(lambda rows: parquet(COLUMNS, rows))
    ),
    Name.DICTIONARY_JSON: PaperKind(
        _JSON,
        "The table's columns: type, meaning, DICOM keyword.",
        lambda _visit: whole(dictionary_json()),
    ),
    Name.DICTIONARY_CSV: PaperKind(
        _CSV, "The same, as a table.", lambda _visit: whole(b"".join(dictionary_csv()))
    ),
    Name.RELEASE: PaperKind(
        _JSON, "The release: number, query, catalogue version, counts.", _release
    ),
    Name.CHANGES: PaperKind(
        _CSV, "What was added and replaced since the release before.", _changes
    ),
    Name.TERMS: PaperKind(_TEXT, "What its users are bound to.", _stored(Name.TERMS)),
    Name.CITATION: PaperKind(_TEXT, "How it is cited.", _stored(Name.CITATION)),
    Name.CITATION_FILE: PaperKind(
        _CFF, "The same, in the Citation File Format.", _stored(Name.CITATION_FILE)
    ),
}
