"""Protection flags and opt-outs, in the region ledger's database: no identity at rest."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from catalog.columns import UtcDateTime, closed, serial
from catalog.ledgers.tables import metadata
from catalog.vocabulary import Flag, OptOut

__all__ = ["metadata", "opt_out_list", "opt_out_told", "opt_out_word", "protection"]

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

# What women say of the secondary use of their data (EHDS Art. 71); rows are only ever added.
opt_out_word = Table(
    "opt_out_word",
    metadata,
    serial(),
    Column("person", String(64), nullable=False, index=True),
    # As above: a local number without its issuer.
    Column("number", String(64), nullable=False, index=True),
    *closed("word", OptOut),
    # Two times: from when on it is so, and when it was entered here.
    Column("valid_from", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("who", String(128), nullable=False),
    # Of which sealed list it came; of none, if it was entered by hand.
    Column("source", String(64)),
)

# Lists that the third party sealed and this region entered; no number of anybody is in them.
opt_out_list = Table(
    "opt_out_list",
    metadata,
    # SHA-256 of the signature and what was signed: without the signature nobody can try numbers.
    Column("digest", String(64), primary_key=True),
    Column("signer", String(44), nullable=False),
    Column("number", Integer, nullable=False),
    *closed("word", OptOut),
    Column("entries", Integer, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("entered_at", UtcDateTime, nullable=False),
    # When all of it was entered and the hub told; until then the same file goes on.
    Column("done_at", UtcDateTime),
    Column("who", String(128), nullable=False),
    UniqueConstraint("signer", "number"),
)

# Words of which the hub knows.
opt_out_told = Table(
    "opt_out_told",
    metadata,
    Column("word_id", ForeignKey("opt_out_word.id"), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)
