"""`mammo orders …`: what the hub asks of a region; the region decides."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import cohorts, place
from flows.cli.cohorts import OrderId
from flows.cli.person import Who, person
from flows.cli.plural import counted

if TYPE_CHECKING:
    from catalog.orders.records import CohortOrder
    from flows.orders.receiving import Orders

app = typer.Typer(help="What the hub asks of a region; the region decides.", no_args_is_help=True)
cohorts.add_to(app)


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
    """Fetch the hub's orders, and tell it how they stand.

    What is no order of the hub's for this region is left.

    Example: mammo orders fetch
    """
    from flows import wiring
    from flows.intake.opening import open_intake
    from flows.orders.cohorts import exchange
    from flows.settings import RegionSettings

    orders = _orders()
    with closing(open_intake(wiring.read(RegionSettings))) as intake:
        taken, refused = orders.fetch(intake)
        exchange(wiring.region(), orders.policy, intake)
    typer.echo(f"{counted(taken, 'new order')}, {refused} turned away")


@app.command("list")
def list_() -> None:
    """List the orders: those that came, or at the hub those given.

    Days are counted to the end of the time that EHDS Article 60(2) gives.

    Example: mammo orders list
    """
    lines = [*_here("region", _region_lines), *_here("hub", _hub_lines)]
    if not lines:
        place.enter("region")
    typer.echo("\n".join(line for line in lines if line) or "the hub has ordered nothing")


def _here(side: str, lines: Callable[[], Iterator[str]]) -> list[str]:
    if not place.is_here(side):
        return []
    place.enter(side)
    return [*lines(), ""]


def _region_lines() -> Iterator[str]:
    from catalog.arrivals.records import OrderKind
    from flows import wiring
    from flows.cli.order_lines import region_line

    ledger, today = wiring.region().ledger, datetime.now(UTC).date()
    for cohort_order in ledger.cohort_orders.all():
        yield region_line(cohort_order, today)
    for one in ledger.orders.all():
        if one.kind is not OrderKind.COHORT:
            said = f"  {one.who}: {one.why}" if one.who else ""
            until = f"until {one.expires_at:%Y-%m-%d}"
            yield f"{one.id}  {one.kind:10} {one.state:8} {until}{said}"


def _hub_lines() -> Iterator[str]:
    from catalog.deliveries import orders
    from flows import wiring
    from flows.cli.order_lines import hub_line

    today = datetime.now(UTC).date()
    for one in orders.find_all(wiring.hub().catalogue):
        yield hub_line(one, today)


@app.command()
def show(order: OrderId) -> None:
    """Show an order: in plain words, and as it was signed.

    Example: mammo orders show 6f1c2a9be0d94d0c8c6f5d3e1b7a4820
    """
    place.enter("region")
    from flows import wiring
    from flows.cli.order_lines import in_words, region_line

    ledger = wiring.region().ledger
    kept = ledger.orders.get(order)
    if (cohort_order := _cohort_order(order)) is not None:
        lines = [
            region_line(cohort_order, datetime.now(UTC).date()),
            *in_words(cohort_order.signed),
            "",
        ]
        typer.echo("\n".join(lines))
    typer.echo(kept.body)


def _cohort_order(order: str) -> "CohortOrder | None":
    from catalog.errors import NotFoundError
    from flows import wiring

    try:
        return wiring.region().ledger.cohort_orders.get(order)
    except NotFoundError:
        return None


@app.command()
def accept(
    order: OrderId,
    source: Annotated[str, typer.Option(help="Which source is asked; else the policy's.")] = "",
    protection_source: Annotated[
        str, typer.Option(help="FILTERED_EXPORT or SIDE_TABLE; else the policy's.")
    ] = "",
    who: Who = "",
) -> None:
    """Accept an order.

    A delivery becomes a plan, paused: `mammo exports resume` lets it go.

    Example: mammo orders accept 6f1c2a9be0d94d0c8c6f5d3e1b7a4820
    """
    from flows.settings import RegionSettings

    orders = _orders()
    me = person(who, RegionSettings)
    if _cohort_order(order) is None:
        plans = orders.accept(order, who=me)
    else:
        plans = (cohorts.planned(orders.policy, order, source, protection_source, who=me),)
    typer.echo("accepted")
    for plan in plans:
        typer.echo(f"planned, and paused: {plan}")


@app.command()
def refuse(
    order: OrderId,
    reason: Annotated[str, typer.Option(help="Why; it must name nobody, and stays here.")],
    ground: Annotated[
        str, typer.Option(help="NOT_HELD, NOT_LAWFUL, PROTECTED, TECHNICAL or OTHER: for the hub.")
    ] = "OTHER",
    who: Who = "",
) -> None:
    """Refuse an order.

    Example: mammo orders refuse 6f1c2a9be0d94d0c8c6f5d3e1b7a4820 --reason "not ours to give"
    """
    from catalog.vocabulary import Ground
    from flows import wiring
    from flows.orders import cohorts
    from flows.settings import RegionSettings

    if ground.upper() not in list(Ground):
        message = f"--ground is one of: {', '.join(Ground)}"
        raise typer.BadParameter(message)
    orders, me = _orders(), person(who, RegionSettings)
    if _cohort_order(order) is None:
        orders.refuse(order, who=me, why=reason.strip())
    else:
        told = Ground(ground.upper())
        cohorts.refuse(wiring.region(), order, ground=told, who=me, why=reason.strip())
    typer.echo("refused")


@app.command()
def issue(
    region: Annotated[str, typer.Argument(help="The region's id.")],
    kind: Annotated[str, typer.Argument(help="DELIVER or ERASE.")],
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
    from catalog.arrivals.records import OrderKind

    if kind.upper() not in {OrderKind.DELIVER, OrderKind.ERASE}:
        message = "KIND is DELIVER or ERASE; what is held in a region is the region's to hold"
        raise typer.BadParameter(message)
    place.enter("hub")
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
