"""The tables of erasure: what was asked, which objects went, and what stays of a release."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text

from catalog.columns import UtcDateTime, closed, reference, serial
from catalog.erasures.records import Store
from catalog.tables import DIGEST, metadata
from catalog.vocabulary import HoldScope

__all__ = ["erased_object", "erasure", "erasure_answer", "metadata", "tombstone"]

erasure = Table(
    "erasure",
    metadata,
    serial(),
    *closed("scope", HoldScope),
    Column("case", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("who", String(255), nullable=False),
    Column("studies", Integer, nullable=False),
    Column("instances", Integer, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    # By how much it raised the catalogue version above the highest revision.
    Column("raises", Integer, nullable=False, server_default="1"),
)

# The proof: a key is known until its object was seen to be gone, then only its digest is.
erased_object = Table(
    "erased_object",
    metadata,
    serial(),
    Column("erasure_id", ForeignKey("erasure.id"), nullable=False),
    *closed("store", Store),
    Column("key", String(255)),
    Column("key_sha256", DIGEST, nullable=False),
    Column("sha256", DIGEST, nullable=False),
    Column("gone_at", UtcDateTime),
    Index(None, "erasure_id", "gone_at"),
    CheckConstraint("(key IS NULL) = (gone_at IS NOT NULL)", name="gone"),
)

# What stays of an instance in a frozen release: that there was one.
tombstone = Table(
    "tombstone",
    metadata,
    serial(),
    Column("release_id", ForeignKey("release.id"), nullable=False, index=True),
    Column("erasure_id", ForeignKey("erasure.id"), nullable=False, index=True),
    Column("instances", reference(), nullable=False),
    CheckConstraint("instances > 0", name="instances"),
)

# What a region answered to an order to erase: the text as it was signed.
erasure_answer = Table(
    "erasure_answer",
    metadata,
    Column("order_id", ForeignKey("issued_order.id"), primary_key=True, autoincrement=False),
    Column("key_id", ForeignKey("region_key.id"), nullable=False),
    Column("statement", Text, nullable=False),
    Column("signature", String(128), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
)
