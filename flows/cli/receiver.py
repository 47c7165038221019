"""`mammo receiver`: the region's Storage SCP, in this terminal."""

from typing import Annotated

import typer

from flows.cli import place


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(receiver)


def receiver(
    *,
    waiting: Annotated[
        bool,
        typer.Option("--waiting", help="Receive nothing; tell what was pushed and still waits."),
    ] = False,
) -> None:
    """Receive what a PACS sends, until Ctrl-C or SIGTERM.

    Who may send is in the peers file. `mammo up` runs it beside the other parts where
    `region/peers.toml` is in the state directory.

    Example: MAMMO_RECEIVER_PEERS=/etc/mammo/peers.toml … mammo receiver
    """
    if waiting:
        _tell_waiting()
        return
    place.enter("receiver")
    from flows.sources.receiver.program import run, settings_of

    run(settings_of())


def _tell_waiting() -> None:
    place.enter("region")
    from flows import wiring
    from flows.cli.status_lines import pushed_lines
    from flows.exports.pushed import standing
    from flows.sources.landing import Landing

    parts = wiring.region()
    lines = list(pushed_lines(standing(parts.ledger, Landing(parts.landing))))
    for line in lines or ("nothing was pushed that still waits",):
        typer.echo(line)
