"""`mammo subject …`: one woman who has been two Subjects."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import place
from flows.cli.person import Who, person

if TYPE_CHECKING:
    from flows.people.merging import Pair

app = typer.Typer(help="One woman who has been two Subjects.", no_args_is_help=True)


Numbers = Annotated[
    Path | None,
    typer.Option(
        "--list", help="A CSV file: reserve,personnummer[,issuer]. Without it, they are asked."
    ),
]
Issuer = Annotated[
    str, typer.Option(help="Who issued the reserve numbers, as the PACS names them.")
]


@app.command()
def merge(
    numbers: Numbers = None,
    issuer: Issuer = "",
    who: Who = "",
) -> None:
    """Join a reserve number with its personnummer.

    The numbers are asked for, or read from a file: never given on the command line, where shells
    and process lists keep them. They stay in this region; the catalogue learns two pseudonyms.

    Example: mammo subject merge --list changed.csv --issuer "Region Norr"
    """
    place.enter("region")
    from flows import wiring
    from flows.people import protection
    from flows.people.merging import Merged, Merging, merge_pairs, read_pairs
    from flows.settings import RegionSettings

    pairs = _asked(issuer) if numbers is None else read_pairs(numbers, issuer=issuer)
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
    if counts[Merging.MERGED]:
        typer.echo("what waits as a conflict comes in with: mammo exports again ACCESSION")
    if counts[Merging.UNKNOWN]:
        typer.echo("unknown: nothing is published under one of the two; run it again when there is")
    if counts[Merging.CONFLICT]:
        typer.echo("conflict: an earlier merge says otherwise; a person has to look", err=True)
        raise typer.Exit(1)


def _asked(issuer: str) -> "tuple[Pair, ...]":
    from flows.people.merging import pair

    reserve = typer.prompt("Reserve number", hide_input=True)
    became = typer.prompt("Personnummer, twelve digits", hide_input=True)
    return (pair(reserve, became, issuer),)
