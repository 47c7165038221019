"""One look for every progress bar."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

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


class Update(Protocol):
    """Shows how far something has come."""

    def __call__(
        self, *, completed: int, total: int, description: str | None = None, state: str = ""
    ) -> None:
        """Show how many are done, of how many, and what is being done."""
        ...


@contextmanager
def row(label: str, console: Console | None = None) -> Iterator[Update]:
    """Show a bar that is updated by what is given; it goes if there was nothing to count."""
    with bar(console) as shown:
        task = shown.add_task(label, total=None, state="")

        def update(
            *, completed: int, total: int, description: str | None = None, state: str = ""
        ) -> None:
            shown.update(
                task, completed=completed, total=total, description=description, state=state
            )

        yield update
        if shown.tasks[task].total is None:
            shown.update(task, visible=False)


@contextmanager
def counting(label: str, console: Console | None = None) -> Iterator[Callable[[int, int], None]]:
    """Show a bar while something counts: call what is given with how many are done, of how many."""
    with row(label, console) as update:
        yield lambda done, total: update(completed=done, total=total)
