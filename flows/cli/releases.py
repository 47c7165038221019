"""`mammo releases …`: what was sealed for a permit, and what changed."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import place
from flows.cli.checked import known
from flows.cli.plural import counted

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
    from flows import wiring

    catalogue = wiring.hub().catalogue
    with known(permit):
        permits.get(catalogue, permit)
    for one in releases.releases_of(catalogue, permit):
        asked = ", ".join(f"{name}={value}" for name, value in one.query.items() if value)
        held = releases.contents(catalogue, one.id)
        typer.echo(
            f"{one.number:>3} {one.state} {one.frozen_at:%Y-%m-%d %H:%M} catalogue version "
            f"{one.catalogue_version}; {counted(one.instances, 'object')} frozen, "
            f"{held.instances} may be served, {held.size / 1e6:.1f} MB; {asked}"
        )


@app.command()
def diff(
    permit: Permit,
    earlier: Annotated[int, typer.Argument(help="A release's number.")] = 0,
    later: Annotated[int, typer.Argument(help="A later one's.")] = 0,
    into: Annotated[Path | None, typer.Option(help="Write the table here, as CSV.")] = None,
) -> None:
    """Tell what changed between two releases of a permit.

    Without numbers, between the newest two. Held objects are told here, and not at the door.

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
        later, earlier = sealed[:2]
    with known(permit):
        found = releases.changes(catalogue, permit, earlier, later, all_of_it=True)
    count = Counter(one.kind for one in found)
    told = ", ".join(f"{count[kind]} {kind}" for kind in Kind)
    typer.echo(f"{permit}, release {earlier} to {later}: {told}")
    if into is not None:
        into.write_bytes(b"".join(changes_csv(found)))
