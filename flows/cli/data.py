"""`mammo ingest|resume|trace`: what comes in, and what became of it."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli import place


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (ingest, resume, trace):
        app.command()(command)


def ingest(
    holder: Annotated[str, typer.Argument(help="The care provider's id, as in the catalogue.")],
    path: Annotated[Path, typer.Argument(help="The export: a folder or a ZIP archive.")],
    decision: Annotated[
        Path | None,
        typer.Option(help="The holder's disclosure decision, a TOML file; see docs/operator.md."),
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=0, help="Instances the export claims; counted if not given.")
    ] = None,
) -> None:
    """Ingest an export: de-identify it, store it, catalogue it.

    The export is read in place. Without a disclosure decision it is refused. Running it again
    stores nothing twice.

    Example: mammo ingest osterskog /mnt/export/2026-11 --decision decision.toml --count 412
    """
    place.enter("region")
    from flows.exports import registry

    export_id = registry.register(holder, path, decision=decision, claimed=count)
    typer.echo(f"export {export_id}")
    _run(export_id)


def resume(
    export: Annotated[
        str, typer.Argument(help="An export's id, as `mammo exports list` gives it.")
    ],
) -> None:
    """Go on with an export that did not finish.

    What has its outcome keeps it.

    Example: mammo resume 20261122-5f0c9a1e
    """
    place.enter("region")
    from catalog.errors import NotFoundError
    from flows import wiring

    try:
        wiring.region().ledger.export(export)
    except NotFoundError:
        typer.echo("mammo: there is no such export; `mammo exports list` gives them", err=True)
        raise typer.Exit(1) from None
    _run(export)


def _run(export_id: str) -> None:
    # Prefect reads its settings when it is first imported: not before they are entered.
    from flows import wiring
    from flows.cli.ingest_lines import follow
    from flows.ingest.watch import run_and_watch

    follow(export_id, wiring.region(), run_and_watch)


def trace(
    accession: Annotated[str, typer.Argument(help="An accession number as the PACS has it.")],
    issuer: Annotated[str, typer.Option(help="Who issued it, where the PACS says so.")] = "",
) -> None:
    """Tell what became of every file of an accession number.

    It is told from the region's own ledger, and so is why a plan left the study out.

    Example: mammo trace SEOST2019001234
    """
    place.enter("region")
    from flows import wiring
    from flows.cli.trace_lines import trace_lines

    lines = trace_lines(wiring.region().ledger, accession, issuer)
    if not lines:
        typer.echo("the ledger knows nothing of that accession number; has it an --issuer?")
        raise typer.Exit(1)
    for line in lines:
        typer.echo(line)
