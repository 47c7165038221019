"""What belongs to a release beside its objects: papers, deliveries, and what must be deleted."""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Integer, String, Table

from catalog.columns import UtcDateTime, reference, serial
from catalog.tables import DIGEST, metadata

__all__ = ["deletion", "delivery", "metadata", "release_paper"]

release_paper = Table(
    "release_paper",
    metadata,
    Column("release_id", ForeignKey("release.id"), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("key", String(255), nullable=False, index=True),
    Column("size", Integer, nullable=False),
    Column("sha256", DIGEST, nullable=False),
    CheckConstraint("size > 0", name="size"),
)

# Whole objects in a bucket of a secure processing environment, until their deletion is proven.
delivery = Table(
    "delivery",
    metadata,
    serial(),
    Column("release_id", ForeignKey("release.id"), nullable=False, index=True),
    Column("bucket", String(255), nullable=False),
    Column("who", String(255), nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("objects", Integer),
    Column("bytes", reference()),
    Column("deleted_at", UtcDateTime),
    Column("proof_sha256", DIGEST),
    CheckConstraint("(deleted_at IS NULL) = (proof_sha256 IS NULL)", name="deleted"),
)

# What an environment must delete once a permit has ended: a service account, or a bucket.
deletion = Table(
    "deletion",
    metadata,
    Column("permit_id", ForeignKey("permit.id"), primary_key=True),
    Column("environment", String(255), primary_key=True),
    Column("due_on", Date, nullable=False),
    Column("confirmed_at", UtcDateTime),
    Column("confirmed_by", String(255)),
    CheckConstraint("(confirmed_at IS NULL) = (confirmed_by IS NULL)", name="confirmed"),
)
