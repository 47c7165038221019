"""Of which original pixels clean ones were made, and by what."""

import sqlalchemy as sa
from alembic import op

revision = "l0005"
down_revision = "l0004"
branch_labels = None
depends_on = None

COLUMNS = ("pixels_index", "clean_pixels", "made_by")


def upgrade() -> None:
    """Add the columns; of what was made before, they say nothing."""
    for column in COLUMNS:
        op.add_column("item", sa.Column(column, sa.String(64)))


def downgrade() -> None:
    """Drop the columns."""
    for column in COLUMNS:
        op.drop_column("item", column)
