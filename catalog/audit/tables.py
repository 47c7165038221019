"""The ledger of access, and up to where its lines were removed for their age."""

from sqlalchemy import Column, Index, SmallInteger, String, Table

from catalog.columns import UtcDateTime, reference, serial
from catalog.tables import DIGEST, metadata

__all__ = ["access_log", "audit_checkpoint", "metadata"]

access_log = Table(
    "access_log",
    metadata,
    serial(),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(255), nullable=False),
    Column("permit_id", String(64), nullable=False),
    Column("action", String(64), nullable=False),
    Column("object", String(255), nullable=False),
    Column("outcome", String(64), nullable=False),
    # Each line holds on to the one before (`catalog.audit.chain`).
    Column("version", SmallInteger, nullable=False),
    Column("previous", DIGEST, nullable=False),
    Column("digest", DIGEST, nullable=False),
    Index(None, "permit_id", "at"),
    Index(None, "permit_id", "object"),
    Index(None, "actor", "at"),
)

# Only ever added to. The database lets a line go only if a checkpoint is behind it.
audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    # The last line removed, and its digest: what the first line that stays holds on to.
    Column("through", reference(), primary_key=True, autoincrement=False),
    Column("digest", DIGEST, nullable=False),
    Column("made_by", String(255), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
)
