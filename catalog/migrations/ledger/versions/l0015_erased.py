"""What a region erased by order, and refuses when it comes again."""

import sqlalchemy as sa
from alembic import op

revision = "l0015"
down_revision = "l0014"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "erased_study",
        sa.Column("study_uid_index", sa.String(64), nullable=False),
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("erased_at", MOMENT, nullable=False),
        sa.Column("lifted_at", MOMENT),
        sa.Column("lifted_by", sa.String(128)),
        sa.Column("lift_reason", sa.Text()),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lifted_by IS NULL)", name=op.f("ck_erased_study_lifted")
        ),
        sa.PrimaryKeyConstraint("study_uid_index", name=op.f("pk_erased_study")),
        _order("erased_study"),
    )
    op.create_index(op.f("ix_erased_study_order_id"), "erased_study", ["order_id"])
    op.create_table(
        "erased_order",
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.Column("told_at", MOMENT),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_erased_order")),
        _order("erased_order"),
    )


def downgrade() -> None:
    """Drop them: what was erased is let in again, if the hub lets it."""
    op.drop_table("erased_order")
    op.drop_table("erased_study")


def _order(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_order_id")
    return sa.ForeignKeyConstraint(["order_id"], ["received_order.id"], name=name)
