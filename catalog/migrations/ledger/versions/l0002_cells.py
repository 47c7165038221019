"""Cells are bound to their rows; the ledger knows what its keys looked like.

A cell that was sealed before cannot be read now, and no migration has the key to seal it anew.
"""

import sqlalchemy as sa
from alembic import op

from catalog.errors import CatalogError, Reason

revision = "l0002"
down_revision = "l0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the changes, unless there is something that nobody could read afterwards."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM export")):
        raise CatalogError(Reason.OLD_LEDGER)
    op.create_table(
        "key_mark",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("mark", sa.String(64), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_key_mark")),
    )
    op.create_index(op.f("ix_item_clean_study_uid"), "item", ["clean_study_uid"])


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f("ix_item_clean_study_uid"), "item")
    op.drop_table("key_mark")
