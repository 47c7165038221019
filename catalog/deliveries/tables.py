"""The tables of orders by criteria, and of what was delivered for which permits."""

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from catalog.columns import UtcDateTime, closed, one_of
from catalog.tables import metadata
from catalog.vocabulary import DeliveryState, Ground

__all__ = ["delivered_for", "delivery_order", "metadata"]

delivery_order = Table(
    "delivery_order",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("permit_id", ForeignKey("permit.id"), nullable=False, index=True),
    # The first permit of those that followed one another: all of them may use what comes.
    Column("line", ForeignKey("permit.id"), nullable=False),
    Column("holder_id", ForeignKey("holder.id"), nullable=False),
    Column("criteria", JSON, nullable=False),
    Column("purposes", JSON, nullable=False),
    *closed("state", DeliveryState),
    Column("asked_at", UtcDateTime, nullable=False),
    # With its signature the clock begins; until `due_on`, that day included.
    Column("sent_at", UtcDateTime),
    Column("sequence", Integer),
    Column("due_on", Date),
    Column("prolonged_by", String(255)),
    Column("prolonged_why", Text),
    Column("ended_at", UtcDateTime),
    # Of a refusal; and of a delivery, how many objects ended how.
    Column("ground", String(16)),
    Column("counts", JSON(none_as_null=True)),
    one_of("ground", Ground),
    CheckConstraint("(sent_at IS NULL) = (due_on IS NULL)", name="clock"),
    CheckConstraint("(prolonged_by IS NULL) = (prolonged_why IS NULL)", name="prolonged"),
    CheckConstraint(
        "(state IN ('DELIVERED', 'REFUSED', 'WITHDRAWN')) = (ended_at IS NOT NULL)", name="ended"
    ),
    CheckConstraint("(state = 'REFUSED') = (ground IS NOT NULL)", name="refused"),
    Index(None, "line", "holder_id"),
)

# One row is written when an object comes under an order, be it new or known; it goes with it.
delivered_for = Table(
    "delivered_for",
    metadata,
    Column("line", ForeignKey("permit.id"), primary_key=True),
    Column("instance_id", ForeignKey("instance.id", ondelete="CASCADE"), primary_key=True),
    Column("order_id", ForeignKey("delivery_order.id"), nullable=False),
    Index(None, "instance_id"),
)
