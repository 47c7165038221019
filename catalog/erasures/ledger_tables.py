"""What a region erased by order, in its ledger's database: no identity, and what stays out."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, String, Table, Text

from catalog.columns import UtcDateTime
from catalog.ledgers.tables import INDEX, metadata

__all__ = ["erased_order", "erased_study", "metadata"]

# By the keyed hash of its UID a study is refused that comes again, until a person lets it in.
erased_study = Table(
    "erased_study",
    metadata,
    Column("study_uid_index", INDEX, primary_key=True),
    Column("order_id", ForeignKey("received_order.id"), nullable=False, index=True),
    Column("erased_at", UtcDateTime, nullable=False),
    Column("lifted_at", UtcDateTime),
    Column("lifted_by", String(128)),
    Column("lift_reason", Text),
    CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="lifted"),
)

# The proof: counts, the statement as it was signed, and when the hub had it.
erased_order = Table(
    "erased_order",
    metadata,
    Column("order_id", ForeignKey("received_order.id"), primary_key=True),
    Column("who", String(128), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("files", Integer, nullable=False),
    Column("statement", Text, nullable=False),
    Column("signature", String(128), nullable=False),
    Column("told_at", UtcDateTime),
)
