"""`mammo quarantine …`: what waits for people, and what they decide."""

import json
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.person import Who

app = typer.Typer(
    help="What could not be proven clean: look at it, and decide.", no_args_is_help=True
)

Number = Annotated[int, typer.Argument(help="The review's, as `mammo quarantine list` shows it.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept sealed, and should name nobody.")]
IDENTIFIES = "it may show who it is of: keep it where nobody else reads, and remove it when done"


@app.command("list")
def list_(
    export: Annotated[str | None, typer.Option(help="Of this export only.")] = None,
    outcome: Annotated[str | None, typer.Option(help="SUSPECT, CONFLICT or UNREADABLE.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """List what waits, with the days until it is erased; nothing of it identifies anybody.

    The exit code is 1 if a record was changed by other hands.

    Example: mammo quarantine list --outcome SUSPECT
    """
    from flows.cli.deciding import alarm, enter

    enter()
    from catalog.outcome import Outcome
    from flows import wiring
    from flows.cli.quarantine_lines import STATES, record
    from flows.review import reviews

    asked = None if outcome is None else outcome.upper()
    if asked not in {None, *Outcome}:
        message = "SUSPECT, CONFLICT or UNREADABLE"
        raise typer.BadParameter(message)
    wanted = None if asked is None else Outcome(asked)
    parts = wiring.region()
    found = reviews.waiting(parts, export_id=export, outcome=wanted)
    changed = reviews.changed(parts)
    if as_json:
        every = [record(one) for one in found]
        every += [{"id": number, "state": "CHANGED"} for number in changed]
        typer.echo(json.dumps(every, indent=1))
        alarm(changed)
        return
    for one in found:
        made = one.review
        typer.echo(
            f"{made.id:6}  {made.export_id:17}  {made.outcome:10} {STATES[made.state]:18} "
            f"{one.days_left:3} days left  {made.reason}"
        )
    if not found:
        typer.echo("nothing waits")
    alarm(changed)


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
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Show what was found, what is proposed and what was said; write picture or original.

    Whoever has a picture or the original written is recorded.

    Example: mammo quarantine show 12 --picture look.png
    """
    from flows.cli.deciding import enter, give, me

    enter()
    from flows import wiring
    from flows.cli.quarantine_lines import everything, told
    from flows.review import reviews

    parts = wiring.region()
    shown = reviews.show(parts, number)
    if as_json:
        typer.echo(json.dumps(everything(shown), ensure_ascii=False, indent=1))
    else:
        typer.echo("\n".join(told(shown)))
    if picture is not None:
        which = frame or next(iter(shown.pictures), 1)
        if shown.proposal is None or not shown.proposal.is_seen(which):
            typer.echo("mammo: there is no picture of it", err=True)
            raise typer.Exit(1)
        give(picture, [reviews.picture(parts, number, which, who=me(who))])
        typer.echo(f"frame {which} is in {picture}; {IDENTIFIES}", err=True)
    if original is not None:
        give(original, reviews.original(parts, number, who=me(who)))
        typer.echo(f"the original is in {original}; {IDENTIFIES}", err=True)


@app.command()
def approve(number: Number, reason: Reason, who: Who = "") -> None:
    """Let pass what was found; text that is proposed to be blanked is blanked. It takes two people.

    Example: mammo quarantine approve 12 --reason "the marker is right, the header is wrong"
    """
    from flows.cli.deciding import enter, follow, me

    enter()
    from flows import wiring
    from flows.review import reviews

    parts = wiring.region()
    follow(reviews.approve(parts, number, who=me(who), reason=reason), who)


@app.command()
def redact(
    number: Number,
    reason: Reason,
    box: Annotated[
        list[str] | None, typer.Option(help="Blank this too.", metavar="FRAME,X0,Y0,X1,Y1")
    ] = None,
    keep: Annotated[
        list[int] | None, typer.Option(help="Do not blank this proposed box.", metavar="N")
    ] = None,
    who: Who = "",
) -> None:
    """Blank more, or less, than is proposed. It takes two people.

    Example: mammo quarantine redact 12 --box 1,40,60,420,110 --keep 2 --reason "a cassette number"
    """
    from flows.cli.deciding import enter, follow, me, rectangle

    enter()
    from flows import wiring
    from flows.review import reviews

    blank = [rectangle(one) for one in box or ()]
    made = reviews.redact(
        wiring.region(), number, who=me(who), reason=reason, blank=blank, keep=keep or ()
    )
    follow(made, who)


@app.command()
def confirm(
    number: Number,
    decision: Annotated[str, typer.Argument(help="The decision's, as `show` gives it.")],
    reason: Reason,
    who: Who = "",
) -> None:
    """Decide the same as the first of two people; then it is applied.

    Example: mammo quarantine confirm 12 5f0c9a1e77d2 --reason "looked at it, agreed"
    """
    from flows.cli.deciding import enter, follow, me

    enter()
    from flows import wiring
    from flows.review import reviews

    made = reviews.confirm(wiring.region(), number, decision, who=me(who), reason=reason)
    follow(made, who)


@app.command()
def retry(number: Number, reason: Reason, who: Who = "") -> None:
    """Walk it again as it is, after an update or a repair; nothing is let pass.

    Example: mammo quarantine retry 12 --reason "version 2 reads this syntax"
    """
    from flows.cli.deciding import enter, follow, me

    enter()
    from flows import wiring
    from flows.review import reviews

    follow(reviews.retry(wiring.region(), number, who=me(who), reason=reason), who)


@app.command()
def reject(number: Number, reason: Reason, who: Who = "") -> None:
    """Keep it out for good: all that is kept of it is erased at once.

    Example: mammo quarantine reject 12 --reason "a photograph of a letter"
    """
    from flows.cli.deciding import enter, me

    enter()
    from flows import wiring
    from flows.review import reviews

    reviews.reject(wiring.region(), number, who=me(who), reason=reason)
    typer.echo(f"{number} stays out; all that was kept of it is erased")


@app.command("apply")
def apply_(
    number: Annotated[int | None, typer.Argument(help="This one; all if not given.")] = None,
    who: Who = "",
) -> None:
    """Apply what is decided and was not applied yet, such as after trouble with the store.

    What cannot be applied stops nothing else; the exit code is 1 then, or if a record was changed
    by other hands.
    """
    from flows.cli.deciding import alarm, apply_every, apply_now, enter

    enter()
    from catalog.reviews.records import ReviewState
    from flows import wiring

    if number is not None:
        apply_now(number, who)
        return
    reviews = wiring.region().ledger.reviews
    wanted = [one.id for one in reviews.all(states=[ReviewState.DECIDED, ReviewState.APPLYING])]
    went = apply_every(wanted, who)
    if not wanted:
        typer.echo("nothing is decided and not applied")
    alarm(reviews.changed())
    if not went:
        raise typer.Exit(1)


@app.command()
def expire() -> None:
    """Erase what waited too long, and what ended runs left in the landing; each ingest does so too.

    The exit code is 1 if a record was changed by other hands, or is gone.
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
    """Tell how much waits; the exit code is 1 if somebody should look soon."""
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
