"""What environments must delete, and said to have deleted: single objects, and all of a permit."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table

from catalog.columns import UtcDateTime, serial
from catalog.tables import DIGEST, UID, metadata

__all__ = ["deletion", "metadata", "permit_deletion"]

# What is held is found by its Holds. What was erased has no row but this: its UIDs in a permit's
# releases stay until the environment says that it is gone there too, and then only a digest does.
deletion = Table(
    "deletion",
    metadata,
    serial(),
    Column("account_id", ForeignKey("service_account.id"), nullable=False),
    Column("permit_id", ForeignKey("permit.id"), nullable=False, index=True),
    Column("study_uid", UID),
    Column("sop_uid", UID),
    Column("sop_sha256", DIGEST, nullable=False),
    Column("erasure_id", ForeignKey("erasure.id"), index=True),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime),
    Column("deleted_at", UtcDateTime),
    Column("said_by", String(200)),
    Column("proof_sha256", DIGEST),
    Index(None, "account_id", "permit_id", "sop_sha256"),
    CheckConstraint("erasure_id IS NOT NULL OR confirmed_at IS NOT NULL", name="why"),
    CheckConstraint("(sop_uid IS NULL) = (study_uid IS NULL)", name="uids"),
    CheckConstraint(
        "(confirmed_at IS NULL) = (deleted_at IS NULL)"
        " AND (confirmed_at IS NULL) = (said_by IS NULL)"
        " AND (sop_uid IS NOT NULL OR confirmed_at IS NOT NULL)",
        name="confirmed",
    ),
)

# That all of a permit that ended is deleted: at a service account's, or in a bucket. What is due
# follows from permits and deliveries.
permit_deletion = Table(
    "permit_deletion",
    metadata,
    Column("permit_id", ForeignKey("permit.id"), primary_key=True),
    Column("environment", String(255), primary_key=True),
    Column("confirmed_at", UtcDateTime, nullable=False),
    Column("confirmed_by", String(255), nullable=False),
    Column("deleted_at", UtcDateTime, nullable=False),
    Column("said_by", String(255), nullable=False),
    Column("proof_sha256", DIGEST),
)
