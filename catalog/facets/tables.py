"""What search looks through: each study's handle with how its objects look, once each.

All of it is derived from studies, instances, their latest revisions and what pixels told; Holds
are no part of it. `catalog.facets.keeping` writes it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Column, ForeignKey, Index, Integer, SmallInteger, String, Table
from sqlalchemy import UniqueConstraint as Unique

from catalog.columns import closed
from catalog.tables import metadata
from catalog.vocabulary import Flag, Kind, Laterality, QualityFlag, View

__all__ = [
    "FLAG_BITS",
    "OTHER_FLAG",
    "metadata",
    "search_appearance",
    "search_cell",
    "search_stratum",
    "study_facet",
]

FLAG_BITS: Final[Mapping[str, int]] = MappingProxyType(
    {
        QualityFlag.SATURATED: 1 << 0,
        QualityFlag.CLIPPED: 1 << 1,
        QualityFlag.LOW_CONTRAST: 1 << 2,
        QualityFlag.CUT: 1 << 3,
        QualityFlag.NO_AIR: 1 << 4,
        QualityFlag.NEARLY_EMPTY: 1 << 5,
        QualityFlag.MASK_UNCERTAIN: 1 << 6,
        QualityFlag.LATERALITY: 1 << 7,
        QualityFlag.ORIENTATION: 1 << 8,
        QualityFlag.NO_SPACING: 1 << 9,
        QualityFlag.DATES: 1 << 10,
    }
)
"""Which bit a flag has in an appearance; rows are written with it, so a bit never gets another."""

OTHER_FLAG: Final = 1 << 20
"""Added for each flag that has no bit of its own."""


def _number() -> Column[Any]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


# What a query may ask of one object. Rows are shared by all studies, and stay.
search_appearance = Table(
    "search_appearance",
    metadata,
    _number(),
    *closed("kind", Kind),
    *closed("view", View),
    *closed("laterality", Laterality),
    Column("vendor", String(32), nullable=False),
    Column("flags", Integer, nullable=False),
    *closed("laterality_agrees", Flag),
    Unique(
        *("kind", "view", "laterality", "vendor", "flags", "laterality_agrees"),
        name="uq_search_appearance_looks",
    ),
)

# What a query may ask of a study; 0 and nothing where that is not known.
search_stratum = Table(
    "search_stratum",
    metadata,
    _number(),
    Column("holder_id", ForeignKey("holder.id"), nullable=False),
    Column("exam_year", SmallInteger, nullable=False),
    Column("age_band", String(8), nullable=False),
    Unique("holder_id", "exam_year", "age_band"),
)

# Which appearances there are, or were, in which stratum.
search_cell = Table(
    "search_cell",
    metadata,
    Column("appearance_id", ForeignKey("search_appearance.id"), primary_key=True),
    Column("stratum_id", ForeignKey("search_stratum.id"), primary_key=True),
    Index(None, "stratum_id", "appearance_id"),
    sqlite_with_rowid=False,
)

study_facet = Table(
    "study_facet",
    metadata,
    Column("study_key", ForeignKey("study.key"), primary_key=True),
    Column("appearance_id", ForeignKey("search_appearance.id"), primary_key=True),
    Column("stratum_id", ForeignKey("search_stratum.id"), primary_key=True),
    Index(None, "appearance_id", "stratum_id", "study_key"),
    sqlite_with_rowid=False,
)
