"""The outbox of notices: due, sent, acknowledged; nothing in it is about one woman."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, String, Table, Text
from sqlalchemy.schema import UniqueConstraint

from catalog.columns import UtcDateTime, serial
from catalog.tables import metadata

__all__ = ["metadata", "notice"]

notice = Table(
    "notice",
    metadata,
    serial(),
    # What it is about: `recall:3`, `erasure:2` or `holds:2026-11-22`.
    Column("about", String(64), nullable=False),
    # Whom it goes to: the persons of a permit; without one, the authority.
    Column("permit_id", ForeignKey("permit.id"), index=True),
    Column("whom", String(64), nullable=False),
    Column("instances", Integer, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("sent_by", String(255)),
    Column("done_at", UtcDateTime),
    Column("done_by", String(255)),
    Column("note", Text),
    UniqueConstraint("about", "whom"),
    CheckConstraint("(sent_at IS NULL) = (sent_by IS NULL)", name="sent"),
    CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name="done"),
    CheckConstraint("(permit_id IS NULL) = (whom = 'IMY')", name="whom"),
)
