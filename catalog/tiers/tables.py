"""Assessments of whether a permit's data is anonymous; only ever added to."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, String, Table, Text

from catalog.columns import UtcDateTime, closed, serial
from catalog.tables import DIGEST, metadata
from catalog.vocabulary import Finding

__all__ = ["metadata", "tier_assessment"]

tier_assessment = Table(
    "tier_assessment",
    metadata,
    serial(),
    Column("permit_id", ForeignKey("permit.id"), nullable=False),
    Column("who", String(255), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("document_sha256", DIGEST, nullable=False),
    *closed("finding", Finding),
    Column("singling_out", Text, nullable=False),
    Column("linkage", Text, nullable=False),
    Column("inference", Text, nullable=False),
    Column("valid_until", Date, nullable=False),
    Column("development", Boolean, nullable=False),
    Index(None, "permit_id", "id"),
)
