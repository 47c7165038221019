"""How each line holds on to the one before it.

Version 1: SHA-256 over the JSON array `["mammo-audit", 1, id, at, actor, permit, action, object,
outcome, previous]`, in ASCII, without spaces; `at` in UTC as `2026-11-22T18:00:00.000001Z`. Whoever
changes, drops, adds or moves a line has to make all later ones anew, and an anchor that is kept
elsewhere shows that (`catalog.audit.proof`).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, select, text

from catalog.audit.records import Access, AccessEvent
from catalog.audit.tables import access_log
from catalog.columns import now

VERSION: Final = 1
BEGINNING: Final = "0" * 64
_LOCK: Final = 0x6175646974
"""Asked for by whoever adds lines, on PostgreSQL; SQLite has one writer at a time anyway."""


def digest_of(line: Access) -> str:
    """Give the digest that a line must have; empty for a version that is not known."""
    if line.version != VERSION:
        return ""
    event = AccessEvent(line.actor, line.permit_id, line.action, line.object, line.outcome)
    return _digest(line.id, line.at, event, line.previous)


def add(connection: Connection, events: Sequence[AccessEvent]) -> None:
    """Write lines at the end of the chain; nobody else writes any until this is committed."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    newest = select(access_log.c.id, access_log.c.digest).order_by(access_log.c.id.desc())
    last = connection.execute(newest.limit(1)).one_or_none()
    number, digest = (0, BEGINNING) if last is None else (last.id, last.digest)
    connection.execute(access_log.insert(), list(_lines(events, number, digest)))


def _lines(
    events: Sequence[AccessEvent], number: int, previous: str
) -> Iterator[Mapping[str, Any]]:
    at = now()
    for following, event in enumerate(events, number + 1):
        digest = _digest(following, at, event, previous)
        yield {
            "id": following,
            "at": at,
            "actor": event.actor,
            "permit_id": event.permit_id,
            "action": event.action,
            "object": event.object,
            "outcome": event.outcome,
            "version": VERSION,
            "previous": previous,
            "digest": digest,
        }
        previous = digest


def _digest(number: int, at: datetime, event: AccessEvent, previous: str) -> str:
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    said = (event.actor, event.permit_id, event.action, event.object, event.outcome)
    encoded = json.dumps(["mammo-audit", VERSION, number, moment, *said, previous], **_COMPACT)
    return hashlib.sha256(encoded.encode("ascii")).hexdigest()


_COMPACT: Final[dict[str, Any]] = {"ensure_ascii": True, "separators": (",", ":")}
