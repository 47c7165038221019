"""The hub's table of significant findings; which woman it is, it never says."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, String, Table, Text

from catalog.columns import UtcDateTime, serial
from catalog.tables import UID, metadata

__all__ = ["finding", "metadata"]

finding = Table(
    "finding",
    metadata,
    serial(),
    Column("permit_id", ForeignKey("permit.id"), nullable=False, index=True),
    # As the permit's release names it; what it is in the space is looked up, not kept.
    Column("release_uid", UID, nullable=False),
    Column("reason", Text, nullable=False),
    Column("reported_by", String(255), nullable=False),
    Column("reported_at", UtcDateTime, nullable=False),
    Column("confirmed_by", String(255)),
    Column("confirmed_at", UtcDateTime),
    Column("region_id", ForeignKey("region.id")),
    Column("order_id", String(32)),
    CheckConstraint(
        "(confirmed_by IS NULL) = (confirmed_at IS NULL)"
        " AND (confirmed_by IS NULL) = (order_id IS NULL)"
        " AND (confirmed_by IS NULL) = (region_id IS NULL)",
        name="confirmed",
    ),
    CheckConstraint("confirmed_by <> reported_by", name="two"),
)
