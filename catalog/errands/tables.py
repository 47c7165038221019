"""The tables of the console, in the region ledger's database; nothing in clear is identified."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, LargeBinary, String, Table, Text

from catalog.columns import UtcDateTime, closed, serial
from catalog.errands.records import ErrandKind, ErrandState
from catalog.ledgers.tables import metadata

__all__ = ["console_token", "console_visit", "errand", "metadata"]

errand = Table(
    "errand",
    metadata,
    Column("id", String(32), primary_key=True),
    *closed("kind", ErrandKind),
    Column("target", String(64), nullable=False),
    Column("who", String(128), nullable=False),
    *closed("state", ErrandState),
    # Sealed to the worker's public key; gone once it has ended.
    Column("sealed", LargeBinary),
    Column("answer", Text),
    Column("tries", Integer, nullable=False),
    Column("leased_by", String(128)),
    Column("leased_until", UtcDateTime),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index(None, "state", "asked_at"),
    CheckConstraint(
        "(state IN ('DONE', 'FAILED', 'EXPIRED')) = (ended_at IS NOT NULL)", name="ended"
    ),
    CheckConstraint("(sealed IS NULL) = (ended_at IS NOT NULL)", name="sealed"),
    CheckConstraint("(state = 'TAKEN') = (leased_by IS NOT NULL)", name="leased"),
)

console_token = Table(
    "console_token",
    metadata,
    Column("id", String(16), primary_key=True),
    # Whom it names, and the digest of its secret: the token itself is shown once and kept nowhere.
    Column("who", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("made_by", String(128), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)

# Who called what through the console, and how it ended; only ever added to.
console_visit = Table(
    "console_visit",
    metadata,
    serial(),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("who", String(64), nullable=False),
    Column("token", String(16), nullable=False),
    Column("action", String(100), nullable=False),
    Column("request", String(32), nullable=False),
    Column("errand", String(32), nullable=False),
    Column("outcome", String(16), nullable=False),
)
