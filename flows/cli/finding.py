"""`mammo finding …`: a significant finding on its way to her clinic (EHDS Article 58(3))."""

from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import place
from flows.cli.person import Who, person

app = typer.Typer(
    help="A significant finding on its way to her clinic (EHDS Article 58(3)).",
    no_args_is_help=True,
)

Number = Annotated[int, typer.Argument(help="The finding's, as `mammo finding list` shows it.")]


@app.command()
def report(
    permit: Annotated[str, typer.Argument(help="Under which it was found.")],
    release_uid: Annotated[
        str, typer.Argument(help="Study or SOP Instance UID as the release names it.")
    ],
    reason: Annotated[str, typer.Option(help="What was found; it must name nobody.")],
    who: Who = "",
) -> None:
    """At the hub: enter what a researcher found.

    Nobody is asked anything until a second person confirms it.

    Example: mammo finding report permit-1f2e3d4c 2.25.1234 --reason "suspicious mass, left"
    """
    place.enter("hub")
    from catalog.findings import findings
    from flows import wiring
    from flows.settings import HubSettings

    if not reason.strip():
        message = "say what was found"
        raise typer.BadParameter(message)
    made = findings.report(
        wiring.hub().catalogue,
        permit,
        release_uid,
        reason=reason.strip(),
        who=person(who, HubSettings),
    )
    typer.echo(f"finding {made.id} is entered; another person confirms it:")
    typer.echo(f"  mammo finding confirm {made.id} --key order.pem")


@app.command()
def confirm(
    number: Number,
    key: Annotated[Path, typer.Option(help="The hub's order key (mammo regions make-key).")],
    who: Who = "",
) -> None:
    """At the hub: confirm a finding as a second person.

    The order to the region is signed. The hub never learns who she is.

    Example: mammo finding confirm 1 --key order.pem
    """
    place.enter("hub")
    from flows import wiring
    from flows.intake.keys import load_key
    from flows.orders.finding import confirm as sign
    from flows.settings import HubSettings

    mine = person(who, HubSettings)
    made = sign(wiring.hub().catalogue, load_key(key), number, who=mine)
    typer.echo(f"finding {made.id} is confirmed: order {made.order} waits for region {made.region}")


@app.command("list")
def list_() -> None:
    """At the hub: list the findings, the oldest first.

    Example: mammo finding list
    """
    place.enter("hub")
    from catalog.findings import findings
    from flows import wiring

    found = findings.every(wiring.hub().catalogue)
    for one in found:
        after = f"order {one.order} to {one.region}, {one.confirmed_by}" if one.order else "waits"
        when = f"{one.reported_at.astimezone(UTC):%Y-%m-%d}"
        typer.echo(f"{one.id:5} {when} {one.permit_id} {one.reported_by}: {one.reason}; {after}")
    if not found:
        typer.echo("nothing was found")


@app.command()
def show(
    order: Annotated[str, typer.Argument(help="As `mammo orders list` shows it.")],
    who: Who = "",
) -> None:
    """In the region: tell where an accepted order leads.

    The accession number is given, and who asks is recorded. Before anybody tells her: she may have
    said that she does not want to know (Article 58(3)); her clinic knows, and decides.

    Example: mammo finding show 6f1c2a9be0d94d0c8c6f5d3e1b7a4820
    """
    place.enter("region")
    from flows import wiring
    from flows.orders.finding import trace
    from flows.settings import RegionSettings

    found = trace(wiring.region().ledger, order, who=person(who, RegionSettings))
    for holder, numbers in sorted(found.items()):
        for number in sorted(numbers):
            typer.echo(f"{holder}  {number}")
    if not any(found.values()):
        typer.echo("the ledger does not know it any more (MAMMO_REGION_LEDGER_DAYS)", err=True)
        raise typer.Exit(1)
