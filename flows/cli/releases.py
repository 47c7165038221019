"""`mammo releases …`: what was sealed for a permit, what changed, and where it was delivered."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import place
from flows.cli.audit_lines import named
from flows.cli.checked import known
from flows.cli.person import Who, person
from flows.cli.plural import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from catalog.deletions.ended import Deletion
    from catalog.releases import Change
    from catalog.releases.changes import Kind

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
    from catalog.deletions.ended import deletions
    from catalog.erasures.erasing import erased_of
    from flows import wiring

    catalogue = wiring.hub().catalogue
    with known(permit):
        permits.get(catalogue, permit)
    today = datetime.now(UTC).date()
    for due in deletions(catalogue, today=today, permit_id=permit):
        typer.echo(_due(due, today))
    for one in releases.releases_of(catalogue, permit):
        asked = ", ".join(f"{name}={value}" for name, value in one.query.items() if value)
        held = releases.contents(catalogue, one.id)
        gone = erased_of(catalogue, one.id)
        lost = f", {gone} erased since" if gone else ""
        typer.echo(
            f"{one.number:>3} {one.state} {one.frozen_at:%Y-%m-%d %H:%M} catalogue version "
            f"{one.catalogue_version}; {counted(one.instances, 'object')} frozen, "
            f"{held.instances} may be served{lost}, {held.size / 1e6:.1f} MB; {asked}"
        )


def _due(one: "Deletion", today: date) -> str:
    """Say in a line what an environment must delete, or has deleted."""
    if one.confirmed_at is not None:
        told = f"confirmed by {one.confirmed_by} on {one.confirmed_at:%Y-%m-%d %H:%M}"
    else:
        told = f"{'LATE: ' if one.is_late(today) else ''}not confirmed"
    return f"{one.permit_id} is over: {one.environment} deletes by {one.due}; {told}"


@app.command()
def due() -> None:
    """List what environments must delete of ended permits.

    By when, and who confirmed it. The exit code is 1 if a day has passed and nobody confirmed.

    Example: mammo releases due
    """
    place.enter("hub")
    from catalog.deletions.ended import deletions
    from flows import wiring

    today = datetime.now(UTC).date()
    found = deletions(wiring.hub().catalogue, today=today)
    typer.echo("\n".join(_due(one, today) for one in found) or "nothing is due")
    if any(one.is_late(today) for one in found):
        raise typer.Exit(1)


@app.command()
def deleted(
    permit: Permit,
    environment: Annotated[str, typer.Argument(help="The environment's account, or a bucket.")],
    who: Who = "",
) -> None:
    """Confirm that an environment has deleted its data.

    That is what it had of a permit that ended. Who says so, and when, is written down. Of a bucket
    that we deliver into, `delete-proof` does it by itself.

    Example: mammo releases deleted permit-3f2a9c41 spe-7
    """
    place.enter("hub")
    from catalog.deletions.ended import confirm
    from catalog.errors import NotFoundError
    from flows import wiring
    from flows.settings import HubSettings

    me, today = person(who, HubSettings), datetime.now(UTC).date()
    try:
        done = confirm(wiring.hub().catalogue, permit, environment, who=me, today=today)
    except NotFoundError:
        typer.echo(f"mammo: {environment} has nothing to delete of {permit}", err=True)
        raise typer.Exit(1) from None
    typer.echo(_due(done, today))


@app.command()
def diff(
    permit: Permit,
    earlier: Annotated[int, typer.Argument(help="A release's number.")] = 0,
    later: Annotated[int, typer.Argument(help="A later one's; else the newest.")] = 0,
    into: Annotated[Path | None, typer.Option(help="Write the table here, as CSV.")] = None,
) -> None:
    """Tell what changed between two releases of a permit.

    Without numbers, between the newest two; with one, from it to the newest. Held objects are
    told here, and not at the door.

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

    Its store is that of MAMMO_DELIVERY_…. Run it again to go on after a break, and after a recall:
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
    today = datetime.now(UTC).date()
    me = person(who, HubSettings)
    with known(permit), counting(f"deliver {permit}") as progress:
        done = delivering.deliver(wiring.hub(), permit, to, who=me, today=today, progress=progress)
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
    from flows.files.private_file import write_private
    from flows.intake.keys import load_key
    from flows.release import deletion
    from flows.release.delivering import Place
    from flows.release.spe import open_bucket
    from flows.settings import HubSettings

    of = Place(bucket, open_bucket(bucket))
    signing, today = load_key(key), datetime.now(UTC).date()
    me, proof = person(who, HubSettings), dict[str, str]()

    def proven() -> Iterator[bytes]:
        proof.update(deletion.delete(wiring.hub(), permit, of, signing, who=me, today=today))
        yield f"{json.dumps(proof, ensure_ascii=False, indent=1)}\n".encode()

    with named(into), known(permit):
        write_private(into, proven())  # made first: what is deleted is proven once
    gone = len(json.loads(proof["statement"])["deleted"])
    typer.echo(f"{permit} in {bucket}: {counted(gone, 'object')} deleted, proof {proof['sha256']}")
