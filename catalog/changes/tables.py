"""The tables of changes at sources, in the region ledger's database: UIDs as keyed hashes only."""

from sqlalchemy import Column, ForeignKey, Integer, String, Table, UniqueConstraint

from catalog.columns import UtcDateTime, serial
from catalog.ledgers.tables import INDEX, metadata

__all__ = ["metadata", "missed", "rejection", "rescan"]

rejection = Table(
    "rejection",
    metadata,
    serial(),
    Column("holder_id", String(64), nullable=False),
    Column("note_index", INDEX, nullable=False),
    Column("sop_uid_index", INDEX, nullable=False, index=True),
    Column("code", String(16), nullable=False),
    Column("export_id", ForeignKey("export.id"), nullable=False),
    Column("entered_at", UtcDateTime, nullable=False),
    # When what is published of it was held; a person may have lifted that since.
    Column("held_at", UtcDateTime),
    UniqueConstraint("holder_id", "note_index", "sop_uid_index"),
)

rescan = Table(
    "rescan",
    metadata,
    serial(),
    Column("plan_id", ForeignKey("plan.id"), nullable=False),
    Column("export_id", ForeignKey("export.id"), unique=True),
    Column("studies", Integer, nullable=False),
    Column("looked_at", UtcDateTime, nullable=False, index=True),
    Column("ended_at", UtcDateTime),
)

missed = Table(
    "missed",
    metadata,
    serial(),
    Column("plan_id", ForeignKey("plan.id"), nullable=False),
    Column("sop_uid_index", INDEX, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("held_at", UtcDateTime),
    UniqueConstraint("plan_id", "sop_uid_index"),
)
