"""`mammo deletions …`: what environments must delete of what they have, and that they did."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import place
from flows.cli.person import Who, person
from flows.cli.plural import counted

if TYPE_CHECKING:
    from catalog.deletions.records import Standing, Whole

app = typer.Typer(help="What environments must delete of what they have.", no_args_is_help=True)


@app.command("list")
def list_(
    account: Annotated[str, typer.Option(help="Of this service account, or bucket, only.")] = "",
) -> None:
    """List what environments must delete, by permit.

    What is held, but by an opt-out, and what was erased is asked of every environment that a permit
    names. Once the permit has ended, all of it is to be deleted within six months, also in the
    buckets that we delivered into. An environment confirms by the access API, with who did it and
    when. The exit code is 1 if a day has passed and nobody confirmed.

    Example: mammo deletions list

    Of one: mammo deletions list --account spe-7
    """
    place.enter("hub")
    from catalog.deletions.standings import standings
    from flows import wiring

    moment = datetime.now(UTC)
    found = standings(wiring.hub().catalogue, account, today=moment.date())
    for one in found:
        typer.echo(line(one, moment))
    if not found:
        typer.echo("nothing was ever to be deleted")
    if any(one.is_late(moment.date()) for one in found):
        raise typer.Exit(1)


@app.command()
def confirm(
    permit: Annotated[str, typer.Argument(help="The permit's id; it has ended.")],
    environment: Annotated[str, typer.Argument(help="The environment's account, or a bucket.")],
    by: Annotated[str, typer.Option(help="Who did it there, as the environment says.")],
    proof: Annotated[
        str, typer.Option(help="SHA-256 of the environment's record; needed after an erasure.")
    ] = "",
    who: Who = "",
) -> None:
    """Confirm in an environment's stead that all is deleted.

    That is all it had of a permit that ended. Environments do it by the access API; who enters it
    here, and when, is written down. Of a bucket that we deliver into, `mammo releases delete-proof`
    does it.

    Example: mammo deletions confirm permit-3f2a9c41 spe-7 --by "Eva Ek"
    """
    place.enter("hub")
    from catalog.columns import now
    from catalog.deletions.confirming import confirm_all
    from catalog.deletions.records import Confirmation
    from catalog.errors import NotFoundError
    from flows import wiring
    from flows.settings import HubSettings

    me, moment = person(who, HubSettings), now()
    said, today = Confirmation(by, moment, proof), moment.date()
    try:
        done = confirm_all(wiring.hub().catalogue, permit, environment, said, who=me, today=today)
    except NotFoundError:
        typer.echo(f"mammo: {environment} has nothing to delete of {permit}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{environment}  {permit}: {of_whole(done, today)}")


def line(one: "Standing", moment: datetime) -> str:
    """Write how an environment stands with one permit."""
    told = list[str]()
    if one.whole is not None:
        told.append(of_whole(one.whole, moment.date()))
    if one.oldest is not None:
        hours = int((moment - one.oldest).total_seconds() // 3600)
        told.append(f"{counted(one.due, 'object')} due for {hours} h")
    if one.oldest is not None or one.last is not None:
        done = f"{counted(one.confirmed, 'object')} confirmed"
        told.append(f"{done}, the last {_written(one.last)}" if one.last else done)
    return f"{one.environment}  {one.permit_id}: {'; '.join(told)}"


def of_whole(one: "Whole", today: date) -> str:
    """Say that all of an ended permit is to be deleted, or who confirmed that it is."""
    if one.confirmed_at is not None:
        return f"all of it deleted, confirmed by {one.confirmed_by} on {_written(one.confirmed_at)}"
    late = "LATE: " if one.is_late(today) else ""
    return f"{late}all of it by {one.by}, not confirmed"


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
