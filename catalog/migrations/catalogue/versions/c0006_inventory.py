"""Indices by which the store's keys are looked up in the records, for `mammo reconcile`."""

from alembic import op

revision = "c0006"
down_revision = "c0005"
branch_labels = None
depends_on = None

KEYS = (("revision", "key"), ("preview", "key"), ("release_instance", "header_key"))


def upgrade() -> None:
    """Make the indices."""
    for table, column in KEYS:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def downgrade() -> None:
    """Drop them."""
    for table, column in KEYS:
        op.drop_index(op.f(f"ix_{table}_{column}"), table)
