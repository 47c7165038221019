"""`mammo sources`: the PACS, DICOMweb services and folders that a region's studies come from."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli import place

app = typer.Typer(
    no_args_is_help=True,
    help="PACS, folders and pushes that studies come from.",
    rich_markup_mode=None,
)

Name = Annotated[
    str,
    typer.Argument(help="What the source is called here.", show_default=False),
]


@app.command()
def add(
    name: Name,
    file: Annotated[
        Path, typer.Argument(help="What it is: a TOML file (docs/exports.md has some).")
    ],
) -> None:
    """Enter a source, or change the one of that name.

    Nothing is asked of it yet.

    Example: mammo sources add sectra pacs.toml
    """
    import tomllib

    from flows import wiring
    from flows.errors import SourceError
    from flows.exports.pushed import require_own
    from flows.sources.definition import describe

    place.enter("region")
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        message = "there is no file of that name; docs/exports.md has one to copy"
        raise SourceError(message) from None
    except (OSError, ValueError):
        message = "the file cannot be read as TOML; docs/exports.md has one to copy"
        raise SourceError(message) from None
    ledger, known = wiring.region().ledger, describe(name, told)
    require_own(ledger, known)
    is_new = ledger.plans.set_source(known)
    typer.echo(f"{name} {'entered' if is_new else 'changed'}; try it: mammo sources test {name}")


@app.command("list")
def list_() -> None:
    """List the sources of this region.

    Example: mammo sources list
    """
    from flows import wiring

    place.enter("region")
    entered = wiring.region().ledger.plans.sources()
    for known in entered:
        typer.echo(f"{known.name:20} {known.kind.value}")
    if not entered:
        typer.echo("no source is entered; enter one: mammo sources add NAME FILE")


@app.command()
def remove(name: Name) -> None:
    """Forget a source that no plan refers to.

    Example: mammo sources remove sectra
    """
    from flows import wiring

    place.enter("region")
    wiring.region().ledger.plans.remove_source(name)
    typer.echo(f"{name} removed")


@app.command()
def test(name: Name) -> None:
    """Try a source, step by step.

    Says what its administrator has to enter, then connects, asks, and fetches one object.
    The exit code is 1 if a step fails.

    Example: mammo sources test sectra
    """
    from flows import wiring
    from flows.sources.landing import Landing
    from flows.sources.opening import prove, to_enter

    place.enter("region")
    parts = wiring.region()
    known = parts.ledger.plans.source(name)
    for line in to_enter(known):
        typer.echo(line)
    well = True
    for step in prove(known, Landing(parts.landing)):
        typer.echo(f"{'ok  ' if step.ok else 'FAIL'}  {step.name}: {step.told}")
        well = well and step.ok
    if not well:
        raise typer.Exit(1)
