"""`mammo receiver`: the region's Storage SCP, in this terminal."""

import typer

from flows.cli import place


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(receiver)


def receiver() -> None:
    """Receive what a PACS sends, until Ctrl-C or SIGTERM; who may send is in the peers file.

    `mammo up` runs it beside the other parts where `region/peers.toml` is in the state directory.

    Example: MAMMO_RECEIVER_PEERS=/etc/mammo/peers.toml … mammo receiver
    """
    place.enter("receiver")
    from flows.sources.receiver.program import run, settings_of

    run(settings_of())
