"""`mammo exports rescan|moved`: what a PACS changed after studies came in."""

from typing import Annotated

import typer

from flows.cli import place

PlanId = Annotated[str, typer.Argument(help="A plan's id, as `mammo exports list` gives it.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (rescan, moved, again):
        app.command()(command)


def rescan(
    plan: PlanId,
    days: Annotated[
        int, typer.Option(min=0, help="Study dates so many days back; 0 is as the plan says.")
    ] = 0,
) -> None:
    """Ask the source what it has now of studies that came in.

    What is late is fetched, what is gone is held.

    What is gone is held at the second look, a day or more after the first.

    Example: mammo exports rescan p-5f0c9a1e --days 30
    """
    place.enter("region")
    from flows import wiring
    from flows.cli.plan_lines import rescan_lines

    for line in rescan_lines(wiring.region(), plan, days):
        typer.echo(line)


def moved(
    accession: Annotated[str, typer.Argument(help="An accession number as the PACS has it.")],
    issuer: Annotated[str, typer.Option(help="Who issued it, where the PACS says so.")] = "",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    who: Annotated[str, typer.Option(help="Only in development: who says so.")] = "",
) -> None:
    """Hold a study that the PACS moved to another patient.

    It is fetched again in the next night, and becomes the other patient's; the Holds stay.

    Example: mammo exports moved SEOST2019001234
    """
    place.enter("region")
    from flows import wiring
    from flows.cli.deciding import me
    from flows.exports.moving import hold_moved, published, walk_again

    parts = wiring.region()
    found = len(published(parts, accession, issuer))
    if not found:
        typer.echo("nothing is published of that accession number")
        raise typer.Exit(1)
    if not yes:
        typer.confirm(f"Hold {found} instances as corrected?", abort=True)
    done = hold_moved(parts, accession, issuer, who=me(who))
    typer.echo(f"{done.held} of {done.instances} instances of {done.studies} studies held now")
    _tell_again(walk_again(parts, accession, issuer))
    typer.echo("mammo hold list shows them; a person lifts a Hold with mammo hold lift")


def again(
    accession: Annotated[str, typer.Argument(help="An accession number as the PACS has it.")],
    issuer: Annotated[str, typer.Option(help="Who issued it, where the PACS says so.")] = "",
) -> None:
    """Fetch and walk a study again.

    After mammo subject merge, what came as a conflict comes in so.

    Example: mammo exports again SEOST2019001234
    """
    place.enter("region")
    from flows import wiring
    from flows.exports.moving import walk_again

    plans = walk_again(wiring.region(), accession, issuer)
    _tell_again(plans)
    if not plans:
        raise typer.Exit(1)


def _tell_again(plans: tuple[str, ...]) -> None:
    if not plans:
        typer.echo("no plan can ask for it again: let its source deliver it once more")
    for plan in plans:
        typer.echo(f"it comes again in the next night; at once with: mammo exports run {plan}")
