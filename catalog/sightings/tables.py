"""What the pixels of a revision told, its previews, and which detectors looked at it."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Integer,
    String,
    Table,
)

from catalog.columns import UtcDateTime, closed
from catalog.tables import DIGEST, metadata
from catalog.vocabulary import Laterality

__all__ = ["metadata", "pixel_facts", "preview", "quality_flag", "scan"]

pixel_facts = Table(
    "pixel_facts",
    metadata,
    Column("revision_id", ForeignKey("revision.id"), primary_key=True),
    Column("breast_area_mm2", Float),
    Column("breast_share", Float, nullable=False),
    *closed("laterality", Laterality),
    Column("laterality_agrees", Boolean),
    Column("saturated_share", Float, nullable=False),
    CheckConstraint("breast_area_mm2 >= 0", name="area"),
    CheckConstraint(
        "breast_share BETWEEN 0 AND 1 AND saturated_share BETWEEN 0 AND 1", name="shares"
    ),
)

quality_flag = Table(
    "quality_flag",
    metadata,
    Column("revision_id", ForeignKey("revision.id"), primary_key=True),
    Column("flag", String(64), primary_key=True, index=True),
)

# Pictures of women: they are served as the image itself is, and no other way.
preview = Table(
    "preview",
    metadata,
    Column("revision_id", ForeignKey("revision.id"), primary_key=True),
    Column("size", Integer, primary_key=True, autoincrement=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("key", String(255), nullable=False, index=True),
    Column("bytes", Integer, nullable=False),
    Column("sha256", DIGEST, nullable=False),
    CheckConstraint("width > 0 AND height > 0 AND bytes > 0", name="picture"),
)

# No number of findings means that it could not be looked at.
scan = Table(
    "scan",
    metadata,
    Column("revision_id", ForeignKey("revision.id"), primary_key=True),
    Column("detector", String(128), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("findings", Integer),
    CheckConstraint("findings >= 0", name="findings"),
)
