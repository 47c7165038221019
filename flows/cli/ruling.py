"""`mammo quarantine approve|redact|confirm|retry|reject|apply`: what people decide."""

from typing import Annotated

import typer

from flows.cli.person import Who

Number = Annotated[int, typer.Argument(help="The review's, as `mammo quarantine list` shows it.")]

Reason = Annotated[str, typer.Option(help="Why; it is kept sealed, and should name nobody.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (approve, redact, confirm, retry, reject):
        app.command()(command)
    app.command("apply")(apply_)


def approve(number: Number, reason: Reason, who: Who = "") -> None:
    """Let pass what was found. It takes two people.

    Text that is proposed to be blanked is blanked.

    Example: mammo quarantine approve 12 --reason "the marker is right, the header is wrong"
    """
    from flows.cli.deciding import enter, follow, me

    enter(number)
    from flows import wiring
    from flows.review import reviews

    parts = wiring.region()
    follow(reviews.approve(parts, number, who=me(who), reason=reason), who)


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

    blank = [rectangle(one) for one in box or ()]
    enter(number)
    from flows import wiring
    from flows.review import reviews

    made = reviews.redact(
        wiring.region(), number, who=me(who), reason=reason, blank=blank, keep=keep or ()
    )
    follow(made, who)


def confirm(
    number: Number,
    decision: Annotated[str, typer.Argument(help="The decision's, as `show` gives it.")],
    reason: Reason,
    who: Who = "",
) -> None:
    """Decide the same as the first person; then it is applied.

    Example: mammo quarantine confirm 12 5f0c9a1e77d2 --reason "looked at it, agreed"
    """
    from flows.cli.deciding import enter, follow, me

    enter(number)
    from flows import wiring
    from flows.review import reviews

    made = reviews.confirm(wiring.region(), number, decision, who=me(who), reason=reason)
    follow(made, who)


def retry(number: Number, reason: Reason, who: Who = "") -> None:
    """Walk it again as it is; nothing is let pass.

    Do so after an update or a repair.

    Example: mammo quarantine retry 12 --reason "version 2 reads this syntax"
    """
    from flows.cli.deciding import enter, follow, me

    enter(number)
    from flows import wiring
    from flows.review import reviews

    follow(reviews.retry(wiring.region(), number, who=me(who), reason=reason), who)


def reject(number: Number, reason: Reason, who: Who = "") -> None:
    """Keep it out for good: what is kept of it is erased.

    Example: mammo quarantine reject 12 --reason "a photograph of a letter"
    """
    from flows.cli.deciding import enter, me

    enter(number)
    from flows import wiring
    from flows.review import reviews

    reviews.reject(wiring.region(), number, who=me(who), reason=reason)
    typer.echo(f"{number} stays out; all that was kept of it is erased")


def apply_(
    number: Annotated[int | None, typer.Argument(help="This one; all if not given.")] = None,
    who: Who = "",
) -> None:
    """Apply what is decided and was not applied yet.

    So it is after trouble with the store. What cannot be applied stops nothing else; the exit code
    is 1 then, or if a record was changed by other hands.

    Example: mammo quarantine apply
    """
    from flows.cli.deciding import alarm, apply_every, apply_now, enter

    enter(number)
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
