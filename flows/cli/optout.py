"""`mammo optout …`: who said no to secondary use, and takes it back (EHDS Article 71)."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import optout_sealed, place
from flows.cli.person import Who, person
from flows.cli.plural import counted

if TYPE_CHECKING:
    from catalog.protections.optouts import OptOuts, Word
    from catalog.vocabulary import OptOut

app = typer.Typer(help="Who opted out of secondary use (EHDS Article 71).", no_args_is_help=True)
for _command in (optout_sealed.seal, optout_sealed.receive, optout_sealed.received):
    app.command()(_command)
app.command("list-key")(optout_sealed.list_key)

Numbers = Annotated[
    Path | None,
    typer.Option(
        "--list", help="A CSV file: identifier[,issuer][,from]. Without it, one is asked for."
    ),
]
Issuer = Annotated[str, typer.Option(help="Who issued local numbers, as the PACS names them.")]
From = Annotated[
    str, typer.Option("--from", help="Since when it is so: a day, or a moment; now if not given.")
]


@app.command()
def enter(numbers: Numbers = None, issuer: Issuer = "", since: From = "", who: Who = "") -> None:
    """Enter that somebody opts out.

    Her number is asked for, or read from a file: never given on the command line. From now on
    nothing of hers leaves the region, and the hub gives nothing of hers to new permits; those
    granted before are not affected. No reason is needed.

    Example: mammo optout enter

    Many at once: mammo optout enter --list said-no.csv --issuer "Region Norr"
    """
    from catalog.vocabulary import OptOut

    _enter(OptOut.OUT, numbers, issuer, since, who)


@app.command()
def lift(numbers: Numbers = None, issuer: Issuer = "", since: From = "", who: Who = "") -> None:
    """Enter that somebody takes her opt-out back.

    Only what this region said is taken back. Nothing is deleted: that she was out, and when, is
    still known.

    Example: mammo optout lift
    """
    from catalog.vocabulary import OptOut

    _enter(OptOut.LIFTED, numbers, issuer, since, who)


@app.command("list")
def list_() -> None:
    """List all that was entered here, the oldest first.

    Nobody is named.

    Example: mammo optout list
    """
    place.enter("region")
    found = _register().every()
    if found:
        typer.echo(f"{'number':>7} {'person':7} {'says':6} {'since':16} {'entered':16} by")
    for mark, one in found:
        due = "" if one.told else "  the hub does not know: enter it again"
        typer.echo(
            f"{one.id:7} {mark}… {one.word:6} {_written(one.valid_from)} "
            f"{_written(one.recorded_at)} {one.who}{_source(one)}{due}"
        )
    if not found:
        typer.echo("nobody has said anything")


@app.command()
def status(
    at: Annotated[
        str, typer.Option(help="What was so, and known, at that moment; now if not given.")
    ] = "",
    known: Annotated[str, typer.Option(help="By what was known at another moment.")] = "",
    issuer: Issuer = "",
    permit: Annotated[
        str, typer.Option(help="At the hub: how it stood when a permit was granted; in numbers.")
    ] = "",
) -> None:
    """Tell whether somebody is opted out, or was at any moment.

    Her number is asked for. With --permit, at the hub: how opt-outs stood when it was granted.

    Example: mammo optout status --at 2026-03-01

    At the hub: mammo optout status --permit permit-1f2e3d4c
    """
    if permit:
        _decision(permit)
        return
    place.enter("region")
    from flows.moments import moment
    from flows.people.optouts import statement

    today = datetime.now(UTC)
    when, then = moment(at, today), moment(known or at, today)
    number = typer.prompt("Personal number", hide_input=True)
    register, whom = _register(), statement(number, issuer, today).whom
    out = register.is_out(whom, when, then)
    by = "" if then == when else f", by what was known at {_written(then)}"
    typer.echo(f"{'opted out' if out else 'not opted out'} at {_written(when)}{by}")
    for one in register.words(whom):
        if one.recorded_at <= then:
            typer.echo(
                f"  {one.word:6} since {_written(one.valid_from)}, entered "
                f"{_written(one.recorded_at)} by {one.who}{_source(one)}"
            )


def _decision(permit: str) -> None:
    place.enter("hub")
    from catalog.optouts.decisions import decision
    from flows import wiring

    found = decision(wiring.hub().catalogue, permit)
    typer.echo(f"granted                      {_written(found.granted_at)}")
    typer.echo(f"opted out then               {counted(found.out, 'pseudonym')}")
    typer.echo(f"in its releases, out since   {found.spared}  (not affected, Article 71(3))")
    typer.echo(f"in its releases, out before  {found.stopped}  (not served)")


def _enter(word: "OptOut", numbers: Path | None, issuer: str, since: str, who: str) -> None:
    place.enter("region")
    from flows import wiring
    from flows.moments import moment
    from flows.people.optouts import Statement, read_list, statement
    from flows.people.optouts import enter as say
    from flows.settings import RegionSettings

    valid_from = moment(since, datetime.now(UTC))
    if numbers is None:
        asked = typer.prompt("Personal number", hide_input=True)
        said: tuple[Statement, ...] = (statement(asked, issuer, valid_from),)
    else:
        said = read_list(numbers, issuer=issuer, valid_from=valid_from)
    parts, mine = wiring.region(), person(who, RegionSettings)
    done = say(said, word, parts.keys, parts.publisher, _register(), who=mine)
    typer.echo(f"{counted(done.persons, 'person')}, {done.new} new, {done.told} told to the hub")


def _register() -> "OptOuts":
    from flows.people import protection

    return protection.register()


def _source(word: "Word") -> str:
    return f", third party's list {word.source[:12]}" if word.source else ""


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"
