"""Nothing identified in an exception: whatever goes wrong is told by its kind alone."""

from collections.abc import Iterator
from contextlib import contextmanager

from catalog.errors import CatalogError
from flows import log
from flows.errors import FlowsError, StudyError


@contextmanager
def silenced(part: str, **known: str | int) -> Iterator[None]:
    """Let no exception through that could quote an identifier: paths, UIDs, SQL, values.

    Errors of our own rooms say nothing identified and pass; everything else is told by its type.
    """
    try:
        yield
    except (FlowsError, CatalogError) as error:
        log.get().error("failed", part=part, error=str(error), **known)
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is, its text may quote a value
        kind = type(error).__name__
        log.get().error("failed", part=part, error=kind, **known)
        message = f"{part} failed: {kind}"
        raise StudyError(message) from None
