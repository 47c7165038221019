"""Who has a study leased is found without a look at all that was ever announced."""

import sqlalchemy as sa
from alembic import op

revision = "l0011"
down_revision = "l0010"
branch_labels = None
depends_on = None

_LEASED = sa.text("leased_by IS NOT NULL")


def upgrade() -> None:
    """Make the index; few studies are leased at a time, and only they are in it."""
    op.create_index(
        op.f("ix_announced_leased_by"),
        "announced",
        ["leased_by"],
        postgresql_where=_LEASED,
        sqlite_where=_LEASED,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index(op.f("ix_announced_leased_by"), "announced")
