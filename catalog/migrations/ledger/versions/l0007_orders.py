"""Orders that the hub gave, and what the region decided about them."""

import sqlalchemy as sa
from alembic import op

revision = "l0007"
down_revision = "l0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "received_order",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT),
        sa.CheckConstraint(
            "kind IN ('DELIVER', 'ERASE', 'TRACE_BACK', 'HOLD')",
            name=op.f("ck_received_order_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('WAITING', 'ACCEPTED', 'REFUSED')", name=op.f("ck_received_order_state")
        ),
        sa.CheckConstraint("sequence >= 1", name=op.f("ck_received_order_sequence")),
        sa.CheckConstraint(
            "(state = 'WAITING') = (decided_at IS NULL)", name=op.f("ck_received_order_decided")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_order")),
        sa.UniqueConstraint("sequence", name=op.f("uq_received_order_sequence")),
    )


def downgrade() -> None:
    """Drop the table; the hub gives its orders again."""
    op.drop_table("received_order")
