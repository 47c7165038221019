"""The tables of the intake: whose key is whose, how much came, what waits, what was ordered."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from catalog.arrivals.records import ArrivalState, OrderKind
from catalog.columns import UtcDateTime, closed, reference, serial
from catalog.tables import DIGEST, metadata

__all__ = [
    "arrival",
    "intake_limit",
    "intake_nonce",
    "intake_usage",
    "issued_order",
    "metadata",
    "region_key",
]

region_key = Table(
    "region_key",
    metadata,
    # The first half of the SHA-256 digest of the public key: what a signature names it by.
    Column("id", String(32), primary_key=True),
    Column("region_id", ForeignKey("region.id"), nullable=False, index=True),
    Column("public_key", String(64), nullable=False),
    Column("added_by", String(255), nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Column("revoked_by", String(255)),
    Column("revoked_at", UtcDateTime),
    CheckConstraint("(revoked_by IS NULL) = (revoked_at IS NULL)", name="revoked"),
)

intake_limit = Table(
    "intake_limit",
    metadata,
    Column("region_id", ForeignKey("region.id"), primary_key=True),
    Column("objects_a_day", reference(), nullable=False),
    Column("bytes_a_day", reference(), nullable=False),
    # Until then it may merge Subjects of whom other regions have images, too.
    Column("merges_until", Date),
    CheckConstraint("objects_a_day >= 0 AND bytes_a_day >= 0", name="limits"),
)

intake_usage = Table(
    "intake_usage",
    metadata,
    Column("region_id", ForeignKey("region.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("objects", reference(), nullable=False),
    Column("bytes", reference(), nullable=False),
)

intake_nonce = Table(
    "intake_nonce",
    metadata,
    Column("key_id", ForeignKey("region_key.id"), primary_key=True),
    Column("nonce", String(64), primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
)

arrival = Table(
    "arrival",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("region_id", ForeignKey("region.id"), nullable=False),
    Column("holder_id", ForeignKey("holder.id"), nullable=False),
    Column("export_id", String(64), nullable=False),
    Column("study_ordinal", Integer, nullable=False),
    Column("sha256", DIGEST, nullable=False),
    # The record as it was posted; empty once it is settled.
    Column("message", Text, nullable=False),
    *closed("state", ArrivalState),
    Column("answer", Text, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Index(None, "state", "received_at"),
    Index(None, "region_id", "sha256"),
    CheckConstraint("(state = 'RECEIVED') = (settled_at IS NULL)", name="settled"),
)

issued_order = Table(
    "issued_order",
    metadata,
    serial(),
    Column("region_id", ForeignKey("region.id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    *closed("kind", OrderKind),
    Column("body", Text, nullable=False),
    Column("signature", String(128), nullable=False),
    Column("issued_by", String(255), nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    UniqueConstraint("region_id", "sequence"),
    CheckConstraint("sequence >= 1", name="sequence"),
)
