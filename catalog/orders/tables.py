"""Received orders, and who looked where one led, in the region ledger's database."""

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
)

from catalog.arrivals.records import OrderKind
from catalog.columns import UtcDateTime, closed, one_of, serial
from catalog.ledgers.tables import metadata
from catalog.orders.records import ANSWERED, OrderState
from catalog.vocabulary import Ground

__all__ = ["cohort_order", "metadata", "received_order", "trace_back"]

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

# Who was given the accession numbers of an order, each time; rows are only ever added.
trace_back = Table(
    "trace_back",
    metadata,
    serial(),
    Column("order_id", ForeignKey("received_order.id"), nullable=False, index=True),
    Column("who", String(128), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("found", Integer, nullable=False),
)

# What an order by criteria has besides: its clock, the plan that fulfils it, what the hub was told.
cohort_order = Table(
    "cohort_order",
    metadata,
    Column("order_id", ForeignKey("received_order.id"), primary_key=True),
    Column("holder_id", String(64), nullable=False),
    Column("due_on", Date, nullable=False),
    Column("plan_id", ForeignKey("plan.id")),
    Column("ground", String(16)),
    Column("done_at", UtcDateTime),
    Column("counts", JSON(none_as_null=True)),
    Column("told", String(16)),
    one_of("ground", Ground),
    one_of("told", ANSWERED),
)
