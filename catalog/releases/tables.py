"""The small objects that were written with a release: its papers."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, String, Table

from catalog.tables import DIGEST, metadata

__all__ = ["metadata", "release_paper"]

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
