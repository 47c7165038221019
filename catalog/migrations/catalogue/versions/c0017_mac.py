"""A released object is known again by a code that is cheap to check.

What was released before has none: it is checked by its digest until its release is built anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "c0017"
down_revision = "c0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.add_column("release_instance", sa.Column("mac", sa.String(64)))


def downgrade() -> None:
    """Go back."""
    op.drop_column("release_instance", "mac")
