"""A plan of what is pushed: one run at a time says what has come to rest, all bring it in."""

from flows.exports.pushed import announce
from flows.exports.running import Run
from flows.sources.landing import Landing
from flows.sources.senders import Senders


def next_pushed(run: Run) -> bool:
    """Register an export of what has come to rest; tell whether one waits to be brought in.

    Two runs would announce the same studies: who comes second finds what the first registered.

    Raises:
        ExportRefusedError: The plan's decision is over.
    """
    with Senders(Landing(run.parts.landing)).alone(run.plan.id):
        if run.parts.ledger.rescans.exports(run.plan.id, unfinished=True):
            return True
        return announce(run) is not None
