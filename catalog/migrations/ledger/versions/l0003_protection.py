"""The side table: who has a protected identity, and whose records are blocked."""

import sqlalchemy as sa
from alembic import op

revision = "l0003"
down_revision = "l0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "protection",
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.Column("protected", sa.String(16), nullable=False),
        sa.Column("blocked", sa.String(16), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("protected_due", sa.Boolean(), nullable=False),
        sa.Column("blocked_due", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "protected IN ('YES', 'NO', 'UNKNOWN')", name=op.f("ck_protection_protected")
        ),
        sa.CheckConstraint(
            "blocked IN ('YES', 'NO', 'UNKNOWN')", name=op.f("ck_protection_blocked")
        ),
        sa.CheckConstraint(
            "NOT protected_due OR protected = 'YES'", name=op.f("ck_protection_protected_due")
        ),
        sa.CheckConstraint(
            "NOT blocked_due OR blocked = 'YES'", name=op.f("ck_protection_blocked_due")
        ),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_protection")),
    )
    op.create_index(op.f("ix_protection_as_of"), "protection", ["as_of"])
    op.create_index(op.f("ix_protection_number"), "protection", ["number"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("protection")
