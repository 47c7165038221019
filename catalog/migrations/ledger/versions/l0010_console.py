"""What administrators ask for through the region console, their tokens, and their calls."""

import sqlalchemy as sa
from alembic import op

revision = "l0010"
down_revision = "l0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KINDS = (
    "'SOURCE_ADD', 'SOURCE_TEST', 'PREVIEW', 'SCHEDULE', 'RUN', 'PAUSE', 'RESUME', 'CANCEL', "
    "'STOP', 'GO', 'TRACE'"
)


def upgrade() -> None:
    """Make the tables."""
    _errand()
    op.create_table(
        "console_token",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("made_by", sa.String(128), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_token")),
    )
    op.create_table(
        "console_visit",
        sa.Column("id", SERIAL, nullable=False, autoincrement=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("token", sa.String(16), nullable=False),
        sa.Column("action", sa.String(100), nullable=False),
        sa.Column("request", sa.String(32), nullable=False),
        sa.Column("errand", sa.String(32), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_visit")),
    )
    op.create_index(op.f("ix_console_visit_at"), "console_visit", ["at"])


def downgrade() -> None:
    """Drop the tables; what was asked for and not answered is asked for again."""
    for name in ("console_visit", "console_token", "errand"):
        op.drop_table(name)


def _errand() -> None:
    op.create_table(
        "errand",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("answer", sa.Text()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("leased_by", sa.String(128)),
        sa.Column("leased_until", MOMENT),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_errand_kind")),
        sa.CheckConstraint(
            "state IN ('ASKED', 'TAKEN', 'DONE', 'FAILED', 'EXPIRED')",
            name=op.f("ck_errand_state"),
        ),
        sa.CheckConstraint(
            "(state IN ('DONE', 'FAILED', 'EXPIRED')) = (ended_at IS NOT NULL)",
            name=op.f("ck_errand_ended"),
        ),
        sa.CheckConstraint(
            "(sealed IS NULL) = (ended_at IS NOT NULL)", name=op.f("ck_errand_sealed")
        ),
        sa.CheckConstraint(
            "(state = 'TAKEN') = (leased_by IS NOT NULL)", name=op.f("ck_errand_leased")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errand")),
    )
    op.create_index(op.f("ix_errand_state_asked_at"), "errand", ["state", "asked_at"])
