"""Moments as people type them: a day, or a date and time with its zone."""

from contextlib import suppress
from datetime import UTC, date, datetime, time

from flows.errors import SourceError


def moment(text: str, otherwise: datetime) -> datetime:
    """Read a day, which begins at midnight UTC, or a moment with its zone.

    Without a zone a moment is an hour or two off, here or where it is read: it is refused.

    Args:
        text: What was typed; empty: `otherwise`.
        otherwise: Now.

    Raises:
        SourceError: It is neither, or has not come.
    """
    said = text.strip()
    if not said:
        return otherwise
    told = _day(said) or _with_zone(said)
    if told > otherwise:
        message = "it cannot be from a moment that has not come"
        raise SourceError(message)
    return told


def _day(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        return None


def _with_zone(text: str) -> datetime:
    with suppress(ValueError, OverflowError):
        told = datetime.fromisoformat(text)
        if told.tzinfo is not None:
            return told.astimezone(UTC)
    message = "a moment is written as 2026-11-22, or with its zone: 2026-11-22T10:00:00+01:00"
    raise SourceError(message)
