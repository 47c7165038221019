"""`mammo orders …`: what the hub asks of a region; the region decides."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import place
from flows.cli.person import Who, person

if TYPE_CHECKING:
    from flows.orders.receiving import Orders

app = typer.Typer(help="What the hub asks of a region; the region decides.", no_args_is_help=True)

OrderId = Annotated[str, typer.Argument(help="As `mammo orders list` shows it.")]


def _orders() -> "Orders":
    place.enter("region")
    from flows import wiring
    from flows.errors import SettingsError
    from flows.intake.keys import read_public
    from flows.orders.policy import read_policy
    from flows.orders.receiving import Orders
    from flows.settings import RegionSettings

    settings = wiring.read(RegionSettings)
    if settings.orders_key_file is None or not settings.orders_region:
        message = "MAMMO_REGION_ORDERS_KEY_FILE and MAMMO_REGION_ORDERS_REGION are needed"
        raise SettingsError(message)
    try:
        text = settings.orders_key_file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        message = "the file of MAMMO_REGION_ORDERS_KEY_FILE cannot be read"
        raise SettingsError(message) from None
    policy = read_policy(settings.orders_policy)
    ledger = wiring.region().ledger
    return Orders(ledger, policy, settings.orders_region, read_public(text))


@app.command()
def fetch() -> None:
    """Fetch what the hub has ordered.

    What is no order of the hub's for this region is left.

    Example: mammo orders fetch
    """
    from flows import wiring
    from flows.intake.opening import open_intake
    from flows.settings import RegionSettings

    orders = _orders()
    taken, refused = orders.fetch(open_intake(wiring.read(RegionSettings)))
    typer.echo(f"{taken} new orders, {refused} turned away")


@app.command("list")
def list_() -> None:
    """List the orders that came.

    Example: mammo orders list
    """
    place.enter("region")
    from flows import wiring

    found = wiring.region().ledger.orders.all()
    for one in found:
        said = f"  {one.who}: {one.why}" if one.who else ""
        until = f"until {one.expires_at:%Y-%m-%d}"
        typer.echo(f"{one.id}  {one.kind:10} {one.state:8} {until}{said}")
    if not found:
        typer.echo("the hub has ordered nothing")


@app.command()
def show(order: OrderId) -> None:
    """Show an order as it was signed.

    Example: mammo orders show 6f1c2a9be0d94d0c8c6f5d3e1b7a4820
    """
    place.enter("region")
    from flows import wiring

    typer.echo(wiring.region().ledger.orders.get(order).body)


@app.command()
def accept(order: OrderId, who: Who = "") -> None:
    """Accept an order.

    A delivery becomes a plan, paused: `mammo exports resume` lets it go.

    Example: mammo orders accept 6f1c2a9be0d94d0c8c6f5d3e1b7a4820
    """
    from flows.settings import RegionSettings

    orders = _orders()
    plans = orders.accept(order, who=person(who, RegionSettings))
    typer.echo("accepted")
    for plan in plans:
        typer.echo(f"planned, and paused: {plan}")


@app.command()
def refuse(
    order: OrderId,
    reason: Annotated[str, typer.Option(help="Why; it must name nobody.")],
    who: Who = "",
) -> None:
    """Refuse an order.

    Example: mammo orders refuse 6f1c2a9be0d94d0c8c6f5d3e1b7a4820 --reason "not ours to give"
    """
    from flows.settings import RegionSettings

    orders = _orders()
    orders.refuse(order, who=person(who, RegionSettings), why=reason.strip())
    typer.echo("refused")


@app.command()
def issue(
    region: Annotated[str, typer.Argument(help="The region's id.")],
    kind: Annotated[str, typer.Argument(help="DELIVER, ERASE or HOLD.")],
    studies: Annotated[Path, typer.Argument(help="Study UIDs inside the space, one a line.")],
    key: Annotated[Path, typer.Option(help="The hub's order key (mammo regions make-key).")],
    permit: Annotated[str, typer.Option(help="The permit, for DELIVER.")] = "",
    case: Annotated[str, typer.Option(help="The case's number, but for DELIVER.")] = "",
    days: Annotated[int, typer.Option(min=1, max=400, help="How long it is good for.")] = 30,
    who: Who = "",
) -> None:
    """At the hub: sign an order for a region.

    What is traced back needs two people: mammo finding report, and mammo finding confirm.

    Example: mammo orders issue norr ERASE uids.txt --key order.pem --case 7
    """
    if kind.upper() == "TRACE_BACK":
        message = "two people trace back: mammo finding report, then mammo finding confirm"
        raise typer.BadParameter(message)
    place.enter("hub")
    from catalog.arrivals.records import OrderKind
    from flows import wiring
    from flows.intake.keys import load_key
    from flows.orders.issuing import issue as give
    from flows.settings import HubSettings

    named = {name: told for name, told in (("permit", permit), ("case", case)) if told}
    number = give(
        wiring.hub().catalogue,
        load_key(key),
        region,
        OrderKind(kind.upper()),
        studies.read_text(encoding="ascii").split(),
        named=named,
        days=days,
        who=person(who, HubSettings),
    )
    typer.echo(f"ordered: {number}")
