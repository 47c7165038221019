"""What women say of the secondary use of their data, by keyed hash."""

import sqlalchemy as sa
from alembic import op

revision = "l0012"
down_revision = "l0011"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "opt_out_word",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.Column("word", sa.String(16), nullable=False),
        sa.Column("valid_from", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.CheckConstraint("word IN ('OUT', 'LIFTED')", name=op.f("ck_opt_out_word_word")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opt_out_word")),
    )
    for column in ("person", "number"):
        op.create_index(op.f(f"ix_opt_out_word_{column}"), "opt_out_word", [column])
    op.create_table(
        "opt_out_told",
        sa.Column("word_id", SERIAL, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["word_id"], ["opt_out_word.id"], name=op.f("fk_opt_out_told_word_id")
        ),
        sa.PrimaryKeyConstraint("word_id", name=op.f("pk_opt_out_told")),
    )


def downgrade() -> None:
    """Drop the tables; what was said must be entered again before anything is exported."""
    op.drop_table("opt_out_told")
    op.drop_table("opt_out_word")
