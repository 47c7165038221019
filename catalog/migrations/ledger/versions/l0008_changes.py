"""What sources took back by rejection notes, what they do not list any more, and who looked."""

import sqlalchemy as sa
from alembic import op

revision = "l0008"
down_revision = "l0007"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
INDEX = sa.String(64)


def upgrade() -> None:
    """Make the tables."""
    _rejection()
    _rescan()
    _missed()


def downgrade() -> None:
    """Drop the tables."""
    for name in ("missed", "rescan", "rejection"):
        op.drop_table(name)


def _rejection() -> None:
    op.create_table(
        "rejection",
        sa.Column("id", SERIAL, nullable=False, autoincrement=True),
        sa.Column("holder_id", sa.String(64), nullable=False),
        sa.Column("note_index", INDEX, nullable=False),
        sa.Column("sop_uid_index", INDEX, nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("export_id", sa.String(64), nullable=False),
        sa.Column("entered_at", MOMENT, nullable=False),
        sa.Column("held_at", MOMENT),
        sa.ForeignKeyConstraint(["export_id"], ["export.id"], name=op.f("fk_rejection_export_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejection")),
        sa.UniqueConstraint(
            "holder_id",
            "note_index",
            "sop_uid_index",
            name=op.f("uq_rejection_holder_id_note_index_sop_uid_index"),
        ),
    )
    op.create_index(op.f("ix_rejection_sop_uid_index"), "rejection", ["sop_uid_index"])


def _rescan() -> None:
    op.create_table(
        "rescan",
        sa.Column("id", SERIAL, nullable=False, autoincrement=True),
        sa.Column("plan_id", sa.String(64), nullable=False),
        sa.Column("export_id", sa.String(64)),
        sa.Column("studies", sa.Integer(), nullable=False),
        sa.Column("looked_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_rescan_plan_id")),
        sa.ForeignKeyConstraint(["export_id"], ["export.id"], name=op.f("fk_rescan_export_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rescan")),
        sa.UniqueConstraint("export_id", name=op.f("uq_rescan_export_id")),
    )
    op.create_index(op.f("ix_rescan_looked_at"), "rescan", ["looked_at"])


def _missed() -> None:
    op.create_table(
        "missed",
        sa.Column("id", SERIAL, nullable=False, autoincrement=True),
        sa.Column("plan_id", sa.String(64), nullable=False),
        sa.Column("sop_uid_index", INDEX, nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("held_at", MOMENT),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_missed_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_missed")),
        sa.UniqueConstraint(
            "plan_id", "sop_uid_index", name=op.f("uq_missed_plan_id_sop_uid_index")
        ),
    )
