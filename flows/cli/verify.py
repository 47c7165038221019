"""`mammo verify`: the second eye alone, over a folder of finished objects."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.exits import NOT_ALL

if TYPE_CHECKING:
    from flows.verify.looks import Verification
    from flows.verify.sought import Progress

Folder = Annotated[Path, typer.Argument(help="Folder of finished objects.", metavar="FOLDER")]
Against = Annotated[
    Path | None,
    typer.Option(
        help="The originals, a folder or ZIP archive: what identifies anybody in them is "
        "looked for in every object.",
        metavar="SRC",
    ),
]
Profile = Annotated[
    str, typer.Option(help="mammography, general, or a TOML file.", metavar="NAME|FILE")
]
Report = Annotated[
    Path | None,
    typer.Option(
        help="Write what was found (.csv or .json), and beside it a page (.html).",
        metavar="FILE",
    ),
]
Pixels = Annotated[
    bool, typer.Option("--pixels", help="Read the pixels and overlays again; much slower.")
]


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(verify)


def verify(
    folder: Folder,
    against: Against = None,
    profile: Profile = "mammography",
    report: Report = None,
    *,
    pixels: Pixels = False,
) -> None:
    """Look at finished objects with the second eye alone.

    Nothing is changed. It knows no rule of what made them. Without --against it finds what
    identifies anybody by its form, and whether an object is what it claims to be. The report holds
    no value and no name in which an identifier was found. The exit code is 0 if all files are
    clean, 3 if not all are or an original could not be read, and 1 if it failed or there was no
    file.

    Example: mammo verify clean --against /mnt/export --report found.csv
    """
    from flows import log

    _check(folder, report)
    log.configure()
    from deid.pixels.detection.text_reader import load_text_reader
    from flows.deidentifier import named_profile
    from flows.verify.folder import verify_folder
    from flows.verify.report import write

    chosen = named_profile(profile)
    with _watching() as progress:
        seen = verify_folder(
            folder,
            chosen,
            against=against,
            text_reader=load_text_reader() if pixels else None,
            progress=progress,
        )
    _tell(seen, reported=report is not None)
    if report is not None:
        typer.echo("written: " + ", ".join(str(path) for path in write(seen, report)))
    if not seen.clean:
        raise typer.Exit(NOT_ALL)


def _tell(seen: "Verification", *, reported: bool) -> None:
    from flows.verify.looks import MEANINGS, Seen
    from flows.verify.words import found

    for outcome, number in sorted(seen.tally.items()):
        typer.echo(f"{outcome:12} {number:6}  {MEANINGS[outcome]}")
    for what, number, files, means in found(seen):
        typer.echo(f"  {number:6} in {files} file{'s'[: files - 1]}: {what} ({means})")
    typer.echo(seen.verdict)
    if seen.unread and set(seen.tally) != {Seen.CLEAN}:
        typer.echo(seen.doubt)
    if not reported and any(look.findings for look in seen.looks):
        typer.echo("give --report FILE.csv to see where")


def _check(folder: Path, report: Path | None) -> None:
    from flows.verify.report import SUFFIXES

    wrong = ""
    if report is not None and report.suffix.lower() not in SUFFIXES:
        wrong = "the report's name must end in .csv or .json; a page is written beside it"
    elif report is not None and report.resolve().is_relative_to(folder.resolve()):
        wrong = "the report may not lie in FOLDER, where every file is looked at"
    if wrong:
        typer.echo(f"mammo: {wrong}", err=True)
        raise typer.Exit(1)


@contextmanager
def _watching() -> Iterator["Progress"]:
    from flows.progress import row

    with row("verify") as update:
        yield lambda doing, done, total: update(description=doing, completed=done, total=total)
