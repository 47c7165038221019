"""A release's papers, as a delivery writes them: the same that the door serves."""

from collections.abc import Iterable, Iterator
from datetime import date

from catalog import releases
from catalog.errors import NotFoundError
from catalog.releases import Release
from catalog.releases.as_text import changes_csv, dictionary_csv, dictionary_json, metadata_csv
from catalog.releases.columns import COLUMNS
from catalog.releases.key_objects import only
from catalog.releases.papers import SERVED
from catalog.releases.parquet import parquet
from flows.wiring import HubParts


def papers_of(
    parts: HubParts, release: Release, today: date
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Give a release's papers as the door would, by where they lie."""
    catalogue, permit_id = parts.catalogue, release.permit_id

    def rows() -> Iterator[dict[str, object]]:
        return releases.metadata(catalogue, permit_id, who=None, today=today)

    yield "papers/metadata.csv", metadata_csv(rows())
    yield "papers/metadata.parquet", parquet(COLUMNS, rows())
    yield "papers/dictionary.csv", dictionary_csv()
    yield "papers/dictionary.json", (dictionary_json(),)
    sums = (f"{row['sha256']}  {row['path']}\n" for row in rows())
    yield "papers/manifest.sha256", (line.encode() for line in sums)
    if release.number > 1:
        yield "papers/changes.csv", changes_csv(_changes(parts, release))
    written = {paper.name: paper for paper in releases.papers(catalogue, release.id)}
    for name in SERVED:
        if name in written:
            yield f"papers/{name}", parts.releases.get(written[name].key)
    for study in sorted({str(row["study_uid"]) for row in rows()}):
        try:
            paper, free = releases.selection(catalogue, permit_id, study, who=None, today=today)
        except NotFoundError:
            continue  # it named what was erased, and could not be written anew
        data = only(b"".join(parts.releases.get(paper.key)), free)
        yield f"{study}/selection.dcm", (data,)


def _changes(parts: HubParts, release: Release) -> Iterable[releases.Change]:
    every = releases.releases_of(parts.catalogue, release.permit_id)
    before = [one.number for one in every if one.number < release.number and one.sealed_at]
    if not before:
        return ()
    return releases.changes(parts.catalogue, release.permit_id, before[0], release.number)
