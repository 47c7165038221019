"""`mammo console`: who may use the region's console, and the worker that answers it."""

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import place
from flows.cli.person import Who

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Engine

app = typer.Typer(
    no_args_is_help=True,
    help="The region's console: its tokens, calls and answers.",
    rich_markup_mode=None,
)
token = typer.Typer(
    no_args_is_help=True,
    help="Tokens of the persons who use the console.",
    rich_markup_mode=None,
)
app.add_typer(token, name="token")

ROLE = "pacs_admin"
DAYS = 90


@token.command()
def add(
    who: Annotated[str, typer.Argument(help="The person, as she is known here; no spaces.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it holds.")] = DAYS,
    by: Who = "",
) -> None:
    """Make a token for one person; it is shown once.

    Example: mammo console token add eva.provstrom --days 30
    """
    import re
    from datetime import UTC, datetime, timedelta

    from catalog.errands import tokens
    from flows.cli.deciding import me

    if not re.fullmatch(r"[a-z0-9@._-]{1,64}", who):
        message = "small letters, digits and @ . _ - only, 64 at most"
        raise typer.BadParameter(message)
    place.enter("region")
    until = datetime.now(UTC) + timedelta(days)
    with _ledger() as ledger:
        id_, made = tokens.make(ledger, who, ROLE, by=me(by), expires_at=until)
    typer.echo(f"token {id_} of {who}, until {until:%Y-%m-%d}; it is not shown again:", err=True)
    typer.echo(made)


@token.command("list")
def list_() -> None:
    """List every token that was ever made.

    Example: mammo console token list
    """
    from datetime import UTC, datetime

    from catalog.errands import tokens

    place.enter("region")
    with _ledger() as ledger:
        for one in tokens.tokens(ledger):
            state = "revoked" if one.revoked_at else "holds"
            if not one.revoked_at and not one.holds(datetime.now(UTC)):
                state = "over"
            typer.echo(
                f"{one.id}  {one.who:24} {one.role:12} {state:8} until {one.expires_at:%Y-%m-%d}"
                f"  by {one.made_by}"
            )


@token.command()
def revoke(id_: Annotated[str, typer.Argument(help="The token's id, as `list` gives it.")]) -> None:
    """Let a token open nothing any more, from now on.

    Example: mammo console token revoke 5f0c9a1e5f0c9a1e
    """
    from catalog.errands import tokens

    place.enter("region")
    with _ledger() as ledger:
        tokens.revoke(ledger, id_)
    typer.echo(f"{id_} is revoked")


@app.command()
def calls() -> None:
    """List who called what through the console.

    Example: mammo console calls
    """
    from catalog.errands import visits

    place.enter("region")
    with _ledger() as ledger:
        for at, one in visits.visits(ledger):
            typer.echo(
                f"{at:%Y-%m-%d %H:%M:%S}  {one.who:24} {one.outcome:4} {one.action:36} "
                f"{one.request} {one.errand}"
            )


@app.command()
def key() -> None:
    """Print the public key that the console seals with.

    Only the region's worker has what opens it.

    Example: mammo console key > /etc/mammo/console-key.pub
    """
    from flows import wiring
    from flows.keys.errands import public_key
    from flows.settings import RegionSettings

    place.enter("region")
    typer.echo(public_key(wiring.read(RegionSettings).key_file))


@app.command()
def answer(
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Go on; look twice a second.")] = False,
) -> None:
    """Do what was asked for through the console, and answer.

    Example: mammo console answer --watch
    """
    import signal

    place.enter("region")
    # Prefect reads its settings when it is first imported: not before they are entered.
    from flows import log, wiring
    from flows.errands.answering import Worker
    from flows.settings import RegionSettings

    log.configure()
    worker = Worker(wiring.region(), wiring.read(RegionSettings).console_folders)
    if not watch:
        typer.echo(f"{worker.answer_all()} errands answered")
        return
    signal.signal(signal.SIGTERM, lambda *_: worker.ending.set())
    worker.watch()


def _ledger() -> "AbstractContextManager[Engine]":
    from contextlib import contextmanager

    from catalog import database
    from flows import wiring
    from flows.settings import RegionSettings

    @contextmanager
    def opened() -> "Iterator[Engine]":
        engine = database.connect(wiring.read(RegionSettings).ledger_url.get_secret_value())
        try:
            yield engine
        finally:
            engine.dispose()

    return opened()
