"""`mammo hold …`: what may not be served, and a person who lifts that."""

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import place
from flows.cli.person import Who, person

if TYPE_CHECKING:
    from catalog.holds import Hold, HoldTarget

app = typer.Typer(help="What may not be served; only a person lifts it.", no_args_is_help=True)


@app.command("list")
def list_(
    *,
    every: Annotated[bool, typer.Option("--all", help="those that were lifted, too")] = False,
) -> None:
    """List the Holds in force, with their numbers.

    Whom they stop is shown shortened.

    Example: mammo hold list --all
    """
    place.enter("hub")
    from catalog.holds import list_holds
    from flows import wiring

    found = list_holds(wiring.hub().catalogue, lifted=every)
    if found:
        typer.echo(f"{'hold':>6} {'kind':9} {'scope':8} whom, since when, by whom: why")
    for one in found:
        typer.echo(_row(one))
    if not found:
        typer.echo("nothing is held")


@app.command()
def lift(
    number: Annotated[int, typer.Argument(help="The Hold's, as `mammo hold list` shows it.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept, and must name nobody.")],
    who: Who = "",
) -> None:
    """Lift a Hold.

    What it stopped can be found, released and served again at once.

    Example: mammo hold lift 12 --reason "no longer protected, case 7/2026"
    """
    if not reason.strip():
        message = "say why"
        raise typer.BadParameter(message)
    place.enter("hub")
    from catalog.errors import NotFoundError
    from catalog.holds import lift as end
    from flows import wiring
    from flows.settings import HubSettings

    lifter = person(who, HubSettings)
    try:
        lifted = end(wiring.hub().catalogue, number, who=lifter, reason=reason.strip())
    except NotFoundError:
        typer.echo(f"mammo: there is no hold {number}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"hold {number} is lifted" if lifted else f"hold {number} was lifted already")


def _row(one: "Hold") -> str:
    row = (
        f"{one.id:6} {one.kind:9} {one.target.scope:8} {_shortened(one.target)}  "
        f"{one.placed_at:%Y-%m-%d} {one.placed_by}: {one.reason}"
    )
    if one.lifted_at is not None:
        row += f"; {one.lifted_at:%Y-%m-%d} lifted by {one.lifted_by}: {one.lift_reason}"
    return row


def _shortened(target: "HoldTarget") -> str:
    from catalog.vocabulary import HoldScope
    from flows.people.merging import shortened

    return target.value if target.scope is HoldScope.REVISION else shortened(target.value)
