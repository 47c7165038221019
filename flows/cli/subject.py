"""`mammo subject …`: one woman who has been two Subjects."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import place
from flows.cli.person import Who, person

app = typer.Typer(help="One woman who has been two Subjects.", no_args_is_help=True)


@app.command()
def merge(
    numbers: Annotated[
        Path | None,
        typer.Option(
            "--list", help="A CSV file: reserve,personnummer[,issuer]. Without it, they are asked."
        ),
    ] = None,
    issuer: Annotated[
        str, typer.Option(help="Who issued the reserve numbers, as the PACS names them.")
    ] = "",
    who: Who = "",
) -> None:
    """Join what is known under a reserve number with what is known under a personnummer.

    The numbers are asked for, or read from a file: never given on the command line, where shells
    and process lists keep them. They stay in this region; the catalogue learns two pseudonyms.

    Example: mammo subject merge --list changed.csv --issuer "Region Norr"
    """
    place.enter("region")
    from flows import wiring
    from flows.people import protection
    from flows.people.merging import Merged, Merging, merge_pairs, pair, read_pairs
    from flows.settings import RegionSettings

    if numbers is not None:
        pairs = read_pairs(numbers, issuer=issuer)
    else:
        reserve = typer.prompt("Reserve number", hide_input=True)
        became = typer.prompt("Personnummer, twelve digits", hide_input=True)
        pairs = (pair(reserve, became, issuer),)
    parts = wiring.region()

    def tell(done: Merged) -> None:
        typer.echo(f"{done.old} → {done.new}  {done.merging}")

    done = merge_pairs(
        pairs,
        parts.keys,
        parts.publisher,
        protection.of_region(),
        who=person(who, RegionSettings),
        told=tell,
    )
    counts = Counter(one.merging for one in done)
    typer.echo(", ".join(f"{counts[one]} {one}" for one in Merging))
    if counts[Merging.UNKNOWN]:
        typer.echo("unknown: nothing is published under one of the two; run it again when there is")
    if counts[Merging.CONFLICT]:
        typer.echo("conflict: an earlier merge says otherwise; a person has to look", err=True)
        raise typer.Exit(1)
