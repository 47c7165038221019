"""`mammo permit …`: what was granted; amended, extended, revoked."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import place
from flows.cli.checked import fitting, known
from flows.cli.person import Who, is_development, note, person

if TYPE_CHECKING:
    from catalog.applications.form import Person
    from catalog.permits.content import Content
    from catalog.permits.reading import Issued
    from catalog.permits.records import Permit

app = typer.Typer(help="What was granted; amended, extended, revoked.", no_args_is_help=True)

PermitId = Annotated[str, typer.Argument(help="The permit's id.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept, and whom it concerns reads it.")]
DAY = ["%Y-%m-%d"]
PAGE = 200


@app.command()
def issue(
    persons: Annotated[list[str], typer.Argument(help="Who may use it: `sub` of their tokens.")],
    title: Annotated[str, typer.Option(help="What the project is called.")] = "Development",
    purpose: Annotated[str, typer.Option(help="EHDS Article 53 purpose.")] = "scientific research",
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days it is in force.")] = 30,
    tier: Annotated[str, typer.Option(help="PSEUDO_SPE or ANON_DOWNLOAD.")] = "PSEUDO_SPE",
) -> None:
    """Issue a permit without an application, in development.

    Elsewhere it is refused: a permit is what an assessor grants (mammo application decide).

    Example: mammo permit issue researcher-1 --tier ANON_DOWNLOAD
    """
    place.enter("hub")
    from flows import wiring
    from flows.release import permits
    from flows.settings import HubSettings

    if not is_development(wiring.read(HubSettings)):
        message = "that is for development; elsewhere: mammo application decide"
        raise typer.BadParameter(message)
    today = datetime.now(UTC).date()
    until = today + timedelta(days=days)
    valid = (today, until)
    issued = permits.issue(
        wiring.hub(), persons=persons, title=title, purpose=purpose, tier=tier, valid=valid
    )
    typer.echo(issued)
    typer.echo(
        f"tier {tier}, for {', '.join(persons)}, until {until}; next: mammo release {issued}",
        err=True,
    )


@app.command("list")
def list_(
    before: Annotated[str | None, typer.Option(help="Older than this one.")] = None,
    who: Who = "",
) -> None:
    """List the permits; recorded.

    The newest come first, 200 at a time.

    Example: mammo permit list
    """
    place.enter("hub")
    from catalog.applications.records import Reader
    from catalog.permits import reading
    from flows import wiring
    from flows.cli.permit_lines import HEADER, line

    engine, today = wiring.hub().catalogue, datetime.now(UTC).date()
    found = reading.find_all(engine, Reader("", is_assessor=True), before=before, limit=PAGE)
    note(engine, who, "permit.list", "/permits")
    lines = [line(one, today) for one in found]
    typer.echo("\n".join([HEADER, *lines]) if found else "nothing was permitted")
    if len(found) == PAGE:
        typer.echo(f"older ones: mammo permit list --before {found[-1].id}", err=True)


@app.command()
def show(permit: PermitId, who: Who = "") -> None:
    """Show what a permit says, and what happened; recorded.

    Example: mammo permit show permit-3f2a9c41
    """
    place.enter("hub")
    from flows import wiring
    from flows.cli.permit_lines import told

    found = _whole(permit)
    note(wiring.hub().catalogue, who, "permit.read", f"permit:{permit}", permit=permit)
    typer.echo("\n".join(told(found, datetime.now(UTC).date())))


@app.command()
def revoke(permit: PermitId, reason: Reason, who: Who = "") -> None:
    """End a permit at once.

    Every request is refused from then on. What took its place ends with it.

    Example: mammo permit revoke permit-3f2a9c41 --reason "Article 63, case 12"
    """
    place.enter("hub")
    from catalog.permits import revoke as end
    from flows import wiring
    from flows.settings import HubSettings

    me = person(who, HubSettings)
    with known(permit):
        ended = end(wiring.hub().catalogue, permit, who=me, reason=reason)
    typer.echo(f"revoked: {', '.join(ended)}" if ended else f"{permit} was revoked already")


@app.command()
def extend(
    permit: PermitId,
    until: Annotated[datetime, typer.Option(formats=DAY, help="The new last day.")],
    reason: Reason,
    who: Who = "",
) -> None:
    """Extend a permit, once; print the new one's id.

    The new one begins the day after the old one ends, and lasts ten years at most.

    Example: mammo permit extend permit-3f2a9c41 --until 2031-11-30 --reason "as asked for"
    """
    place.enter("hub")
    from catalog.permits import changing
    from flows import wiring
    from flows.settings import HubSettings

    me, engine = person(who, HubSettings), wiring.hub().catalogue
    today = datetime.now(UTC).date()
    with known(permit):
        made = changing.extend(engine, permit, until.date(), who=me, reason=reason, today=today)
    _tell(made)


@app.command()
def amend(
    permit: PermitId,
    reason: Reason,
    add: Annotated[
        list[str] | None, typer.Option(help="A person: SUBJECT=NAME=FUNCTION.", metavar="PERSON")
    ] = None,
    remove: Annotated[list[str] | None, typer.Option(help="A person's or account's sub.")] = None,
    environment: Annotated[list[str] | None, typer.Option(help="A further environment.")] = None,
    condition: Annotated[list[str] | None, typer.Option(help="A further condition.")] = None,
    tools: Annotated[str | None, typer.Option(help="Other tools.")] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=DAY, help="An earlier last day.")
    ] = None,
    starts: Annotated[
        datetime | None, typer.Option(formats=DAY, help="When it takes over; today if not said.")
    ] = None,
    who: Who = "",
) -> None:
    """Put another permit in the place of one; print its id.

    The old one can be used until the new one is in force, and stays readable. A release belongs to
    one permit: build the new one's (mammo release).

    Example: mammo permit amend permit-3f2a9c41 --remove bertil --reason "left the university"
    """
    place.enter("hub")
    from catalog.permits import changing
    from catalog.permits.content import Changes
    from flows import wiring
    from flows.settings import HubSettings

    me, today = person(who, HubSettings), datetime.now(UTC).date()
    old = _content(_whole(permit))
    gone = set(remove or ())
    with fitting():
        changes = Changes(
            persons=(
                *(one for one in old.persons if one.subject not in gone),
                *(_person(one) for one in add or ()),
            ),
            environments=(
                *(one for one in old.environments if one not in gone),
                *(environment or ()),
            ),
            conditions=(*old.conditions, *(condition or ())),
            tools=tools or None,
            valid_from=starts.date() if starts else None,
            valid_until=until.date() if until else None,
        )
        new = old.amended(changes, today=today)
    with known(permit):
        made = changing.amend(
            wiring.hub().catalogue, permit, new, who=me, reason=reason, today=today
        )
    _tell(made)


def _tell(made: "Permit") -> None:
    """Say what took a permit's place, and what must be done before it can be used as the old."""
    from catalog.vocabulary import Tier

    typer.echo(made.id)
    typer.echo(f"in force from {made.valid_from} to {made.valid_until}", err=True)
    if made.tier is Tier.ANON_DOWNLOAD:
        said = f"served as PSEUDO_SPE until it is assessed itself: mammo tier assess {made.id}"
        typer.echo(said, err=True)


def _whole(permit: str) -> "Issued":
    from catalog.applications.records import Reader
    from catalog.permits import reading
    from flows import wiring

    with known(permit):
        return reading.show(wiring.hub().catalogue, permit, Reader("", is_assessor=True))


def _content(found: "Issued") -> "Content":
    from catalog.errors import Reason as Why
    from catalog.errors import StepError

    if found.content is None:
        raise StepError(Why.NO_CONTENT)
    return found.content


def _person(said: str) -> "Person":
    """Read a person as people type one."""
    from catalog.applications.form import Person

    try:
        subject, name, function = said.split("=")
    except ValueError:
        message = "SUBJECT=NAME=FUNCTION"
        raise typer.BadParameter(message) from None
    with fitting():
        return Person(subject=subject, name=name, function=function)
