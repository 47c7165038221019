"""`mammo up|down|reset|status|demo`: the local stack."""

from typing import Annotated

import typer

from flows.cli import place
from infra.stack import Endpoints, Stack


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (demo, up, down, reset, status):
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
    """Show how each part of the local stack does.

    The exit code is 1 unless all are well.

    Example: mammo status
    """
    place.require_stack()
    parts = Stack(place.state()).status()
    for part in parts:
        word = "well" if part.healthy else "not running" if not part.pid else "not answering"
        uptime = f"{part.uptime / 60:7.1f} min" if part.pid else ""
        typer.echo(f"{part.name:8} {word:14} {uptime:12} {part.url}")
    if not all(part.healthy for part in parts):
        raise typer.Exit(1)


def print_endpoints(endpoints: Endpoints) -> None:
    """Print where the parts are."""
    typer.echo(f"access API     {endpoints.api_docs}")
    typer.echo(f"Prefect        {endpoints.prefect}   (its login: {login_file()})")
    typer.echo(f"object store   {endpoints.s3}")


def login_file() -> str:
    """Say where the Prefect server's login is written."""
    return f"PREFECT_API_AUTH_STRING in {place.state() / 'region.env'}"
