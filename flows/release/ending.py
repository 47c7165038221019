"""Every delivery that is begun ends in exactly one named outcome, with the reason."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Engine

from catalog.errors import CatalogError, PermitError
from catalog.releases import deliveries
from catalog.vocabulary import SendingOutcome
from flows.errors import FlowsError


@contextmanager
def named(catalogue: Engine, number: int) -> Iterator[None]:
    """Write down how a delivery ended, if anything stops it; what stopped it goes on.

    A process that is killed writes nothing: the next delivery there does.
    """
    try:
        yield
    except BaseException as error:
        stopped = isinstance(error, PermitError)
        outcome = SendingOutcome.STOPPED if stopped else SendingOutcome.BROKEN_OFF
        ours = isinstance(error, CatalogError | FlowsError)  # others may quote a value
        with suppress(CatalogError):
            why = str(error) if ours else type(error).__name__
            deliveries.fail(catalogue, number, outcome, why)
        raise
