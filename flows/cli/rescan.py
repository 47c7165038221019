"""`mammo rescan`: the present detector looks at what is stored already."""

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import place
from flows.cli.person import Who, person
from flows.cli.plural import counted

if TYPE_CHECKING:
    from flows.verify.rescan import Rescanned


Since = Annotated[
    str | None,
    typer.Option(help="Leave out what this detector, or a later one, saw; else the present."),
]
Limit = Annotated[int | None, typer.Option(min=1, help="Objects to look at, at most.")]
Profile = Annotated[str, typer.Option(help="Its gate says what is looked at closely.")]
Again = Annotated[
    bool, typer.Option("--again", help="Also what the present detector saw as it was made.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Look and tell; hold and record nothing.")]


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(rescan)


def rescan(
    since_detector: Since = None,
    limit: Limit = None,
    profile: Profile = "mammography",
    who: Who = "",
    *,
    again: Again = False,
    dry_run: DryRun = False,
) -> None:
    """Look for text in clean objects that are stored already.

    What shows any is held, and so is what cannot be looked at. It can be stopped and run again:
    what was looked at is left out, and a Hold that a person lifted is not placed again by the same
    detector.

    Example: mammo rescan --limit 1000
    """
    place.enter("hub")
    from deid.pixels.detection.looking import DETECTOR
    from deid.pixels.detection.text_reader import load_text_reader
    from flows import wiring
    from flows.deidentifier import named_profile
    from flows.progress import counting
    from flows.settings import HubSettings
    from flows.verify.rescan import Rescanner
    from flows.verify.rescan import rescan as look

    parts, chosen, me = wiring.hub(), named_profile(profile), person(who, HubSettings)
    with_ = Rescanner(parts.catalogue, parts.clean, load_text_reader(), chosen, me)
    since = since_detector or DETECTOR
    with counting("looking") as progress:
        made = look(
            with_, since=since, again=again, limit=limit, dry_run=dry_run, progress=progress
        )
    typer.echo(f"looked at {counted(made.looked, 'object')} with {DETECTOR}")
    if not made.looked and not again:
        typer.echo("this detector has seen all others; --again looks anew")
    _tell(made, dry_run=dry_run)


def _tell(made: "Rescanned", *, dry_run: bool) -> None:
    for what, number in sorted(made.seen.items()):
        typer.echo(f"{number:8}  {what}")
    if dry_run:
        typer.echo("nothing was held or recorded: this was a dry run")
    elif made.holds:
        first, last = made.holds[0], made.holds[-1]
        numbers = f"number {first}" if first == last else f"numbers {first} to {last}"
        typer.echo(f"Holds placed: {len(made.holds)}, {numbers}; mammo hold list shows them")
