"""`mammo notices …`: whom to tell of what was stopped, until when, and that it was done."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import place
from flows.cli.person import Who, person
from flows.cli.plural import counted

if TYPE_CHECKING:
    from catalog.notices.outbox import Notice

app = typer.Typer(help="Whom to tell of what was stopped.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="The notice's, as `mammo notices list` shows it.")]


@app.command("list")
def list_(
    *, every: Annotated[bool, typer.Option("--all", help="Also those that are done.")] = False
) -> None:
    """List the notices that are not done.

    The first to be due comes first; 72 hours count from when it became known (GDPR Article 33).

    Example: mammo notices list
    """
    place.enter("hub")
    from catalog.notices import outbox
    from flows import wiring

    catalogue = wiring.hub().catalogue
    outbox.collect(catalogue, datetime.now(UTC).date())
    found = outbox.every(catalogue, done=every)
    for one in found:
        typer.echo(line(one, datetime.now(UTC)))
    if not found:
        typer.echo("nobody is to be told of anything")


@app.command()
def show(number: Number) -> None:
    """Write a notice, to be sent as you send letters.

    It says the permit, how many objects, and where an environment finds what to delete.

    Example: mammo notices show 3
    """
    place.enter("hub")
    from catalog.notices import outbox
    from flows import wiring
    from flows.cli.notice_text import text

    typer.echo(text(outbox.get(wiring.hub().catalogue, number)))


@app.command()
def sent(number: Number, who: Who = "") -> None:
    """Write down that a notice was sent.

    Example: mammo notices sent 3
    """
    place.enter("hub")
    from catalog.notices import outbox
    from flows import wiring
    from flows.settings import HubSettings

    found = outbox.sent(wiring.hub().catalogue, number, who=person(who, HubSettings))
    typer.echo(line(found, datetime.now(UTC)))


@app.command()
def done(
    number: Number,
    note: Annotated[str, typer.Option(help="Their answer, or why nobody need be told.")],
    who: Who = "",
) -> None:
    """Write down that they know, or need not.

    Example: mammo notices done 3 --note "they confirmed by letter, case 12/2026"
    """
    place.enter("hub")
    from catalog.notices import outbox
    from flows import wiring
    from flows.settings import HubSettings

    if not note.strip():
        message = "say what they answered, or why nobody need be told"
        raise typer.BadParameter(message)
    by = person(who, HubSettings)
    found = outbox.done(wiring.hub().catalogue, number, note=note.strip(), who=by)
    typer.echo(line(found, datetime.now(UTC)))


def line(one: "Notice", moment: datetime) -> str:
    """Write a notice on one line."""
    whom = one.permit_id or "the authority (IMY)"
    if one.note:
        return f"{one.id}  {one.about}  {whom}: {one.state.value}: {one.note}"
    said = f"{one.id}  {one.about}  {whom}: {one.state.value}, {counted(one.instances, 'object')}"
    if one.lifted and one.permit_id is not None:
        if one.state.value == "due":
            return f"{said}, lifted before it was sent: mammo notices done {one.id}"
        return f"{said}, lifted since: tell them so, then mammo notices done {one.id}"
    said += ", lifted since" if one.lifted else ""
    hours = int(abs(one.due_at - moment).total_seconds() // 3600)
    left = f"{hours} h left" if one.due_at > moment else f"late by {hours} h"
    return f"{said}, {left}"
