"""The tables of reviews, in the region ledger's database: what may identify is sealed."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, LargeBinary, String, Table
from sqlalchemy.schema import UniqueConstraint

from catalog.columns import UtcDateTime, closed, one_of, serial
from catalog.ledgers.tables import INDEX, metadata
from catalog.outcome import Outcome
from catalog.reviews.records import ReviewAction, ReviewState

__all__ = ["metadata", "review", "review_decision"]

review = Table(
    "review",
    metadata,
    serial(),
    Column("item_id", ForeignKey("item.id"), nullable=False, unique=True),
    *closed("state", ReviewState),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    # When all that was kept of the original was erased from the store.
    Column("erased_at", UtcDateTime),
    # All that a decision rests on, sealed: the plain columns only find it.
    Column("facts_enc", LargeBinary, nullable=False),
)

# Only ever added to.
review_decision = Table(
    "review_decision",
    metadata,
    serial(),
    Column("review_id", ForeignKey("review.id"), nullable=False),
    Column("number", Integer, nullable=False),
    *closed("action", ReviewAction),
    Column("who", String(128), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("digest", INDEX, nullable=False),
    Column("outcome", String(16)),
    # The same again, with the reason and the boxes, sealed for this place.
    Column("cell_enc", LargeBinary, nullable=False),
    # Keyed hash of this line's cell and of the line before.
    Column("chain", INDEX, nullable=False),
    UniqueConstraint("review_id", "number"),
    CheckConstraint("number >= 1", name="number"),
    one_of("outcome", Outcome),
)
