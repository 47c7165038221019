"""The table of received orders, in the region ledger's database; nothing in it is identified."""

from sqlalchemy import CheckConstraint, Column, Integer, String, Table, Text

from catalog.arrivals.records import OrderKind
from catalog.columns import UtcDateTime, closed
from catalog.ledgers.tables import metadata
from catalog.orders.records import OrderState

__all__ = ["metadata", "received_order"]

received_order = Table(
    "received_order",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("sequence", Integer, nullable=False, unique=True),
    *closed("kind", OrderKind),
    Column("body", Text, nullable=False),
    *closed("state", OrderState),
    Column("why", String(200), nullable=False),
    Column("who", String(128), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("decided_at", UtcDateTime),
    CheckConstraint("sequence >= 1", name="sequence"),
    CheckConstraint("(state = 'WAITING') = (decided_at IS NULL)", name="decided"),
)
