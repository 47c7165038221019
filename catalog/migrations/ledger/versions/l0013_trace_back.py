"""Who was given the accession number that an order traced back to."""

import sqlalchemy as sa
from alembic import op

revision = "l0013"
down_revision = "l0012"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "trace_back",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["received_order.id"], name=op.f("fk_trace_back_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trace_back")),
    )
    op.create_index(op.f("ix_trace_back_order_id"), "trace_back", ["order_id"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("trace_back")
