"""The tables of applications: what was written, and everything that happened to it."""

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
)

from catalog.columns import UtcDateTime, closed, one_of, serial
from catalog.lifecycle import Event
from catalog.tables import DIGEST, metadata
from catalog.vocabulary import ApplicationState

__all__ = ["application", "application_event", "metadata"]

# The database itself refuses to change one that is decided or withdrawn (migration c0008).
application = Table(
    "application",
    metadata,
    serial(),
    Column("key", String(20), nullable=False, unique=True),
    Column("owner", String(255), nullable=False, index=True),
    Column("state", String(32), nullable=False),
    # Which version of the form it was written in.
    Column("schema_version", SmallInteger, nullable=False),
    Column("form", JSON, nullable=False),
    # Grows with every change, so that nobody writes over what he has not read.
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("submitted_at", UtcDateTime),
    one_of("state", ApplicationState),
    CheckConstraint("version >= 1", name="version"),
)

application_event = Table(
    "application_event",
    metadata,
    serial(),
    Column("application_id", ForeignKey("application.id"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(255), nullable=False),
    *closed("event", Event),
    Column("state", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    # Of the form as it then was.
    Column("sha256", DIGEST, nullable=False),
)
