"""Whose a bucket is, and who said when that all of an ended permit is deleted.

What is due is no row any more: it follows from permits and deliveries.
"""

import sqlalchemy as sa
from alembic import op

revision = "c0018"
down_revision = "c0017"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
CONFIRMED = "(confirmed_at IS NULL) = (confirmed_by IS NULL)"
CHECK = op.f("ck_permit_deletion_confirmed")


def upgrade() -> None:
    """Make the change; what was confirmed stays."""
    op.add_column("service_account", sa.Column("bucket", sa.String(63)))
    op.create_index(op.f("ix_service_account_bucket"), "service_account", ["bucket"], unique=True)
    op.execute("DELETE FROM permit_deletion WHERE confirmed_at IS NULL")
    with op.batch_alter_table("permit_deletion") as table:
        table.drop_constraint(CHECK, type_="check")
        table.drop_column("due_on")
        table.add_column(sa.Column("deleted_at", MOMENT))
        table.add_column(sa.Column("said_by", sa.String(255)))
        table.add_column(sa.Column("proof_sha256", sa.String(64)))
    op.execute("UPDATE permit_deletion SET deleted_at = confirmed_at, said_by = confirmed_by")
    with op.batch_alter_table("permit_deletion") as table:
        for name, kind in (("confirmed_at", MOMENT), ("deleted_at", MOMENT)):
            table.alter_column(name, existing_type=kind, nullable=False)
        for name in ("confirmed_by", "said_by"):
            table.alter_column(name, existing_type=sa.String(255), nullable=False)


def downgrade() -> None:
    """Go back; by when something was due is not known any more."""
    with op.batch_alter_table("permit_deletion") as table:
        for name in ("proof_sha256", "said_by", "deleted_at"):
            table.drop_column(name)
        table.alter_column("confirmed_at", existing_type=MOMENT, nullable=True)
        table.alter_column("confirmed_by", existing_type=sa.String(255), nullable=True)
        table.add_column(sa.Column("due_on", sa.Date()))
        table.create_check_constraint(CHECK, sa.text(CONFIRMED))
    op.execute("UPDATE permit_deletion SET due_on = DATE(confirmed_at)")
    with op.batch_alter_table("permit_deletion") as table:
        table.alter_column("due_on", existing_type=sa.Date(), nullable=False)
    op.drop_index(op.f("ix_service_account_bucket"), "service_account")
    op.drop_column("service_account", "bucket")
