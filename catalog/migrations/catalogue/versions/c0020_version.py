"""How a delivery ended; and by how much an erasure raised the catalogue version.

Without the latter a version would come again. What older erasures took is not known; the newest of
them makes up for it, so that the version is above that of every release there is.
"""

import sqlalchemy as sa
from alembic import op

revision = "c0020"
down_revision = "c0019"
branch_labels = None
depends_on = None

OUTCOMES = "outcome IN ('WHOLE', 'STOPPED', 'BROKEN_OFF')"
WHOLE = "(outcome = 'WHOLE') = (finished_at IS NOT NULL)"
HIGHEST = "(SELECT COALESCE(MAX({column}), 0) FROM {table})"
FROZEN = HIGHEST.format(column="catalogue_version", table="release")
REVISIONS = HIGHEST.format(column="id", table="revision")


def upgrade() -> None:
    """Make the change; each erasure of before counts one, the newest what was lost."""
    number = sa.Column("raises", sa.Integer, nullable=False, server_default="1")
    op.add_column("erasure", number)
    op.execute(
        f"UPDATE erasure SET raises = 1 + {FROZEN} - {REVISIONS} "  # noqa: S608 # words of ours
        f"WHERE id = (SELECT MAX(id) FROM erasure) AND {FROZEN} > {REVISIONS}"
    )

    with op.batch_alter_table("delivery") as table:
        table.add_column(sa.Column("outcome", sa.String(16)))
        table.add_column(sa.Column("ended_as", sa.String(255)))
    op.execute("UPDATE delivery SET outcome = 'WHOLE' WHERE finished_at IS NOT NULL")
    with op.batch_alter_table("delivery") as table:
        table.create_check_constraint(op.f("ck_delivery_outcome"), sa.text(OUTCOMES))
        table.create_check_constraint(op.f("ck_delivery_whole"), sa.text(WHOLE))


def downgrade() -> None:
    """Go back; the version may come again."""
    with op.batch_alter_table("delivery") as table:
        for name in ("whole", "outcome"):
            table.drop_constraint(op.f(f"ck_delivery_{name}"), type_="check")
        for name in ("ended_as", "outcome"):
            table.drop_column(name)
    op.drop_column("erasure", "raises")
