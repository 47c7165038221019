"""`mammo quarantine …`: what waits for people, and what they decide."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import ruling
from flows.cli.person import Who
from flows.cli.ruling import Number

if TYPE_CHECKING:
    from catalog.outcome import Outcome
    from flows.review.reviews import Shown
    from flows.wiring import RegionParts

app = typer.Typer(
    help="What could not be proven clean: look at it, and decide.", no_args_is_help=True
)

SEEN = "that you asked is recorded"
IDENTIFIES = "it may show who it is of: keep it where nobody else reads, and remove it when done"


@app.command("list")
def list_(
    export: Annotated[str | None, typer.Option(help="Of this export only.")] = None,
    outcome: Annotated[str | None, typer.Option(help="SUSPECT, CONFLICT or UNREADABLE.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """List what waits, with the days until it is erased.

    Nothing of it identifies anybody. The exit code is 1 if a record was changed by other hands.

    Example: mammo quarantine list --outcome SUSPECT
    """
    from flows.cli.deciding import alarm, enter

    enter()
    from flows import wiring
    from flows.cli.quarantine_lines import HEADER, line, record
    from flows.review import reviews

    parts = wiring.region()
    found = reviews.waiting(parts, export_id=export, outcome=_outcome(outcome))
    changed = reviews.changed(parts)
    if as_json:
        every = [record(one) for one in found]
        every += [{"id": number, "state": "CHANGED"} for number in changed]
        typer.echo(json.dumps(every, indent=1))
    else:
        typer.echo("\n".join([HEADER, *map(line, found)]) if found else "nothing waits")
    alarm(changed)


def _outcome(said: str | None) -> "Outcome | None":
    """Read an outcome as people type it."""
    from catalog.outcome import Outcome

    if said is None:
        return None
    if said.upper() not in {*Outcome}:
        message = "SUSPECT, CONFLICT or UNREADABLE"
        raise typer.BadParameter(message)
    return Outcome(said.upper())


@app.command()
def show(
    number: Number,
    picture: Annotated[
        Path | None, typer.Option(help="Write the picture of a frame there, a PNG.", metavar="PNG")
    ] = None,
    frame: Annotated[
        int | None, typer.Option(min=1, help="Which frame; the first of those shown if not given.")
    ] = None,
    original: Annotated[
        Path | None, typer.Option(help="Write the original there.", metavar="FILE")
    ] = None,
    who: Who = "",
    *,
    source: Annotated[
        bool, typer.Option("--source", help="Say where the file lies at its source.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Show what was found, what is proposed and was said.

    Whoever has a picture or the original written, or asks for the source, is recorded.

    Example: mammo quarantine show 12 --picture look.png, or: mammo quarantine show 12 --source
    """
    from flows.cli.deciding import enter, give, me

    enter(number)
    from flows import wiring
    from flows.cli.quarantine_lines import everything, told
    from flows.review import reviews

    parts = wiring.region()
    shown = reviews.show(parts, number)
    if as_json:
        typer.echo(json.dumps(everything(shown), ensure_ascii=False, indent=1))
    else:
        typer.echo("\n".join(told(shown)))
    if source:
        from flows.review.whence import whence

        typer.echo(f"at the source: {whence(parts, number, who=me(who))}", err=True)
        typer.echo(f"the path may show who it is of; {SEEN}", err=True)
    if picture is not None:
        _give_picture(parts, shown, picture, frame=frame, who=who)
    if original is not None:
        give(original, reviews.original(parts, number, who=me(who)))
        typer.echo(f"the original is in {original}; {IDENTIFIES}", err=True)


def _give_picture(
    parts: "RegionParts", shown: "Shown", path: Path, *, frame: int | None, who: str
) -> None:
    """Write the picture of a frame, or of the first of those shown."""
    from flows.cli.deciding import give, me
    from flows.cli.quarantine_lines import frames
    from flows.review import reviews

    which = frame or next(iter(shown.pictures), 1)
    if shown.proposal is None or not shown.proposal.is_seen(which):
        why = "" if shown.proposal is None else f"; it has {frames(shown.proposal)}"
        typer.echo(f"mammo: there is no picture of it{why}", err=True)
        raise typer.Exit(1)
    give(path, [reviews.picture(parts, shown.listed.review.id, which, who=me(who))])
    typer.echo(f"frame {which} is in {path}; {IDENTIFIES}", err=True)


ruling.add_to(app)


@app.command()
def expire() -> None:
    """Erase what waited too long; each ingest does so too.

    What ended runs left in the landing is removed. The exit code is 1 if a record was changed by
    other hands, or is gone.

    Example: mammo quarantine expire
    """
    from flows.cli.deciding import enter

    enter()
    from datetime import UTC, datetime

    from flows import wiring
    from flows.review.expiry import expire as end

    done = end(wiring.region(), datetime.now(UTC))
    typer.echo(
        f"{done.reviews} expired, {done.objects} sealed files erased, "
        f"{done.folders} folders removed from the landing; {done.soon} expire within a week"
    )
    if done.changed:
        typer.echo(
            f"mammo: {done.changed} were changed by other hands, or had no review any more; unless "
            "they are from before there were reviews, call security",
            err=True,
        )
        raise typer.Exit(1)


@app.command()
def status() -> None:
    """Tell how much waits.

    The exit code is 1 if somebody should look soon.

    Example: mammo quarantine status
    """
    from flows.cli.deciding import enter

    enter()
    from datetime import UTC, datetime

    from flows import wiring
    from flows.review.expiry import standing

    now = standing(wiring.region(), datetime.now(UTC))
    typer.echo(f"waiting {now.waiting}, for a second {now.second}, to be applied {now.decided}")
    typer.echo(f"expire within a week {now.soon}, old folders in the landing {now.folders}")
    if now.changed:
        typer.echo(f"mammo: {now.changed} were changed by other hands; call security", err=True)
    if now.is_alarming:
        raise typer.Exit(1)
