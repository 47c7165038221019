"""`mammo release`: a permit's release."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from flows.cli import place
from flows.cli.checked import known
from flows.cli.plural import counted
from flows.cli.searching import HolderId, ImagesOnly, Laterality, View, YearFrom, YearTo


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(release)


def release(
    permit: Annotated[str, typer.Argument(help="The permit's id.")],
    view: View = None,
    laterality: Laterality = None,
    holder: HolderId = None,
    year_from: YearFrom = None,
    year_to: YearTo = None,
    *,
    images_only: ImagesOnly = False,
    with_what_is_there: Annotated[
        bool,
        typer.Option("--with-what-is-there", help="though holders have yet to deliver for it"),
    ] = False,
) -> None:
    """Freeze what a search finds into a permit's release.

    A query that names a view or a side finds images only.

    Example: mammo release permit-3f2a9c41 --view CC
    """
    place.enter("hub")
    from catalog.releases import contents
    from flows import wiring
    from flows.release.build import build
    from flows.search.query import query

    wanted = query(
        view=view,
        laterality=laterality,
        holder=holder,
        exam_year_from=year_from,
        exam_year_to=year_to,
    )
    wanted = replace(wanted, companions=not images_only)
    with known(permit):
        made = build(
            wiring.hub(),
            permit,
            wanted,
            today=datetime.now(UTC).date(),
            with_what_is_there=with_what_is_there,
        )
    held = contents(wiring.hub().catalogue, made.id)
    typer.echo(
        f"release {made.number} of {permit}"
        + (f" replaces {made.number - 1}" if made.number > 1 else "")
        + f": {counted(held.instances, 'object')} of {counted(held.studies, 'study', 'studies')}, "
        f"{held.size / 1e6:.1f} MB; the access API has it at /releases/{permit}"
    )
