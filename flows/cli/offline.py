"""`mammo deid`: de-identify a folder with no server."""

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(deid)


def deid(
    source: Annotated[Path, typer.Argument(help="Folder or ZIP archive to read.", metavar="SRC")],
    target: Annotated[Path, typer.Argument(help="New or empty folder.", metavar="DST")],
    report: Annotated[
        Path | None,
        typer.Option(help="Write a CSV that names every file and its outcome; keep it private."),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(help="Keys to use, made if absent; without it, keys for this run only."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Files in work at a time.")] = 2,
) -> None:
    """De-identify a folder offline: a dry run of what an ingest would release.

    Names stay, except for parts in which an identifier is found. What is not released is absent
    from DST; the report says why. The exit code is 0 when every file has an outcome.

    Example: mammo deid /mnt/export/2026-11 clean --report report.csv
    """
    from flows import log
    from flows.cli.progress import counting
    from flows.deidentifier import load
    from flows.keys import offline_keys
    from flows.offline import MEANINGS, deidentify_folder, tally, write_report

    if report is not None and report.resolve().is_relative_to(target.resolve()):
        typer.echo("mammo: the report maps names, so it may not lie in DST", err=True)
        raise typer.Exit(1)
    log.configure()
    deidentifier = load(offline_keys(key_file))
    with counting("de-identify") as progress:
        lines = deidentify_folder(source, target, deidentifier, workers=workers, progress=progress)
    if report is not None:
        write_report(lines, report)
    for outcome, number in sorted(tally(lines).items()):
        typer.echo(f"{outcome:12} {number:6}  {MEANINGS[outcome]}")
    if not lines:
        typer.echo("SRC holds no files")
    if report is not None:
        typer.echo(f"{report} names every file; it maps names, so keep it private")
