"""The tables of a region's ledger: `_enc` columns are ciphertext, `_index` columns keyed hashes."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from catalog.columns import UtcDateTime, closed, named_metadata, one_of, reference, serial
from catalog.outcome import Outcome
from catalog.vocabulary import ProtectionSource

INDEX = String(64)

metadata = named_metadata()

export = Table(
    "export",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("holder_id", String(64), nullable=False),
    Column("path_enc", LargeBinary, nullable=False),
    Column("claimed", Integer, nullable=False),
    Column("reference", String(128), nullable=False),
    Column("legal_basis", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("controller", String(200), nullable=False),
    Column("valid_until", Date, nullable=False),
    *closed("protection_source", ProtectionSource),
    Column("registered_at", UtcDateTime, nullable=False),
    CheckConstraint("claimed >= 0", name="claimed"),
)

item = Table(
    "item",
    metadata,
    serial(),
    Column("export_id", ForeignKey("export.id"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("path_enc", LargeBinary),
    Column("path_index", INDEX),
    Column("size", reference(), nullable=False),
    Column("outcome", String(16)),
    Column("reason", String(200), nullable=False),
    Column("foreign_file", Boolean, nullable=False),
    Column("run", String(64)),
    Column("recorded_at", UtcDateTime),
    Column("expires_at", UtcDateTime, index=True),
    Column("quarantine_key", String(255)),
    Column("clean_study_uid", String(64), index=True),
    Column("clean_sop_uid", String(64), index=True),
    Column("revision", Integer),
    Column("sop_uid_enc", LargeBinary),
    Column("sop_uid_index", INDEX, index=True),
    Column("study_uid_enc", LargeBinary),
    Column("study_uid_index", INDEX, index=True),
    Column("accession_enc", LargeBinary),
    Column("accession_index", INDEX, index=True),
    # Of the original's pixels, what the clean ones are, and what made them.
    Column("pixels_index", INDEX),
    Column("clean_pixels", INDEX),
    Column("made_by", INDEX),
    UniqueConstraint("export_id", "path_index"),
    Index(None, "export_id", "ordinal", "outcome"),
    one_of("outcome", Outcome),
    CheckConstraint("NOT foreign_file OR outcome = 'UNREADABLE'", name="foreign_file"),
    CheckConstraint("(outcome IS NULL) = (run IS NULL)", name="run"),
)

# What each key looked like when it was first used here, so that another in its place is noticed.
key_mark = Table(
    "key_mark",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("mark", String(64), nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)
