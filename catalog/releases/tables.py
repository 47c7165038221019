"""What belongs to a release beside its objects: papers, and where it was delivered."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, String, Table

from catalog.columns import UtcDateTime, one_of, reference, serial
from catalog.tables import DIGEST, metadata
from catalog.vocabulary import SendingOutcome

__all__ = ["delivery", "metadata", "release_paper"]

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
    # How it ended, and why if not whole: one of the closed reasons, or the kind of an error.
    Column("outcome", String(16)),
    Column("ended_as", String(255)),
    one_of("outcome", SendingOutcome),
    CheckConstraint("(outcome = 'WHOLE') = (finished_at IS NOT NULL)", name="whole"),
    CheckConstraint("(deleted_at IS NULL) = (proof_sha256 IS NULL)", name="deleted"),
)
