"""Holders that deliver on permit only, their orders by criteria, and whom what comes is for."""

import sqlalchemy as sa
from alembic import op

revision = "c0013"
down_revision = "c0012"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
BEFORE = "kind IN ('DELIVER', 'ERASE', 'TRACE_BACK', 'HOLD')"
AFTER = "kind IN ('COHORT', 'DELIVER', 'ERASE', 'TRACE_BACK', 'HOLD')"
MODES = "mode IN ('STANDING', 'ON_PERMIT')"


def upgrade() -> None:
    """Make the column and the tables; all holders there are stay STANDING."""
    mode = sa.Column("mode", sa.String(16), nullable=False, server_default="STANDING")
    if op.get_bind().dialect.name == "postgresql":
        op.add_column("holder", mode)
        op.create_check_constraint(op.f("ck_holder_mode"), "holder", MODES)
    else:
        # SQLite takes a check of a table that others refer to only as the column is made.
        op.execute(
            "ALTER TABLE holder ADD COLUMN mode VARCHAR(16) DEFAULT 'STANDING' NOT NULL"
            f" CONSTRAINT ck_holder_mode CHECK ({MODES})"
        )
    _order()
    _delivered_for()
    _let(BEFORE, AFTER)


def downgrade() -> None:
    """Drop them; orders by criteria must be gone before."""
    _let(AFTER, BEFORE)
    op.drop_table("delivered_for")
    op.drop_table("delivery_order")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_holder_mode"), "holder", type_="check")
    op.drop_column("holder", "mode")


def _refers(
    table: str, column: str, to: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [to], name=name, ondelete=ondelete)


def _check(name: str, what: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(what, name=op.f(f"ck_delivery_order_{name}"))


def _order() -> None:
    op.create_table(
        "delivery_order",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("permit_id", sa.String(64), nullable=False),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("holder_id", sa.String(64), nullable=False),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("purposes", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT),
        sa.Column("sequence", sa.Integer()),
        sa.Column("due_on", sa.Date()),
        sa.Column("prolonged_by", sa.String(255)),
        sa.Column("prolonged_why", sa.Text()),
        sa.Column("ended_at", MOMENT),
        sa.Column("ground", sa.String(16)),
        sa.Column("counts", sa.JSON()),
        _check(
            "state",
            "state IN ('ASKED', 'SENT', 'ACCEPTED', 'DELIVERED', 'REFUSED', 'WITHDRAWN')",
        ),
        _check("ground", "ground IN ('NOT_HELD', 'NOT_LAWFUL', 'PROTECTED', 'TECHNICAL', 'OTHER')"),
        _check("clock", "(sent_at IS NULL) = (due_on IS NULL)"),
        _check("prolonged", "(prolonged_by IS NULL) = (prolonged_why IS NULL)"),
        _check(
            "ended",
            "(state IN ('DELIVERED', 'REFUSED', 'WITHDRAWN')) = (ended_at IS NOT NULL)",
        ),
        _check("refused", "(state = 'REFUSED') = (ground IS NOT NULL)"),
        _refers("delivery_order", "permit_id", "permit.id"),
        _refers("delivery_order", "line", "permit.id"),
        _refers("delivery_order", "holder_id", "holder.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_order")),
    )
    op.create_index(op.f("ix_delivery_order_permit_id"), "delivery_order", ["permit_id"])
    op.create_index(
        op.f("ix_delivery_order_line_holder_id"), "delivery_order", ["line", "holder_id"]
    )


def _delivered_for() -> None:
    op.create_table(
        "delivered_for",
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("instance_id", SERIAL, nullable=False),
        sa.Column("order_id", sa.String(32), nullable=False),
        _refers("delivered_for", "line", "permit.id"),
        _refers("delivered_for", "instance_id", "instance.id", ondelete="CASCADE"),
        _refers("delivered_for", "order_id", "delivery_order.id"),
        sa.PrimaryKeyConstraint("line", "instance_id", name=op.f("pk_delivered_for")),
    )
    op.create_index(op.f("ix_delivered_for_instance_id"), "delivered_for", ["instance_id"])


def _let(before: str, after: str) -> None:
    """Let orders be of these kinds."""
    name = op.f("ck_issued_order_kind")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(name, "issued_order", type_="check")
        op.create_check_constraint(name, "issued_order", after)
        return
    # A check is not part of what is stored, so its text may be changed in place, as c0003 does.
    bind = op.get_bind()
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar_one()
    bind.exec_driver_sql("PRAGMA writable_schema = ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?",
        (before, after, "issued_order"),
    )
    bind.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema = OFF")
