"""`mammo recall …`: what turned out unsafe is held at once, and whom that concerns is listed."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flows.cli import place as side
from flows.cli.person import Who, person
from flows.cli.plural import counted

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from catalog.recalls.records import Criteria, Reach

app = typer.Typer(help="Take back what turned out to be unsafe.", no_args_is_help=True)

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DAY")]
Number = Annotated[int, typer.Argument(help="The recall's, as `mammo recall list` shows it.")]


@app.command()
def place(
    reason: Annotated[str, typer.Option(help="Why; it is kept, and must name nobody.")],
    instance: Annotated[
        str | None, typer.Option(help="A SOP or Study Instance UID inside the space.")
    ] = None,
    permit: Annotated[
        str | None, typer.Option(help="The UID is one of this permit's releases.")
    ] = None,
    vendor: Annotated[str | None, typer.Option(help="The device's, as search shows it.")] = None,
    device: Annotated[
        str | None, typer.Option(help="One machine, by what its region's `mammo device` tells.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The device's model, as headers say.")] = None,
    profile: Annotated[
        str | None, typer.Option(help="By this profile, with its version: as in 'mammography 7'.")
    ] = None,
    edition: Annotated[str | None, typer.Option(help="By this edition.")] = None,
    detector: Annotated[str | None, typer.Option(help="Looked at by this detector.")] = None,
    export: Annotated[str | None, typer.Option(help="Brought by this export.")] = None,
    holder: Annotated[str | None, typer.Option(help="Of this holder only.")] = None,
    since: Day = None,
    until: Day = None,
    aware: Annotated[
        str, typer.Option(help="When it became known, with its zone; now if not given.")
    ] = "",
    who: Who = "",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, it is only counted.")] = False,
) -> None:
    """Recall all that fits every option.

    Without --yes it is only counted. From then on nothing of it is found, released or served, and
    downloads that are under way end within 60 seconds. What a profile, detector or export made is
    held until it is made anew. It stands until it is lifted: what arrives later and fits is held
    before anybody can find it, also where nothing fits today. A version is meant exactly, not up
    to it. What --instance names by a UID does not stand: a study's later images are not held.

    Example: mammo recall place --detector "text 6 (PP-OCRv6)" --reason "case 12/2026"

    Do it: mammo recall place --detector "text 6 (PP-OCRv6)" --reason "case 12/2026" --yes

    One machine: mammo recall place --device 5XKTQ2ZBTM7CNGJYKDJ5TQ3OPA --reason "case 13/2026"
    """
    side.enter("hub")
    from catalog.recalls import recalling
    from catalog.recalls.records import Criteria
    from flows import wiring
    from flows.cli.recall_lines import clock, heading
    from flows.moments import moment
    from flows.settings import HubSettings

    criteria = Criteria(
        instance=instance,
        permit=permit,
        vendor=vendor,
        device=device,
        model=model,
        profile=profile,
        edition=edition,
        detector=detector,
        export=export,
        holder=holder,
        since=since and since.date(),
        until=until and until.date(),
    )
    catalogue = wiring.hub().catalogue
    if not yes:
        _rehearse(catalogue, criteria)
        return
    known = moment(aware, datetime.now(UTC))
    by = person(who, HubSettings)
    made = recalling.place(catalogue, criteria, reason=_said(reason), who=by, aware_at=known)
    typer.echo(heading(made))
    typer.echo(clock(made, datetime.now(UTC)))
    typer.echo(f"whom it concerns: mammo recall report {made.id}")


def _rehearse(catalogue: "Engine", criteria: "Criteria") -> None:
    """Say what a recall would hold, and what seems to be missed."""
    from catalog.recalls import recalling

    typer.echo(f"{_counts(recalling.count(catalogue, criteria))}; nothing is held yet: add --yes")
    if criteria.stands:
        typer.echo("with it, what arrives later and fits is held, too, until it is lifted")
    for name, there in recalling.never_seen(catalogue, criteria).items():
        typer.echo(f"nothing has this {name}; there are: {', '.join(there) or 'none'}")
    if criteria.device is None:
        return
    unknown = recalling.without_device(catalogue, criteria.holder)
    if unknown:
        typer.echo(
            f"of {counted(unknown, 'object')} no machine is known: they are not counted, "
            "and --vendor or --model with --holder reaches more"
        )


@app.command()
def report(
    number: Number,
    format_: Annotated[Literal["text", "json", "csv"], typer.Option("--format")] = "text",
) -> None:
    """Tell whom a recall concerns.

    Permits with their persons, holders, and until when the authority is to be told.

    Example: mammo recall report 3

    For a spreadsheet: mammo recall report 3 --format csv > recall-3.csv
    """
    side.enter("hub")
    from catalog.recalls.affected import affected
    from flows import wiring
    from flows.cli import recall_lines

    found = affected(wiring.hub().catalogue, number)
    if format_ == "text":
        for line in recall_lines.lines(found, datetime.now(UTC)):
            typer.echo(line)
        return
    write = recall_lines.as_json if format_ == "json" else recall_lines.as_csv
    typer.echo(write(found))


@app.command("list")
def list_() -> None:
    """List all recalls, the oldest first.

    Example: mammo recall list
    """
    side.enter("hub")
    from catalog.recalls import recalling
    from flows import wiring
    from flows.cli.recall_lines import heading

    found = recalling.every(wiring.hub().catalogue)
    for one in found:
        typer.echo(f"{heading(one)}: {one.reason}")
    if not found:
        typer.echo("nothing was ever recalled")


@app.command()
def lift(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; it is kept, and must name nobody.")],
    who: Who = "",
) -> None:
    """End a recall, and lift its Holds.

    Those on what arrived later, too. Other Holds stay, also those of another recall of the same.
    What arrives from then on is not held by it.

    Example: mammo recall lift 3 --reason "looked at again, case 12/2026"
    """
    side.enter("hub")
    from catalog.recalls import recalling
    from flows import wiring
    from flows.settings import HubSettings

    by = person(who, HubSettings)
    lifted = recalling.lift(wiring.hub().catalogue, number, who=by, reason=_said(reason))
    typer.echo(f"{counted(lifted, 'hold')} lifted")


def _counts(found: "Reach") -> str:
    return ", ".join(
        (
            f"{counted(found.revisions, 'revision')} of {_whole(found.instances)}",
            f"in {counted(found.studies, 'study', 'studies')}",
            f"in {counted(found.releases, 'release')} of {counted(found.permits, 'permit')}",
        )
    )


def _whole(instances: int) -> str:
    return f"{counted(instances, 'object')} and all that was derived of them"


def _said(reason: str) -> str:
    if not reason.strip():
        message = "say why"
        raise typer.BadParameter(message)
    return reason.strip()
