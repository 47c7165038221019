"""`mammo orders …` of orders by criteria: asked by permits, signed and prolonged at the hub."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import place
from flows.cli.checked import known
from flows.cli.person import Who, person
from flows.cli.plural import counted

if TYPE_CHECKING:
    from flows.orders.policy import Policy

OrderId = Annotated[str, typer.Argument(help="As `mammo orders list` shows it.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (ask, sign, extend, done):
        app.command()(command)


def ask(
    permit: Annotated[str, typer.Argument(help="The permit's id.")],
    who: Who = "",
) -> None:
    """At the hub: ask holders that a permit did not ask yet.

    A permit asks by itself as it is granted; this is for holders that deliver on permit since.

    Example: mammo orders ask permit-3f2a9c41
    """
    place.enter("hub")
    from catalog.deliveries import orders
    from flows import wiring
    from flows.settings import HubSettings

    with known(permit):
        new = orders.ask_again(wiring.hub().catalogue, permit, who=person(who, HubSettings))
    typer.echo(f"{counted(new, 'new order')}; next: mammo orders sign")


def sign(
    key: Annotated[Path, typer.Option(help="The hub's order key (mammo regions make-key).")],
    who: Who = "",
) -> None:
    """At the hub: sign what permits ask holders for.

    From then on the holder has three months (EHDS Article 60(2)).

    Example: mammo orders sign --key order.pem
    """
    place.enter("hub")
    from flows import wiring
    from flows.intake.keys import load_key
    from flows.orders.issuing import sign_waiting
    from flows.settings import HubSettings

    signed = sign_waiting(wiring.hub().catalogue, load_key(key), who=person(who, HubSettings))
    for one in signed:
        typer.echo(f"ordered: {one}")
    if not signed:
        typer.echo("nothing waits to be signed")


def extend(
    order: OrderId,
    reason: Annotated[str, typer.Option(help="Why that is justified; it is kept.")],
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The last day; three months more, unless said."),
    ] = None,
    who: Who = "",
) -> None:
    """At the hub: give a holder more time, once.

    Three months at most (EHDS Article 60(2)). The region learns it with its next fetch.

    Example: mammo orders extend 6f1c2a9be0d94d0c8c6f5d3e1b7a4820 --reason "the archive is moved"
    """
    place.enter("hub")
    from catalog.calendar import months_later
    from catalog.deliveries import orders
    from catalog.deliveries.records import MONTHS
    from flows import wiring
    from flows.settings import HubSettings

    engine, me = wiring.hub().catalogue, person(who, HubSettings)
    with known(order):
        due = orders.get(engine, order).due_on or datetime.now(UTC).date()
        last: date = months_later(due, MONTHS) if until is None else until.date()
        orders.prolong(engine, order, last, why=reason, who=me)
    typer.echo(f"due {last}")


def done(order: OrderId) -> None:
    """In the region: say that an order is fulfilled.

    Of a plan that asks a PACS that is seen by itself; of an export folder only people know.

    Example: mammo orders done 6f1c2a9be0d94d0c8c6f5d3e1b7a4820
    """
    place.enter("region")
    from flows import wiring
    from flows.cli.order_lines import in_numbers
    from flows.orders.cohorts import finish

    with known(order):
        counts = finish(wiring.region(), order)
    typer.echo(f"done: {in_numbers(counts)}; the hub is told with: mammo orders fetch")


def planned(policy: "Policy", order: str, source: str, knowledge: str, *, who: str) -> str:
    """Accept an order by what was typed, or else by the policy; give the plan's id."""
    from catalog.vocabulary import ProtectionSource
    from flows import wiring
    from flows.orders.cohorts import accept

    if knowledge.upper() not in {"", *ProtectionSource}:
        message = f"--protection-source is one of: {', '.join(ProtectionSource)}"
        raise typer.BadParameter(message)
    chosen = ProtectionSource(knowledge.upper()) if knowledge else policy.protection_source
    return accept(
        wiring.region(),
        order,
        who=who,
        source=source or policy.source,
        protection_source=chosen,
    )
