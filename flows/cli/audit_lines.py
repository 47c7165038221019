"""How `mammo audit` shows lines, and what it reads from files."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from catalog.audit import Access
    from catalog.audit.proof import Anchor, Verdict


def list_lines(rows: "Iterable[tuple[Access, str]]") -> None:
    """List lines, each with a word, below a head; say so if there are none."""
    head = f"{'line':>8} {'when (UTC)':19} {'who':20} {'permit':16} {'did':12} what, how it ended"
    for line, part in rows:
        if head:
            typer.echo(head)
            head = ""
        typer.echo(
            f"{line.id:8} {line.at:%Y-%m-%d %H:%M:%S} {line.actor:20} {line.permit_id or '-':16} "
            f"{line.action:12} {line.object} {line.outcome} {part}".rstrip()
        )
    if head:
        typer.echo("nothing")


def verdict(lines: "Iterable[Access]", anchors: "tuple[Anchor, ...]") -> "Verdict":
    """Verify lines, and show how far that is."""
    from catalog.audit.proof import verify
    from flows.progress import bar

    with bar() as shown:
        task = shown.add_task("lines", total=None, state="hold")
        return verify(lines, anchors, progress=lambda done: shown.update(task, completed=done))


def anchors_in(path: Path | None) -> "tuple[Anchor, ...]":
    """Read the anchors of a file; none without one."""
    from catalog.audit.proof import read_anchors

    if path is None:
        return ()
    with named(path):
        return read_anchors(path.read_text(encoding="utf-8").splitlines())


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Say in one line which file it is that cannot be read or written."""
    try:
        yield
    except (OSError, ValueError) as error:
        typer.echo(f"mammo: {path}: {type(error).__name__}", err=True)
        raise typer.Exit(1) from None


def utc(day: datetime | None) -> datetime | None:
    """Give the moment at which a day begins in UTC."""
    return None if day is None else day.replace(tzinfo=UTC)
