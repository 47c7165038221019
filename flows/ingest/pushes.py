"""A plan of what is pushed: one run at a time says what has come to rest, all bring it in."""

from flows.exports.pushed import announce
from flows.exports.running import Run
from flows.ingest.alive import alive, is_alive


def next_pushed(run: Run) -> str | None:
    """Register an export of what has come to rest; None if there is nothing, or another run does.

    Raises:
        ExportRefusedError: The plan's decision is over.
    """
    name = f"pushed-{run.plan.id}"
    if is_alive(run.parts.landing, name):
        return None
    with alive(run.parts.landing, name):
        return announce(run)
