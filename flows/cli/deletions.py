"""`mammo deletions …`: what secure processing environments were asked to delete, and said to."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import place
from flows.cli.plural import counted

if TYPE_CHECKING:
    from catalog.deletions.records import Standing

app = typer.Typer(help="What environments must delete of what they have.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep `list` a command of its own."""


@app.command("list")
def list_(
    account: Annotated[str, typer.Option(help="Of this service account only.")] = "",
) -> None:
    """List what environments must delete, by permit.

    What is held, but by an opt-out, and what was erased is asked of every environment that a permit
    names. It fetches its list and confirms by the access API, with who did it and when.

    Example: mammo deletions list

    Of one: mammo deletions list --account spe-7
    """
    place.enter("hub")
    from catalog.deletions import asking
    from flows import wiring

    found = asking.standings(wiring.hub().catalogue, account or None)
    for one in found:
        typer.echo(line(one, datetime.now(UTC)))
    if not found:
        typer.echo("nothing was ever to be deleted")


def line(one: "Standing", moment: datetime) -> str:
    """Write how an environment stands with one permit."""
    done = f"{counted(one.confirmed, 'object')} confirmed"
    if one.last is not None:
        done += f", the last {one.last.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if one.oldest is None:
        return f"{one.account}  {one.permit_id}: {done}"
    hours = int((moment - one.oldest).total_seconds() // 3600)
    return f"{one.account}  {one.permit_id}: {counted(one.due, 'object')} due for {hours} h; {done}"
