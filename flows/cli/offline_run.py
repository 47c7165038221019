"""One run of `mammo deid`, watched on the terminal, and what is said if Ctrl-C ends it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import typer

from catalog.outcome import Outcome
from flows.cli.offline_lines import say
from flows.deidentifier import Deidentifier
from flows.offline.folder import WRITING, deidentify_folder, rehearse_folder
from flows.offline.lines import MEANINGS, REHEARSED, Line, Step, Watch
from flows.offline.report import Reporter
from flows.offline.resume import state_of
from flows.progress import is_narrow, row


@dataclass(frozen=True, repr=False)
class Order:
    """What to run: without a target it is a rehearsal."""

    source: Path
    target: Path | None
    deidentifier: Deidentifier
    report: Path | None
    workers: int


def run(order: Order, *, keyed: bool) -> bool:
    """Run over a folder, and tell whether every file of it was released.

    Args:
        order: What to run.
        keyed: Whether its keys come from a file, so that it can go on.
    """
    seen = _Seen()
    try:
        lines = _reported(order, seen)
    except KeyboardInterrupt:
        typer.echo(f"mammo: ended; {_kept(order.target, seen.last, keyed=keyed)}", err=True)
        raise
    return {line.outcome for line in lines} == {Outcome.ADMITTED}


@dataclass(repr=False)
class _Seen:
    """How far a run had come when it was last told, and when it began what it does."""

    last: Step | None = None
    begun: dict[str, float] = field(default_factory=dict)


def _reported(order: Order, seen: _Seen) -> tuple[Line, ...]:
    begun, rehearsed = time.monotonic(), order.target is None
    meanings = REHEARSED if rehearsed else MEANINGS
    with Reporter(order.report) as reporter:
        with _watching(reporter, seen) as watch:
            lines = _lines(order, watch)
        reporter.finish(
            lines,
            order.deidentifier,
            mode="dry-run" if rehearsed else "deid",
            seconds=time.monotonic() - begun,
            meanings=meanings,
        )
    say(lines, reporter, meanings, order.deidentifier, rehearsed=rehearsed)
    return lines


def _lines(order: Order, watch: Watch) -> tuple[Line, ...]:
    if order.target is not None:
        return deidentify_folder(
            order.source, order.target, order.deidentifier, workers=order.workers, watch=watch
        )
    listed = order.report is not None
    return rehearse_folder(
        order.source, order.deidentifier, workers=order.workers, listed=listed, watch=watch
    )


def _kept(target: Path | None, last: Step | None, *, keyed: bool) -> str:
    """Say after Ctrl-C what is kept, and how to go on."""
    if target is None:
        return "a dry run keeps nothing"
    if not state_of(target).exists():
        return "no clean file was finished; the next run begins anew"
    if not keyed:
        return "it cannot go on, as it had no --key-file; empty DST to start anew"
    if last is None or last.doing != WRITING:
        return "what earlier runs did is kept; go on with the same command"
    return f"{last.done} of {last.total} files are done and kept; go on with the same command"


@contextmanager
def _watching(reporter: Reporter, seen: _Seen) -> Iterator[Watch]:
    """Show a bar with files a second and outcomes so far."""
    with row("read headers") as update:

        def progress(step: Step) -> None:
            seen.last = step
            update(
                description=step.doing,
                completed=step.done,
                total=step.total,
                state=_state(step, time.monotonic(), seen.begun),
            )

        yield Watch(progress, reporter.add)


def _state(step: Step, now: float, begun: dict[str, float]) -> str:
    """Tell files a second and outcomes, as far as the terminal is wide enough."""
    seconds = now - begun.setdefault(step.doing, now)
    if is_narrow():
        clean = step.outcomes[Outcome.ADMITTED]
        held = step.outcomes.total() - clean
        return f"{clean} clean" + (f", {held} not" if held else "") if step.outcomes else ""
    rate = f"{step.done / seconds:.1f} files/s" if seconds > 0 else ""
    counts = "  ".join(f"{name} {n}" for name, n in sorted(step.outcomes.items()))
    return f"{rate}  {counts}"
