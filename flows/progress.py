"""One look for every progress bar."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)


def bar(console: Console | None = None) -> Progress:
    """Make a progress bar with a count, a word on the state, and the time."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
        console=console,
    )


@contextmanager
def counting(label: str, console: Console | None = None) -> Iterator[Callable[[int, int], None]]:
    """Show a bar while something counts: call what is given with how many are done, of how many."""
    with bar(console) as shown:
        row = shown.add_task(label, total=None, state="")
        yield lambda done, total: shown.update(row, completed=done, total=total)
        if shown.tasks[row].total is None:  # there was nothing to count
            shown.update(row, visible=False)
