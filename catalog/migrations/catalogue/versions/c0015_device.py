"""Which machine made an image, by its region's pseudonym, and of what model."""

import sqlalchemy as sa
from alembic import op

revision = "c0015"
down_revision = "c0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the columns; of what is stored, nobody knows."""
    op.add_column("instance", sa.Column("device", sa.String(32)))
    op.add_column("instance", sa.Column("model", sa.String(64)))
    op.create_index(op.f("ix_instance_device"), "instance", ["device"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_instance_device"), "instance")
    op.drop_column("instance", "model")
    op.drop_column("instance", "device")
