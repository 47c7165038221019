"""Structured logs: one JSON object a line, on standard error, with nothing identified in them."""

import logging
import sys
import warnings
from collections.abc import MutableMapping
from typing import Any

import structlog

#: The only keys an event may carry. A key that is not listed is dropped, so that a careless
#: `log.info("…", path=path)` cannot leak a folder name.
ALLOWED = frozenset(
    {"event", "level", "timestamp", "part", "error", "attempt", "seconds", "bytes"}
    | {"holder", "export", "study", "item", "outcome", "reason", "count", "counts", "claimed"}
    | {"permit", "release"}
)


def drop_unlisted(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Keep only the keys that are known to be harmless."""
    return {key: value for key, value in event.items() if key in ALLOWED}


def configure() -> None:
    """Set up structured logging for this process, and silence libraries that print values."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            drop_unlisted,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Their warnings and debug lines quote element values, and whole data sets.
    for name in ("pydicom", "pynetdicom"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", module=r"py(net)?dicom(\.|$)")


def get() -> structlog.typing.FilteringBoundLogger:
    """Return the process's logger."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger
