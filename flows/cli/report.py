"""`mammo report`: what became of an export, as a page to keep or to show."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli import place


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(report)


def report(
    export: Annotated[
        str, typer.Argument(help="An export's id, as `mammo exports list` gives it.")
    ],
    to: Annotated[
        Path | None, typer.Option(help="The page to write; EXPORT.html if not given.")
    ] = None,
) -> None:
    """Write what became of an export as a page.

    It has outcomes, sums, reasons and versions, and no name.

    Example: mammo report 20261122-5f0c9a1e --to report.html
    """
    place.enter("region")
    from catalog.errors import NotFoundError
    from flows import wiring
    from flows.deidentifier import load
    from flows.exports.report import write_page
    from flows.settings import RegionSettings

    path = to or Path(f"{export}.html")
    region = wiring.region()
    versions = load(region.keys, wiring.read(RegionSettings).profile).versions
    try:
        write_page(region.ledger, export, path, versions)
    except NotFoundError:
        typer.echo("mammo: there is no such export; `mammo exports list` gives them", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{path} says what became of the export; it names nobody")
