"""Tokens that secure processing environments get for an assertion, as digests."""

import sqlalchemy as sa
from alembic import op

revision = "c0012"
down_revision = "c0011"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TABLE = "service_token"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        TABLE,
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(43), nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.CheckConstraint("issued_at < expires_at", name=op.f(f"ck_{TABLE}_life")),
        _refers("account_id", "service_account"),
        _refers("key_id", "service_key"),
        sa.PrimaryKeyConstraint("digest", name=op.f(f"pk_{TABLE}")),
    )
    for columns in (["expires_at"], ["account_id", "issued_at"]):
        op.create_index(op.f(f"ix_{TABLE}_{'_'.join(columns)}"), TABLE, columns)


def downgrade() -> None:
    """Drop it; what was issued opens nothing any more."""
    op.drop_table(TABLE)


def _refers(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_{TABLE}_{column}"))
