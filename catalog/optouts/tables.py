"""The hub's register of opt-outs; rows are only ever added."""

from sqlalchemy import Column, String, Table, UniqueConstraint

from catalog.columns import UtcDateTime, closed, serial
from catalog.tables import metadata
from catalog.vocabulary import OptOut

__all__ = ["metadata", "opt_out"]

# Two times: from when on what she says is so, and when the hub came to know it.
opt_out = Table(
    "opt_out",
    metadata,
    serial(),
    Column("pseudonym", String(128), nullable=False),
    *closed("word", OptOut),
    Column("valid_from", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False, index=True),
    # The region that says so; empty on one machine.
    Column("said_by", String(64), nullable=False),
    UniqueConstraint("pseudonym", "said_by", "word", "valid_from"),
)
