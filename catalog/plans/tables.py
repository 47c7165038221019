"""The tables of plans, in the region ledger's database: what may identify is sealed."""

from sqlalchemy import (
    BigInteger,
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
    text,
)

from catalog.columns import UtcDateTime, closed, serial
from catalog.ledgers.tables import INDEX, metadata
from catalog.outcome import Outcome
from catalog.plans.records import AnnouncedState, PlanState, SourceKind, WindowState
from catalog.vocabulary import ProtectionSource

__all__ = ["announced", "metadata", "plan", "plan_window", "source", "unasked"]

# Few studies are leased at a time: those, and no others, are found by who works on them.
_LEASED = text("leased_by IS NOT NULL")

source = Table(
    "source",
    metadata,
    Column("name", String(64), primary_key=True),
    *closed("kind", SourceKind),
    Column("settings_enc", LargeBinary, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

plan = Table(
    "plan",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("holder_id", String(64), nullable=False),
    Column("source", ForeignKey("source.name"), nullable=False),
    Column("reference", String(128), nullable=False),
    Column("legal_basis", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("controller", String(200), nullable=False),
    Column("valid_until", Date, nullable=False),
    *closed("protection_source", ProtectionSource),
    Column("content_enc", LargeBinary, nullable=False),
    *closed("state", PlanState),
    Column("who", String(128), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

plan_window = Table(
    "plan_window",
    metadata,
    serial(),
    Column("plan_id", ForeignKey("plan.id"), nullable=False),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    *closed("state", WindowState),
    Column("export_id", ForeignKey("export.id"), unique=True),
    Column("changed_at", UtcDateTime, nullable=False),
    UniqueConstraint("plan_id", "first", "last"),
    CheckConstraint("first <= last", name="days"),
    # A stretch in which there is nothing ends without an export.
    CheckConstraint(
        "(state <> 'WAITING' OR export_id IS NULL) AND (state <> 'BEGUN' OR export_id IS NOT NULL)",
        name="export",
    ),
)

announced = Table(
    "announced",
    metadata,
    serial(),
    Column("export_id", ForeignKey("export.id"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("study_uid_enc", LargeBinary),
    Column("study_uid_index", INDEX, index=True),
    Column("accession_index", INDEX, index=True),
    Column("instances", Integer),
    Column("claimed", Integer),
    *closed("state", AnnouncedState),
    Column("tries", Integer, nullable=False),
    Column("why", String(200), nullable=False),
    # Who works on it, and until when nobody else may.
    Column("leased_by", String(128)),
    Column("leased_until", UtcDateTime),
    # Not before this moment is it tried again.
    Column("due_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    UniqueConstraint("export_id", "ordinal"),
    UniqueConstraint("export_id", "study_uid_index"),
    Index(None, "export_id", "state", "due_at"),
    Index(None, "leased_by", postgresql_where=_LEASED, sqlite_where=_LEASED),
    CheckConstraint("ordinal >= 1", name="ordinal"),
    CheckConstraint("claimed >= 0", name="claimed"),
    CheckConstraint("state <> 'SETTLED' OR claimed IS NOT NULL", name="settled"),
)

# What lay in the landing and no plan asked for: only how much of it ended, and how.
unasked = Table(
    "unasked",
    metadata,
    serial(),
    Column("token", String(40), nullable=False, unique=True),
    *closed("outcome", Outcome),
    Column("reason", String(200), nullable=False),
    Column("files", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("ended_at", UtcDateTime, nullable=False),
)
