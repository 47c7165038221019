"""The flow of a release, on the hub's own Prefect server; its worker alone has the release key.

Parameters are a permit's id and the words of a search. They, names, logs, results and artifacts
carry no person's name, no UID and no pseudonym.
"""

from datetime import UTC, datetime

from prefect import flow
from prefect.artifacts import create_markdown_artifact

from catalog import permits, releases
from catalog.releases import Release
from catalog.search import Query
from flows import log, wiring
from flows.ingest.alive import alive
from flows.ingest.closing import run_id
from flows.ingest.shown import Bar, tag
from flows.release.build import build
from flows.releasing.names import FLOW
from flows.search.query import of_release
from flows.settings import ReleaseSettings
from flows.silence import silenced
from flows.wiring import HubParts

_SUMS = """\
Release {number} of {permit}: {objects} objects of {studies} studies, {megabytes:.1f} MB

| | |
|---|---:|
| catalogue version | {version} |
| frozen | {frozen} |
| served | {objects} |
| copies of another image in it | {copies} |
| papers | {papers} |
| sealed | {sealed:%Y-%m-%d %H:%M} UTC |
"""


@flow(name=FLOW, flow_run_name="release-{permit_id}", persist_result=False)
def release(  # what may be asked for, each by its own name
    permit_id: str,
    *,
    view: str | None = None,
    laterality: str | None = None,
    holder: str | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    images_only: bool = False,
    with_what_is_there: bool = False,
) -> None:
    """Freeze what a search finds into a permit's release, or go on with what was begun so.

    Of one permit a release is built by one process at a time.
    """
    log.configure()
    with silenced("release", permit=permit_id):
        asked = of_release(
            view=view,
            laterality=laterality,
            holder=holder,
            year_from=year_from,
            year_to=year_to,
            images_only=images_only,
        )
        parts, runs = wiring.hub(), wiring.read(ReleaseSettings).runs
        permit = permits.get(parts.catalogue, permit_id).id
        with alive(runs, run_id()), alive(runs, permit):
            _release(parts, permit, asked, with_what_is_there=with_what_is_there)


def _release(parts: HubParts, permit: str, asked: Query, *, with_what_is_there: bool) -> None:
    tag(permit=permit)
    far = [0, 0]
    bar = Bar(permit, lambda: (far[0], far[1]), what="the release of")

    def progress(done: int, every: int) -> None:
        far[:] = done, every
        bar.look()

    made = build(
        parts,
        permit,
        asked,
        today=datetime.now(UTC).date(),
        with_what_is_there=with_what_is_there,
        progress=progress,
    )
    far[:] = 1, 1
    bar.look(at_once=True)
    create_markdown_artifact(key=f"release-{permit}".lower(), markdown=sums(parts, made))
    log.get().info("release sealed", permit=permit, release=made.number, count=made.instances)


def sums(parts: HubParts, made: Release) -> str:
    """Say in numbers what a sealed release holds."""
    held = releases.contents(parts.catalogue, made.id)
    return _SUMS.format(
        number=made.number,
        permit=made.permit_id,
        objects=held.instances,
        studies=held.studies,
        megabytes=held.size / 1e6,
        version=made.catalogue_version,
        frozen=made.instances,
        copies=releases.copies(parts.catalogue, made.id),
        papers=len(releases.papers(parts.catalogue, made.id)),
        sealed=made.sealed_at,
    )
