"""What environments must delete after a permit has ended, and who confirmed it."""

import sqlalchemy as sa
from alembic import op

revision = "c0014"
down_revision = "c0013"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "permit_deletion",
        sa.Column("permit_id", sa.String(64), nullable=False),
        sa.Column("environment", sa.String(255), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("confirmed_at", MOMENT),
        sa.Column("confirmed_by", sa.String(255)),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (confirmed_by IS NULL)",
            name=op.f("ck_permit_deletion_confirmed"),
        ),
        sa.ForeignKeyConstraint(
            ["permit_id"], ["permit.id"], name=op.f("fk_permit_deletion_permit_id")
        ),
        sa.PrimaryKeyConstraint("permit_id", "environment", name=op.f("pk_permit_deletion")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("permit_deletion")
