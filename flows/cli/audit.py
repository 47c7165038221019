"""`mammo audit …`: whether the ledger of accesses holds, and what it tells."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flows.cli import place
from flows.cli.audit_lines import anchors_in, list_lines, named, utc, verdict
from flows.cli.exits import NOT_ALL
from flows.cli.person import Who, note, person
from flows.cli.plural import counted

if TYPE_CHECKING:
    from sqlalchemy import Engine

app = typer.Typer(help="Who had what, and who decided what.", no_args_is_help=True)

_DAY = ["%Y-%m-%d"]
Since = Annotated[
    datetime | None, typer.Option(formats=_DAY, metavar="DAY", help="From this day on; UTC.")
]
Before = Annotated[
    datetime | None, typer.Option(formats=_DAY, metavar="DAY", help="Until this day began; UTC.")
]


@app.command()
def verify(
    anchors: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What `mammo audit anchor` wrote; kept elsewhere."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="An export (.jsonl) of the whole, in the ledger's place."
        ),
    ] = None,
) -> None:
    """Prove that no line was changed, dropped, added or moved.

    That its end was not cut off, and that the whole was not made anew, only an anchor proves. The
    exit code is 0 if the ledger holds, 3 if it does not, and 1 if it failed.

    Example: mammo audit verify --anchors /mnt/elsewhere/anchors.txt
    """
    from catalog import audit

    kept = anchors_in(anchors)
    if file is not None:
        with named(file), file.open(encoding="utf-8") as export:
            from catalog.audit.written import read

            found = verdict(read(export), kept)
    else:
        found = verdict(audit.entries(_catalogue()), kept)
    if found.broken is not None:
        typer.echo(f"line {found.broken.id}: {found.broken.fault}; {found.lines} lines hold")
        raise typer.Exit(NOT_ALL)
    span = f", {found.first} to {found.last.id}" if found.lines else ""
    typer.echo(f"{counted(found.lines, 'line')}{span}: each holds on to the one before")
    if not kept:
        typer.echo("without an anchor nobody can tell whether the end was cut off", err=True)


@app.command()
def anchor() -> None:
    """Print the newest line's number and digest.

    Keep them where nobody here can write.

    Example: mammo audit anchor | ssh elsewhere 'cat >> anchors.txt'
    """
    from catalog.audit import proof
    from catalog.errors import NotFoundError

    try:
        newest = proof.anchor(_catalogue())
    except NotFoundError:
        typer.echo("mammo: there is no line yet", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{newest} {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")


@app.command()
def export(
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="A new file; else here.")] = None,
    form: Annotated[
        Literal["jsonl", "csv"], typer.Option("--format", help="jsonl can be verified again.")
    ] = "jsonl",
    since: Since = None,
    before: Before = None,
    who: Who = "",
) -> None:
    """Write the ledger out, all of it or a stretch of days.

    Example: mammo audit export --since 2026-11-01 --format csv --to november.csv
    """
    from catalog.audit import ledger
    from catalog.audit.records import Wanted
    from catalog.audit.written import Format, written
    from flows.files.private_file import write_private

    engine = _catalogue()
    note(engine, who, "audit-export", "ledger")
    wanted = Wanted(since=utc(since), before=utc(before))
    out = written(ledger.lines(engine, wanted), Format(form))
    if to is None:
        for line in out:
            typer.echo(line, nl=False)
        return
    with named(to):
        write_private(to, (line.encode() for line in out))
    typer.echo(str(to))


@app.command("who-saw")
def who_saw(
    study: Annotated[str, typer.Argument(help="Its handle, or a UID, here or in any release.")],
    who: Who = "",
    *,
    refused: Annotated[bool, typer.Option(help="Who was refused, too.")] = False,
) -> None:
    """List every access to a study, over all permits.

    What is marked `release` had the list or the files of a whole release that the study is in.

    Example: mammo audit who-saw 6f1c2a9be0d94d0c8c6f5d3e1b7a4820
    """
    from catalog.audit import questions
    from catalog.errors import NotFoundError

    engine = _catalogue()
    try:
        key = questions.study_of(engine, study)
    except NotFoundError:
        typer.echo("mammo: there is no such study", err=True)
        raise typer.Exit(1) from None
    note(engine, who, "who-saw", f"study:{key}")
    seen = questions.who_saw(engine, study, refused=refused)
    list_lines((one.access, one.part) for one in seen)


@app.command("seen-by")
def seen_by(
    whom: Annotated[str, typer.Argument(help="`sub` of their tokens, or a user here.")],
    who: Who = "",
) -> None:
    """List all that somebody did, and was refused.

    A person, or a service account.

    Example: mammo audit seen-by researcher-1
    """
    from catalog.audit import questions
    from catalog.audit.records import MAX_OBJECT

    engine = _catalogue()
    note(engine, who, "seen-by", f"person:{whom}"[:MAX_OBJECT])
    list_lines((line, "") for line in questions.seen_by(engine, whom))


@app.command()
def remove(
    who: Who = "",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; else only tell.")] = False,
) -> None:
    """Remove lines that are old enough.

    Older than MAMMO_HUB_AUDIT_YEARS: ten, unless said otherwise.
    What stays can still be proven, and says what went. No line goes within a year.

    Example: mammo audit remove --yes
    """
    from catalog.audit import retention
    from flows import wiring
    from flows.settings import HubSettings

    engine = _catalogue()
    years = wiring.read(HubSettings).audit_years
    limit = datetime.now(UTC) - timedelta(days=366 * years)
    if yes:
        gone = retention.remove(engine, limit, who=person(who, HubSettings))
    else:
        gone = retention.old(engine, limit)
    lines = counted(gone.lines if gone else 0, "line")
    typer.echo(f"{lines} older than {limit:%Y-%m-%d} {'removed' if yes else 'could go'}")


def _catalogue() -> "Engine":
    place.enter("hub")
    from flows import wiring

    return wiring.hub().catalogue
