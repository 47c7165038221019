"""Reviews of quarantined files, and what people decided."""

import sqlalchemy as sa
from alembic import op

revision = "l0004"
down_revision = "l0003"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    _review()
    _decision()


def downgrade() -> None:
    """Drop the tables."""
    for name in ("review_decision", "review"):
        op.drop_table(name)


def _review() -> None:
    op.create_table(
        "review",
        sa.Column("id", SERIAL, nullable=False, autoincrement=True),
        sa.Column("item_id", SERIAL, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("erased_at", MOMENT),
        sa.Column("facts_enc", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "state IN ('WAITING', 'SECOND', 'DECIDED', 'APPLYING', 'APPLIED', 'REJECTED', "
            "'EXPIRED')",
            name=op.f("ck_review_state"),
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_review_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint("item_id", name=op.f("uq_review_item_id")),
    )
    op.create_index(op.f("ix_review_expires_at"), "review", ["expires_at"])


def _decision() -> None:
    op.create_table(
        "review_decision",
        sa.Column("id", SERIAL, nullable=False, autoincrement=True),
        sa.Column("review_id", SERIAL, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("cell_enc", sa.LargeBinary(), nullable=False),
        sa.Column("chain", sa.String(64), nullable=False),
        sa.CheckConstraint(
            "action IN ('APPROVE', 'REDACT', 'RETRY', 'REJECT', 'BEGIN', 'WITHDRAW', 'APPLY', "
            "'EXPIRE', 'LOOK')",
            name=op.f("ck_review_decision_action"),
        ),
        sa.CheckConstraint(
            "outcome IN ('ADMITTED', 'KNOWN', 'REVISED', 'CONFLICT', 'REFUSED', "
            "'UNREADABLE', 'SUSPECT', 'UNAVAILABLE')",
            name=op.f("ck_review_decision_outcome"),
        ),
        sa.CheckConstraint("number >= 1", name=op.f("ck_review_decision_number")),
        sa.ForeignKeyConstraint(
            ["review_id"], ["review.id"], name=op.f("fk_review_decision_review_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_decision")),
        sa.UniqueConstraint(
            "review_id", "number", name=op.f("uq_review_decision_review_id_number")
        ),
    )
