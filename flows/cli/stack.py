"""`mammo up|down|reset|status|metrics|demo`: the local stack, and how the region does."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import place
from infra.stack import Endpoints, PartStatus, Stack

if TYPE_CHECKING:
    from flows.status.region import RegionStatus


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
    stack = Stack(place.state())
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


def up() -> None:
    """Start the local stack, or what of it does not run.

    Its state lies in `var` of the folder you stand in, or in MAMMO_STATE.

    Example: mammo up
    """
    print_endpoints(Stack(place.state()).up(typer.echo))


def down() -> None:
    """Stop the local stack; what it stored stays.

    Example: mammo down
    """
    place.require_stack()
    Stack(place.state()).down(typer.echo)
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
    Stack(where).reset(typer.echo)
    typer.echo("forgotten")


def status() -> None:
    """Show how the local stack and the region's work do.

    The exit code is 1 unless all parts are well. Where there is no local stack, but the settings of
    a region, its work alone is shown.

    Example: mammo status
    """
    parts: Sequence[PartStatus] = ()
    if not place.has("region"):
        place.require_stack()
    if place.state().exists():
        parts = Stack(place.state()).status()
    for part in parts:
        word = "well" if part.healthy else "not running" if not part.pid else "not answering"
        uptime = f"{part.uptime / 60:7.1f} min" if part.pid else ""
        typer.echo(f"{part.name:8} {word:14} {uptime:12} {part.url}")
    for line in _region_lines():
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


def print_endpoints(endpoints: Endpoints) -> None:
    """Print where the parts are."""
    typer.echo(f"access API     {endpoints.api_docs}")
    typer.echo(f"console        {endpoints.console}   (a token: mammo console token add NAME)")
    typer.echo(f"Prefect        {endpoints.prefect}   (its login: {login_file()})")
    typer.echo(f"object store   {endpoints.s3}")


def login_file() -> str:
    """Say where the Prefect server's login is written."""
    return f"PREFECT_API_AUTH_STRING in {place.state() / 'region.env'}"
