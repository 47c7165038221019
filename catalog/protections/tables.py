"""The side table of protection flags, in the region ledger's database: no identity at rest."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, String, Table

from catalog.columns import closed
from catalog.ledgers.tables import metadata
from catalog.vocabulary import Flag

__all__ = ["metadata", "protection"]

protection = Table(
    "protection",
    metadata,
    Column("person", String(64), primary_key=True),
    # A local number without its issuer; of others the same as `person`.
    Column("number", String(64), nullable=False, index=True),
    *closed("protected", Flag),
    *closed("blocked", Flag),
    Column("as_of", Date, nullable=False, index=True),
    # A flag that came, and of which the hub has not been told yet.
    Column("protected_due", Boolean, nullable=False),
    Column("blocked_due", Boolean, nullable=False),
    CheckConstraint("NOT protected_due OR protected = 'YES'", name="protected_due"),
    CheckConstraint("NOT blocked_due OR blocked = 'YES'", name="blocked_due"),
)
