"""Up to where lines of the ledger were removed for their age; the ledger itself is `access_log`."""

from sqlalchemy import Column, String, Table

from catalog.columns import UtcDateTime, reference
from catalog.tables import DIGEST, access_log, metadata

__all__ = ["access_log", "audit_checkpoint", "metadata"]

# Only ever added to. The database lets a line go only if a checkpoint is behind it.
audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    # The last line removed, and its digest: what the first line that stays holds on to.
    Column("through", reference(), primary_key=True, autoincrement=False),
    Column("digest", DIGEST, nullable=False),
    Column("made_by", String(255), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
)
