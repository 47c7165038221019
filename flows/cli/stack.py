"""`mammo up|down|reset|status|metrics|demo`: the local stack, and how the region does."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import place
from infra.endpoints import Endpoints
from infra.errors import StateError
from infra.sides import REGION
from infra.stack import PartStatus, Stack
from infra.two_sides import TwoSides, side_of, stack_in

if TYPE_CHECKING:
    from datetime import datetime

    from flows.status.region import RegionStatus

APART = (
    "the demonstration needs both sides in one: set MAMMO_STATE to another folder, or mammo reset"
)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (demo, up, down, reset, status, metrics):
        app.command()(command)


def demo(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Stop the stack at the end, and exit.")
    ] = False,
) -> None:
    """Start everything and run the whole walk on real mammograms.

    Two invented care providers export real films with invented identities; they are ingested,
    searched, released under a development permit and downloaded as a researcher would.

    Example: mammo demo --once
    """
    from rich.console import Console

    console = Console(highlight=False)
    stack = stack_in(place.state())
    if isinstance(stack, TwoSides):
        raise StateError(APART)
    console.rule("1. Start the stack", align="left")
    ran = any(part.pid for part in stack.status())
    try:
        stack.up(lambda line: console.print(f"  {line}"))
        place.enter("region")
        place.enter("hub")
        # Prefect reads its settings when it is first imported: not before they are entered.
        from flows.demo.walk import run

        run(stack, console, login=None if once else login_file())
    finally:
        if ran:
            console.print("the stack ran before, and is left running; `mammo down` stops it")
        else:
            console.print("stopping the stack …")
            stack.down()
            console.print("stopped; `mammo up` starts it again, `mammo reset` forgets it")


def up(
    *,
    two_sides: Annotated[
        bool, typer.Option("--two-sides", help="Region and hub apart, each with its own servers.")
    ] = False,
) -> None:
    """Start the local stack, or what of it does not run.

    Its state lies in `var` of the folder you stand in, or in MAMMO_STATE. A stack that was begun
    with two sides stays so.

    Example: mammo up
    """
    stack = stack_in(place.state(), two_sides=two_sides)
    endpoints = stack.up(typer.echo)
    if isinstance(stack, Stack):
        print_endpoints(endpoints, "region")
        _print_region(endpoints)
        return
    print_endpoints(endpoints, "hub-prefect")
    typer.echo(f"intake         {endpoints.intake}   (region {REGION})")
    theirs = stack.region.endpoints
    typer.echo(f"region Prefect {theirs.prefect}   (its login: {login_file('region')})")
    _print_region(theirs)


def down() -> None:
    """Stop the local stack; what it stored stays.

    Example: mammo down
    """
    place.require_stack()
    stack_in(place.state()).down(typer.echo)
    typer.echo("stopped")


def reset(*, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Stop the local stack and forget all, keys too.

    Example: mammo reset --yes
    """
    where = place.state()
    if not where.exists():
        typer.echo("there is nothing to forget")
        return
    if not yes:
        typer.confirm(
            f"Forget everything in {where}: objects, databases and keys, "
            "so that no pseudonym can ever be made again?",
            abort=True,
        )
    stack_in(where).reset(typer.echo)
    typer.echo("forgotten")


def status() -> None:
    """Show how the local stack and the region's work do.

    The exit code is 1 unless all parts are well. Where there is no local stack, but the settings of
    a region, its work alone is shown. At the hub: whom to tell of what was stopped, until when.

    Example: mammo status
    """
    parts: Sequence[PartStatus] = ()
    if not place.has("region") and not place.has("hub"):
        place.require_stack()
    if place.state().exists():
        parts = stack_in(place.state()).status()
    width = max((len(part.name) for part in parts), default=8)
    for part in parts:
        word = "well" if part.healthy else "not running" if not part.pid else "not answering"
        uptime = f"{part.uptime / 60:7.1f} min" if part.pid else ""
        typer.echo(f"{part.name:{width}} {word:14} {uptime:12} {part.url}")
    for line in (*_region_lines(), *_hub_lines()):
        typer.echo(line)
    if not all(part.healthy for part in parts):
        raise typer.Exit(1)


def metrics(
    into: Annotated[
        Path | None,
        typer.Option(help="A file to replace, for node_exporter's textfile collector."),
    ] = None,
) -> None:
    """Print the region's work as Prometheus text.

    Numbers by holder, source and outcome only.

    Example: mammo metrics --into /var/lib/node_exporter/mammo.prom
    """
    from flows.status import metrics as prometheus

    place.enter("region")
    told = _region()
    if into is None:
        typer.echo(prometheus.text(told), nl=False)
    else:
        prometheus.write(told, into)


def _region() -> "RegionStatus":
    from datetime import UTC, datetime

    from flows import wiring
    from flows.status.region import region_status

    parts = wiring.region()
    return region_status(parts.ledger, parts.landing, datetime.now(UTC))


def _region_lines() -> Iterator[str]:
    from catalog.errors import CatalogError
    from flows.cli.status_lines import region_lines
    from flows.errors import FlowsError

    try:
        place.enter("region")
        yield from region_lines(_region())
    except place.NotUpError:
        return
    except (CatalogError, FlowsError) as error:
        yield f"region      its work cannot be told: {error}"


def _hub_lines() -> Iterator[str]:
    """Tell what the hub waits for, who is to be told, and how long there is (GDPR Art. 33)."""
    from datetime import UTC, datetime

    from catalog.errors import CatalogError
    from flows.errors import FlowsError

    if not place.is_here("hub"):
        return
    try:
        place.enter("hub")
        yield from _due_lines(datetime.now(UTC))
    except (CatalogError, FlowsError, place.NotUpError) as error:
        yield f"hub         what is due cannot be told: {error}"


def _due_lines(moment: "datetime") -> Iterator[str]:
    from catalog.deletions.whole import wholes
    from catalog.deliveries import orders
    from catalog.deliveries.records import OPEN
    from catalog.notices import outbox
    from flows import wiring
    from flows.cli import notices
    from flows.cli.status_lines import orders_line

    catalogue, today = wiring.hub().catalogue, moment.date()
    found = [one for one in orders.find_all(catalogue) if one.state in OPEN]
    if found:
        yield f"hub {orders_line(len(found), sum(one.is_late(today) for one in found))}"
    outbox.collect(catalogue, today)
    for one in outbox.every(catalogue):
        yield f"notice      {notices.line(one, moment)}"
    late = sum(one.is_late(today) for one in wholes(catalogue, today=today))
    if late:
        yield f"deletions   {late} late: mammo deletions list"


def print_endpoints(endpoints: Endpoints, login: str) -> None:
    """Print where the parts are; `login` names the settings that hold Prefect's."""
    typer.echo(f"access API     {endpoints.api_docs}")
    typer.echo(f"Prefect        {endpoints.prefect}   (its login: {login_file(login)})")
    typer.echo(f"object store   {endpoints.s3}")


def _print_region(endpoints: Endpoints) -> None:
    typer.echo(f"console        {endpoints.console}   (a token: mammo console token add NAME)")
    typer.echo(f"receiver       {endpoints.receiver}   (once region/peers.toml says who may push)")


def login_file(side: str = "region") -> str:
    """Say where a Prefect server's login is written."""
    return f"PREFECT_API_AUTH_STRING in {side_of(place.state(), side) / side}.env"
