"""A recall stands until it is lifted: when that was, by whom and why.

A recall with a Hold in force stands from now on; what was all lifted, or held nothing, has ended.
"""

import sqlalchemy as sa
from alembic import op

revision = "c0019"
down_revision = "c0018"
branch_labels = None
depends_on = None

ENDED = "(ended_by IS NULL) = (ended_at IS NULL)"
CHECK = op.f("ck_recall_ended")
MINE = "FROM hold WHERE hold.recall_id = recall.id"


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table("recall") as table:
        table.add_column(sa.Column("ended_by", sa.String(255)))
        table.add_column(sa.Column("ended_at", sa.DateTime(timezone=True)))
        table.add_column(sa.Column("end_reason", sa.Text()))
        table.create_check_constraint(CHECK, sa.text(ENDED))
    last = f"SELECT lifted_by {MINE} ORDER BY lifted_at DESC, id DESC LIMIT 1"
    op.execute(
        "UPDATE recall SET "  # noqa: S608 # no input
        f"ended_at = COALESCE((SELECT MAX(lifted_at) {MINE}), recall.at), "
        f"ended_by = COALESCE(({last}), who), "
        "end_reason = 'it held nothing any more' "
        f"WHERE NOT EXISTS (SELECT 1 {MINE} AND lifted_at IS NULL)"
    )


def downgrade() -> None:
    """Go back: no recall stands; Holds stay as they are."""
    with op.batch_alter_table("recall") as table:
        table.drop_constraint(CHECK, type_="check")
        for name in ("ended_by", "ended_at", "end_reason"):
            table.drop_column(name)
