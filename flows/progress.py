"""One look for every progress bar."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich import get_console
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

_NARROW = 100


def is_narrow(console: Console | None = None) -> bool:
    """Tell whether there is room for a few words only."""
    return (console or get_console()).width < _NARROW


def bar(console: Console | None = None) -> Progress:
    """Make a progress bar with a count, a word on the state, and the time.

    A narrow terminal gets no bar but the figures; what is no terminal gets nothing.
    """
    shown_on = console or get_console()
    columns: list[ProgressColumn] = [
        SpinnerColumn(),
        TextColumn("{task.description}"),
        MofNCompleteColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
    ]
    if not is_narrow(shown_on):
        columns.insert(2, BarColumn(bar_width=20))
    return Progress(*columns, console=shown_on, disable=not shown_on.is_terminal)


class Update(Protocol):
    """Shows how far something has come."""

    def __call__(
        self, *, completed: int, total: int, description: str | None = None, state: str = ""
    ) -> None:
        """Show how many are done, of how many, and what is being done."""
        ...


@contextmanager
def row(label: str, console: Console | None = None) -> Iterator[Update]:
    """Show a bar that is updated by what is given; it goes if there was nothing to count.

    It goes, too, if something goes wrong: what is said of that stands alone.
    """
    with bar(console) as shown:
        task = shown.add_task(label, total=None, state="")

        def update(
            *, completed: int, total: int, description: str | None = None, state: str = ""
        ) -> None:
            shown.update(
                task, completed=completed, total=total, description=description, state=state
            )

        counted = False
        try:
            yield update
            counted = shown.tasks[task].total is not None
        finally:
            shown.update(task, visible=counted)


@contextmanager
def counting(label: str, console: Console | None = None) -> Iterator[Callable[[int, int], None]]:
    """Show a bar while something counts: call what is given with how many are done, of how many."""
    with row(label, console) as update:
        yield lambda done, total: update(completed=done, total=total)
