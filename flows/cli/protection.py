"""`mammo protection …`: who has a protected identity, and whose records are blocked."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import place
from flows.cli.plural import counted

app = typer.Typer(
    help="The side table of protected identities and blocked records.", no_args_is_help=True
)


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV: identifier, protected, blocked, and issuer if needed.")
    ],
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day the file was made; today if not given."),
    ] = None,
) -> None:
    """Enter whose identity is protected or records blocked.

    The table keeps keyed hashes and no identity. Whoever is flagged now and published already is
    held at the hub at once; only a person lifts that. Nothing in the file is repeated here.

    Example: mammo protection import flags.csv --as-of 2026-11-22
    """
    place.enter("region")
    from flows import wiring
    from flows.people import protection
    from flows.people.side_table import import_file

    today = protection.today()
    done = import_file(
        wiring.region(),
        protection.of_region(),
        file,
        as_of=today if as_of is None else as_of.date(),
        today=today,
    )
    persons = counted(done.persons, "person")
    typer.echo(f"{persons}, {done.taken} entered (the others have a newer word)")
    typer.echo(f"protected {done.protected}, blocked {done.blocked}, unknown {done.unknown}")
    typer.echo(f"holds placed on what is published: {done.holds}")


@app.command()
def status() -> None:
    """Tell whom the side table knows: numbers and age.

    Example: mammo protection status
    """
    place.enter("region")
    from flows.people import protection

    known, today = protection.of_region(), protection.today()
    found = known.table.status(since=known.first_day(today))
    typer.echo(f"persons    {found.persons}")
    typer.echo(f"protected  {found.protected}")
    typer.echo(f"blocked    {found.blocked}")
    typer.echo(f"unknown    {found.unknown}")
    typer.echo(f"too old    {found.stale}  (more than {known.days} days: counts as unknown)")
    typer.echo(f"holds due  {found.due}  (import the same file again to place them)")
    if found.oldest is not None:
        typer.echo(f"as of      {found.oldest} to {found.newest}")
