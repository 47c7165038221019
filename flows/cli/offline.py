"""`mammo deid`: de-identify a folder with no server, rehearse that, or explain one rule."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.outcome import Outcome
    from flows.deidentifier import Deidentifier
    from flows.offline.folder import Line, Step, Watch
    from flows.offline.report import Reporter

MAMMOGRAPHY = "mammography"


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(deid)


def deid(
    source: Annotated[
        Path | None, typer.Argument(help="Folder or ZIP archive to read.", metavar="SRC")
    ] = None,
    target: Annotated[
        Path | None,
        typer.Argument(help="New or empty folder, or one to go on with.", metavar="DST"),
    ] = None,
    profile: Annotated[
        str, typer.Option(help="mammography, general, or a TOML file.", metavar="NAME|FILE")
    ] = MAMMOGRAPHY,
    report: Annotated[
        Path | None,
        typer.Option(
            help="Private CSV that names every file; beside it a page (.html) and JSON "
            "(.json, .jsonl) that name none.",
            metavar="FILE.csv",
        ),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(help="Keys to use, made if absent; without it, keys for this run only."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Processes; as many as processors, at most 8."),
    ] = None,
    dry_run: Annotated[  # noqa: FBT002  # a switch
        bool, typer.Option("--dry-run", help="Say what would happen, and write nothing.")
    ] = False,
    explain: Annotated[
        str | None,
        typer.Option(help="Say what becomes of an attribute: keyword or (gggg,eeee)."),
    ] = None,
) -> None:
    """De-identify a folder offline: what an ingest would release, with no server.

    Of names only harmless words and counters stay. What is not released is absent from DST; the
    report says why. A run that was ended goes on when it is started again with the same
    --key-file. The exit code is 0 when every file has an outcome.

    Example: mammo deid /mnt/export clean --report report.csv --key-file ~/mammo.key

    Rehearse it: mammo deid /mnt/export --dry-run --report rehearsal.csv

    Ask for a rule: mammo deid --explain StudyDescription --profile general
    """
    from flows import log

    if explain is not None:
        _explain(profile, explain)
        return
    _check(source, target, report, dry_run=dry_run)
    if source is None:
        return
    log.configure()
    from flows.deidentifier import load
    from flows.keys.sides import offline_keys
    from flows.offline.workers import processors

    new = key_file is not None and not key_file.exists()
    if new and key_file is not None and not key_file.parent.is_dir():
        message = "the folder of --key-file is not there; make it, or name the file that you have"
        raise typer.BadParameter(message)
    deidentifier = load(offline_keys(key_file), profile)
    if new:
        typer.echo("mammo: new keys were made in --key-file; keep it: others make other pseudonyms")
    try:
        _run(source, None if dry_run else target, deidentifier, report, workers or processors())
    except KeyboardInterrupt:
        if not dry_run:
            kept = "what is done is kept; go on with the same command"
            lost = "it cannot go on, as it had no --key-file; empty DST to start anew"
            typer.echo(f"mammo: ended; {kept if key_file else lost}", err=True)
        raise


def _explain(profile: str, said: str) -> None:
    from deid.profiles.explain import lines
    from deid.profiles.tags import read_tag
    from flows.deidentifier import named_profile

    for line in lines(named_profile(profile), read_tag(said)):
        typer.echo(line)


def _check(source: Path | None, target: Path | None, report: Path | None, *, dry_run: bool) -> None:
    wrong = ""
    if source is None:
        wrong = "say what to read: mammo deid SRC DST (or --explain TAG); mammo deid --help"
    elif target is None and not dry_run:
        wrong = "say where clean files go: mammo deid SRC DST, or --dry-run to write none"
    elif target is not None and dry_run:
        wrong = "a dry run writes nothing, so leave DST out"
    elif report is not None and report.suffix.lower() != ".csv":
        wrong = "the report's name must end in .csv; other forms are written beside it"
    elif (
        report is not None
        and target is not None
        and report.resolve().is_relative_to(target.resolve())
    ):
        wrong = "the report maps names, so it may not lie in DST"
    if wrong:
        typer.echo(f"mammo: {wrong}", err=True)
        raise typer.Exit(1)


def _run(
    source: Path,
    target: Path | None,
    deidentifier: "Deidentifier",
    report: Path | None,
    workers: int,
) -> None:
    import time

    from flows.offline.folder import MEANINGS, REHEARSED, deidentify_folder, rehearse_folder
    from flows.offline.report import Reporter

    begun = time.monotonic()
    with Reporter(report) as reporter:
        with _watching(reporter) as watch:
            if target is None:
                listed = report is not None
                lines = rehearse_folder(
                    source, deidentifier, workers=workers, listed=listed, watch=watch
                )
            else:
                lines = deidentify_folder(
                    source, target, deidentifier, workers=workers, watch=watch
                )
        meanings = REHEARSED if target is None else MEANINGS
        reporter.finish(
            lines,
            deidentifier,
            mode="dry-run" if target is None else "deid",
            seconds=time.monotonic() - begun,
            meanings=meanings,
        )
    _say(lines, reporter, meanings, deidentifier, rehearsed=target is None)


@contextmanager
def _watching(reporter: "Reporter") -> Iterator["Watch"]:
    """Show a bar with files a second and outcomes so far."""
    import time

    from flows.offline.folder import Watch
    from flows.progress import bar

    begun: dict[str, float] = {}
    with bar() as shown:
        row = shown.add_task("read headers", total=None, state="")

        def progress(step: "Step") -> None:
            now = time.monotonic()
            seconds = now - begun.setdefault(step.doing, now)
            rate = f"{step.done / seconds:.1f} files/s" if seconds > 0 else ""
            counts = "  ".join(f"{name} {n}" for name, n in sorted(step.outcomes.items()))
            shown.update(
                row,
                description=step.doing,
                completed=step.done,
                total=step.total,
                state=f"{rate}  {counts}",
            )

        yield Watch(progress, reporter.add)
        if shown.tasks[row].total is None:  # there was nothing to count
            shown.update(row, visible=False)


def _say(
    lines: "tuple[Line, ...]",
    reporter: "Reporter",
    meanings: "Mapping[Outcome, str]",
    deidentifier: "Deidentifier",
    *,
    rehearsed: bool,
) -> None:
    from flows.offline.folder import tally

    for outcome, number in sorted(tally(lines).items()):
        typer.echo(f"{outcome:12} {number:6}  {meanings[outcome]}")
    for (ended, reason), number in reporter.run.reasons.most_common():
        typer.echo(f"  {number:6} {ended.lower()}: {reason}")
    _say_other_profile(reporter, deidentifier)
    if not lines:
        typer.echo("SRC holds no files")
    if rehearsed:
        _say_rules(reporter)
    if reporter.path is not None:
        typer.echo(f"{reporter.path} names every file; it maps names, so keep it private")
        others = ", ".join(str(path) for path in reporter.others)
        typer.echo(f"{others} name none")


def _say_other_profile(reporter: "Reporter", deidentifier: "Deidentifier") -> None:
    """Name the refused classes that the other shipped profile accepts."""
    from deid.profiles.tags import class_name
    from flows.deidentifier import named_profile

    accepted = {class_name(uid) for uid in deidentifier.profile.iods}
    refused = {name for name, number in reporter.run.refused.items() if number and name}
    if not refused <= accepted:
        general = {class_name(uid) for uid in named_profile("general").iods}
        for name in sorted((refused - accepted) & general):
            typer.echo(f"--profile general accepts {name}; mammo profile gate says how")


def _say_rules(reporter: "Reporter") -> None:
    """Group what would happen by attribute, what changes most first."""
    run = reporter.run
    typer.echo("\nwhat would become of attributes, all files together; --report has each one")
    for done, number in sorted(run.done.items()):
        typer.echo(f"  {done.lower():10} {number:8}")
    typer.echo(f"\n{'tag':12} {'attribute':36} {'action':7} {'done':9} {'met':>8}  clause")
    rules = sorted(run.rules.items(), key=lambda rule: (rule[0].tag, rule[0]))
    for applied, (many, _, _) in rules:
        name = applied.keyword[:36]
        typer.echo(
            f"{applied.tag:12} {name:36} {applied.action:7} {applied.done.lower():9} "
            f"{many:8}  {applied.clause}"
        )
