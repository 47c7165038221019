"""The tables of permits that were decided on: what each says, what it followed, what happened."""

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from catalog.columns import UtcDateTime, closed, one_of, serial
from catalog.lifecycle import Event
from catalog.tables import metadata

__all__ = ["metadata", "permit_decision", "permit_event"]

# A permit issued for development has no row here.
permit_decision = Table(
    "permit_decision",
    metadata,
    Column("permit_id", ForeignKey("permit.id"), primary_key=True),
    Column("application_id", ForeignKey("application.id"), nullable=False),
    # The first permit of those that followed one another, and which of them this is.
    Column("line", ForeignKey("permit.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("supersedes", ForeignKey("permit.id"), unique=True),
    Column("way", String(16), nullable=False),
    # How often the line was extended: once, at most (EHDS Art. 68(12)).
    Column("extensions", SmallInteger, nullable=False),
    Column("schema_version", SmallInteger, nullable=False),
    Column("content", JSON, nullable=False),
    UniqueConstraint("line", "number"),
    UniqueConstraint("application_id", "number"),
    one_of("way", (Event.GRANT, Event.AMEND, Event.EXTEND)),
    CheckConstraint("extensions IN (0, 1)", name="extensions"),
    CheckConstraint("(supersedes IS NULL) = (number = 1)", name="first"),
)

permit_event = Table(
    "permit_event",
    metadata,
    serial(),
    Column("permit_id", ForeignKey("permit.id"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(255), nullable=False),
    *closed("event", Event),
    Column("reason", Text, nullable=False),
)
