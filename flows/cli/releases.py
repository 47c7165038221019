"""`mammo releases …`: what was sealed for a permit, what changed, and where it was delivered."""

import json
from collections import Counter
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import deletions, place
from flows.cli.audit_lines import named
from flows.cli.checked import known
from flows.cli.person import Who, person
from flows.cli.plural import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from catalog.releases import Change
    from catalog.releases.changes import Kind
    from catalog.releases.deliveries import Delivery

app = typer.Typer(help="What was released to a permit.", no_args_is_help=True)

Permit = Annotated[str, typer.Argument(help="The permit's id.")]


@app.command("list")
def list_(permit: Permit) -> None:
    """List a permit's releases, the newest first.

    The catalogue version is the highest revision that the catalogue held then: with the query it
    is the formula by which the cohort was made.

    Example: mammo releases list permit-3f2a9c41
    """
    place.enter("hub")
    from catalog import permits, releases
    from catalog.deletions.standings import standings
    from catalog.erasures.erasing import erased_of
    from catalog.releases import deliveries
    from flows import wiring

    catalogue = wiring.hub().catalogue
    with known(permit):
        permits.get(catalogue, permit)
    moment = datetime.now(UTC)
    for due in standings(catalogue, today=moment.date(), permit_id=permit):
        typer.echo(deletions.line(due, moment))
    built = releases.releases_of(catalogue, permit)
    if not built:
        typer.echo("no release was built yet: mammo release PERMIT")
    for one in built:
        asked = ", ".join(f"{name}={value}" for name, value in one.query.items() if value)
        held = releases.contents(catalogue, one.id)
        gone = erased_of(catalogue, one.id)
        lost = f", {gone} erased since" if gone else ""
        typer.echo(
            f"{one.number:>3} {one.state} {one.frozen_at:%Y-%m-%d %H:%M} catalogue version "
            f"{one.catalogue_version}; {counted(one.instances, 'object')} frozen, "
            f"{held.instances} may be served{lost}, {held.size / 1e6:.1f} MB; {asked}"
        )
    for sent in deliveries.deliveries_of(catalogue, permit):
        typer.echo(_delivered(sent))


def _delivered(one: "Delivery") -> str:
    """Say in a line where a release was delivered, and that it is gone from there."""
    told = f"release {one.number} into {one.bucket} on {one.begun_at:%Y-%m-%d %H:%M} by {one.who}"
    if one.finished_at is None:
        if one.outcome is None:
            return f"{told}: under way, or killed; delivering again goes on"
        return f"{told}: {one.outcome}, {one.ended_as}"
    told += f": {counted(one.objects, 'object')}, {one.bytes / 1e6:.1f} MB"
    return f"{told}; deleted, proof {one.proof_sha256}" if one.deleted_at else told


@app.command()
def diff(
    permit: Permit,
    earlier: Annotated[int, typer.Argument(help="A release's number.")] = 0,
    later: Annotated[int, typer.Argument(help="A later one's; else the newest.")] = 0,
    into: Annotated[Path | None, typer.Option(help="Write the table here, as CSV.")] = None,
) -> None:
    """Tell what changed between two releases of a permit.

    Without numbers, between the newest two; with one, from it to the newest. Removed and held
    objects are told here, and not at the door.

    Example: mammo releases diff permit-3f2a9c41 1 2
    """
    place.enter("hub")
    from catalog import releases
    from catalog.releases.as_text import changes_csv
    from catalog.releases.changes import Kind
    from catalog.vocabulary import ReleaseState
    from flows import wiring

    catalogue = wiring.hub().catalogue
    if not later:
        every = releases.releases_of(catalogue, permit)
        sealed = [one.number for one in every if one.state is ReleaseState.SEALED]
        if len(sealed) < 2:  # noqa: PLR2004 # it takes two to differ
            typer.echo(f"mammo: {permit} has no two sealed releases", err=True)
            raise typer.Exit(1)
        later, earlier = sealed[0], earlier or sealed[1]
    count: Counter[Kind] = Counter()
    with known(permit), into.open("wb") if into else nullcontext() as file:
        found = releases.changes(catalogue, permit, earlier, later, all_of_it=True)
        for line in changes_csv(_counted(found, count)):
            if file is not None:
                file.write(line)
    told = ", ".join(f"{count[kind]} {kind}" for kind in Kind)
    typer.echo(f"{permit}, release {earlier} to {later}: {told}")


def _counted(found: "Iterable[Change]", count: "Counter[Kind]") -> "Iterator[Change]":
    for one in found:
        count[one.kind] += 1
        yield one


Bucket = Annotated[str, typer.Option(help="The secure processing environment's bucket.")]


@app.command()
def deliver(permit: Permit, bucket: Bucket, who: Who = "") -> None:
    """Bring a release into a bucket, whole and verified.

    Its store is that of MAMMO_DELIVERY_…; the bucket is that of an account which the permit names
    (`mammo account add --bucket`). Run it again to go on after a break, and after a recall:
    what may not be served any more is taken away.

    Example: mammo releases deliver permit-3f2a9c41 --bucket spe-7
    """
    place.enter("hub")
    from flows import wiring
    from flows.progress import counting
    from flows.release import delivering
    from flows.release.spe import open_bucket
    from flows.settings import HubSettings

    to = delivering.Place(bucket, open_bucket(bucket))
    me = person(who, HubSettings)
    with known(permit), counting(f"deliver {permit}") as progress:
        done = delivering.deliver(wiring.hub(), permit, to, who=me, progress=progress)
    typer.echo(
        f"{permit} in {bucket}: {counted(done.sent, 'object')} sent, {done.there} there already, "
        f"{done.removed} taken away; {done.size / 1e6:.1f} MB"
    )


@app.command("delete-proof")
def delete_proof(
    permit: Permit,
    bucket: Bucket,
    key: Annotated[Path, typer.Option(help="The hub's Ed25519 key in PEM, 0600: it signs.")],
    into: Annotated[Path, typer.Option(help="Write the proof here, as JSON: a new file.")],
    who: Who = "",
) -> None:
    """Delete what was delivered, and prove that it is gone.

    The permit must have ended. Everything in the bucket below the permit's id is deleted.

    Example: mammo releases delete-proof permit-3f2a9c41 --bucket spe-7 --key order.pem
    --into proof.json
    """
    place.enter("hub")
    from flows import wiring
    from flows.intake.keys import load_key
    from flows.release import deletion
    from flows.release.delivering import Place
    from flows.release.spe import open_bucket
    from flows.settings import HubSettings

    of = Place(bucket, open_bucket(bucket))
    signing, today = load_key(key), datetime.now(UTC).date()
    me = person(who, HubSettings)
    with named(into), known(permit):
        proof = deletion.delete(wiring.hub(), permit, of, signing, into, who=me, today=today)
    gone = len(json.loads(proof["statement"])["deleted"])
    typer.echo(f"{permit} in {bucket}: {counted(gone, 'object')} deleted, proof {proof['sha256']}")
