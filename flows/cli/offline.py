"""`mammo deid`: de-identify a folder with no server, rehearse that, or explain one rule."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.exits import NOT_ALL

if TYPE_CHECKING:
    from flows.deidentifier import Deidentifier

MAMMOGRAPHY = "mammography"

Source = Annotated[
    Path | None, typer.Argument(help="Folder or ZIP archive to read.", metavar="SRC")
]
Target = Annotated[
    Path | None,
    typer.Argument(help="New or empty folder, or one to go on with.", metavar="DST"),
]
Profile = Annotated[
    str, typer.Option(help="mammography, general, or a TOML file.", metavar="NAME|FILE")
]
Report = Annotated[
    Path | None,
    typer.Option(
        help="Private CSV that names every file; beside it a page (.html) and JSON "
        "(.json, .jsonl) that name none.",
        metavar="FILE.csv",
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(help="Keys to use, made if absent; without it, keys for this run only."),
]
Processes = Annotated[
    int | None,
    typer.Option(min=1, max=64, help="Processes; as many as processors, at most 8."),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would happen, and write nothing.")
]
Explain = Annotated[
    str | None,
    typer.Option(help="Say what becomes of an attribute: keyword or (gggg,eeee)."),
]


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(deid)


def deid(
    source: Source = None,
    target: Target = None,
    profile: Profile = MAMMOGRAPHY,
    report: Report = None,
    key_file: KeyFile = None,
    workers: Processes = None,
    explain: Explain = None,
    *,
    dry_run: DryRun = False,
) -> None:
    """De-identify a folder offline, with no server.

    DST then holds what an ingest would release. Of names only harmless words and counters stay.
    What is not released is absent from DST; the report says why. A run that was ended goes on when
    it is started again with the same --key-file. The exit code is 0 if every file was released, 3
    if some were held back, and 1 if the run failed or SRC holds no file.

    Example: mammo deid /mnt/export clean --report report.csv --key-file ~/mammo.key

    Rehearse it: mammo deid /mnt/export --dry-run --report rehearsal.csv

    Ask for a rule: mammo deid --explain StudyDescription --profile general
    """
    from flows import log

    if explain is not None:
        _explain(profile, explain)
        return
    source = _checked(source, target, report, dry_run=dry_run)
    log.configure()
    from flows.cli.offline_run import Order, run
    from flows.offline.workers import processors

    _require_places(source, target, key_file)
    deidentifier = _deidentifier(key_file, profile)
    order = Order(source, target, deidentifier, report, workers or processors())
    if not run(order, keyed=key_file is not None):
        raise typer.Exit(NOT_ALL)


def _require_places(source: Path, target: Path | None, key_file: Path | None) -> None:
    """Refuse what cannot be read or written before keys or anything else are made."""
    from flows.errors import KeyFileError
    from flows.offline.places import require_files, require_places
    from flows.offline.resume import is_begun

    if target is None:
        require_files(source)
        return
    require_places(source, target)
    if key_file is not None and is_begun(target) and not key_file.exists():
        message = (
            "there is no such --key-file; an unfinished run goes on with the one it began with"
        )
        raise KeyFileError(message)


def _deidentifier(key_file: Path | None, profile: str) -> "Deidentifier":
    """Load rules and keys; say so if new keys were made."""
    from flows.deidentifier import load, named_profile
    from flows.keys.sides import offline_keys

    named_profile(profile)  # if there is none, no keys are made
    new = key_file is not None and _is_new(key_file)
    made = load(offline_keys(key_file), profile)
    if new:
        typer.echo("mammo: new keys were made in --key-file; keep it: others make other pseudonyms")
    return made


def _is_new(key_file: Path) -> bool:
    """Tell whether a key file is to be made; its folder has to be there."""
    if not key_file.exists() and not key_file.parent.is_dir():
        message = "the folder of --key-file is not there; make it, or name the file that you have"
        raise typer.BadParameter(message)
    return not key_file.exists()


def _explain(profile: str, said: str) -> None:
    from deid.profiles.explain import lines
    from deid.profiles.tags import read_tag
    from flows.deidentifier import named_profile

    for line in lines(named_profile(profile), read_tag(said)):
        typer.echo(line)


def _checked(
    source: Path | None, target: Path | None, report: Path | None, *, dry_run: bool
) -> Path:
    """Give the source, if all that was said goes together."""
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
    elif report is not None and not report.parent.is_dir():
        wrong = "the report cannot be written there; check the folder of --report"
    if wrong or source is None:
        typer.echo(f"mammo: {wrong}", err=True)
        raise typer.Exit(1)
    return source
