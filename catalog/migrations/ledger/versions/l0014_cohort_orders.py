"""Orders by criteria: whose data they ask for, until when, and what became of them."""

import sqlalchemy as sa
from alembic import op

revision = "l0014"
down_revision = "l0013"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
BEFORE = "kind IN ('DELIVER', 'ERASE', 'TRACE_BACK', 'HOLD')"
AFTER = "kind IN ('COHORT', 'DELIVER', 'ERASE', 'TRACE_BACK', 'HOLD')"


def upgrade() -> None:
    """Make the table."""
    _let(BEFORE, AFTER)
    op.create_table(
        "cohort_order",
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("holder_id", sa.String(64), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("plan_id", sa.String(64)),
        sa.Column("ground", sa.String(16)),
        sa.Column("done_at", MOMENT),
        sa.Column("counts", sa.JSON()),
        sa.Column("told", sa.String(16)),
        sa.CheckConstraint(
            "ground IN ('NOT_HELD', 'NOT_LAWFUL', 'PROTECTED', 'TECHNICAL', 'OTHER')",
            name=op.f("ck_cohort_order_ground"),
        ),
        sa.CheckConstraint(
            "told IN ('ACCEPTED', 'REFUSED', 'DELIVERED', 'WITHDRAWN')",
            name=op.f("ck_cohort_order_told"),
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["received_order.id"], name=op.f("fk_cohort_order_order_id")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_cohort_order_plan_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_cohort_order")),
    )


def downgrade() -> None:
    """Drop the table; orders by criteria must be gone before."""
    op.drop_table("cohort_order")
    _let(AFTER, BEFORE)


def _let(before: str, after: str) -> None:
    """Let orders be of these kinds."""
    name = op.f("ck_received_order_kind")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(name, "received_order", type_="check")
        op.create_check_constraint(name, "received_order", after)
        return
    # Others refer to the table; the text of its check is changed in place (see c0003).
    bind = op.get_bind()
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar_one()
    bind.exec_driver_sql("PRAGMA writable_schema = ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?",
        (before, after, "received_order"),
    )
    bind.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema = OFF")
