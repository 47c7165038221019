"""By how much an erasure raised the catalogue version, which else would come again.

What older erasures took is not known; the newest of them makes up for it, so that the version is
above that of every release there is.
"""

import sqlalchemy as sa
from alembic import op

revision = "c0020"
down_revision = "c0018"
branch_labels = None
depends_on = None

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


def downgrade() -> None:
    """Go back; the version may come again."""
    op.drop_column("erasure", "raises")
