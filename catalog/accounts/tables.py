"""The tables of service accounts."""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, String, Table, Text

from catalog.columns import UtcDateTime
from catalog.tables import metadata

__all__ = [
    "metadata",
    "service_account",
    "service_assertion",
    "service_key",
    "service_token",
]

service_account = Table(
    "service_account",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("valid_until", Date, nullable=False),
    # Into which the hub delivers what the account may have; it is nobody else's.
    Column("bucket", String(63), unique=True, index=True),
    Column("added_by", String(255), nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Column("revoked_by", String(255)),
    Column("revoked_at", UtcDateTime),
    CheckConstraint("(revoked_by IS NULL) = (revoked_at IS NULL)", name="revoked"),
)

service_key = Table(
    "service_key",
    metadata,
    # The thumbprint of the public key (RFC 7638): one key is one account's.
    Column("id", String(43), primary_key=True),
    Column("account_id", ForeignKey("service_account.id"), nullable=False, index=True),
    Column("jwk", Text, nullable=False),
    Column("added_by", String(255), nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Column("revoked_by", String(255)),
    Column("revoked_at", UtcDateTime),
    CheckConstraint("(revoked_by IS NULL) = (revoked_at IS NULL)", name="revoked"),
)

service_assertion = Table(
    "service_assertion",
    metadata,
    Column("account_id", ForeignKey("service_account.id"), primary_key=True),
    Column("jti", String(64), primary_key=True),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

service_token = Table(
    "service_token",
    metadata,
    # SHA-256 of the token, hexadecimal; the token itself is nowhere.
    Column("digest", String(64), primary_key=True),
    Column("account_id", ForeignKey("service_account.id"), nullable=False),
    Column("key_id", ForeignKey("service_key.id"), nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    CheckConstraint("issued_at < expires_at", name="life"),
    Index(None, "account_id", "issued_at"),
)
