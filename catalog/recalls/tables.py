"""The table of recalls; the Holds of one refer to it."""

from sqlalchemy import JSON, CheckConstraint, Column, Integer, String, Table, Text

from catalog.columns import UtcDateTime, serial
from catalog.tables import metadata

__all__ = ["metadata", "recall"]

recall = Table(
    "recall",
    metadata,
    serial(),
    Column("criteria", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("who", String(255), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    # From then on the 72 hours of GDPR Article 33 run.
    Column("aware_at", UtcDateTime, nullable=False),
    # Placed at once; those on what was published later are counted beside them.
    Column("holds", Integer, nullable=False),
    Column("ended_by", String(255)),
    Column("ended_at", UtcDateTime),
    Column("end_reason", Text),
    CheckConstraint("aware_at <= at", name="aware"),
    CheckConstraint("(ended_by IS NULL) = (ended_at IS NULL)", name="ended"),
)
