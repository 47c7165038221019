"""Lists of opt-outs that the third party sealed, and of which list a word came."""

import sqlalchemy as sa
from alembic import op

revision = "l0016"
down_revision = "l0015"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table(
        "opt_out_list",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("signer", sa.String(44), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("word", sa.String(16), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("entered_at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT),
        sa.Column("who", sa.String(128), nullable=False),
        sa.CheckConstraint("word IN ('OUT', 'LIFTED')", name=op.f("ck_opt_out_list_word")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_opt_out_list")),
        sa.UniqueConstraint("signer", "number", name=op.f("uq_opt_out_list_signer_number")),
    )
    op.add_column("opt_out_word", sa.Column("source", sa.String(64)))


def downgrade() -> None:
    """Drop them; what was said stays, but not where it came from."""
    op.drop_column("opt_out_word", "source")
    op.drop_table("opt_out_list")
