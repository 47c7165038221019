"""Sources, plans of exports, their windows of days, and the studies that sources announced."""

import sqlalchemy as sa
from alembic import op

revision = "l0006"
down_revision = "l0005"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    _source()
    _plan()
    _window()
    _announced()


def downgrade() -> None:
    """Drop the tables."""
    for name in ("announced", "plan_window", "plan", "source"):
        op.drop_table(name)


def _source() -> None:
    op.create_table(
        "source",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("settings_enc", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('FOLDER', 'DICOM', 'DICOMWEB')", name=op.f("ck_source_kind")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_source")),
    )


def _plan() -> None:
    op.create_table(
        "plan",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("holder_id", sa.String(64), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("reference", sa.String(128), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("controller", sa.String(200), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("protection_source", sa.String(16), nullable=False),
        sa.Column("content_enc", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "protection_source IN ('FILTERED_EXPORT', 'SIDE_TABLE', 'UNKNOWN')",
            name=op.f("ck_plan_protection_source"),
        ),
        sa.CheckConstraint(
            "state IN ('ACTIVE', 'PAUSED', 'CANCELLED', 'DONE')", name=op.f("ck_plan_state")
        ),
        sa.ForeignKeyConstraint(["source"], ["source.name"], name=op.f("fk_plan_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
    )


def _window() -> None:
    op.create_table(
        "plan_window",
        sa.Column("id", SERIAL, nullable=False, autoincrement=True),
        sa.Column("plan_id", sa.String(64), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("export_id", sa.String(64)),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "state IN ('WAITING', 'BEGUN', 'DONE')", name=op.f("ck_plan_window_state")
        ),
        sa.CheckConstraint("first <= last", name=op.f("ck_plan_window_days")),
        sa.CheckConstraint(
            "(state <> 'WAITING' OR export_id IS NULL) "
            "AND (state <> 'BEGUN' OR export_id IS NOT NULL)",
            name=op.f("ck_plan_window_export"),
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_window_plan_id")),
        sa.ForeignKeyConstraint(
            ["export_id"], ["export.id"], name=op.f("fk_plan_window_export_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_window")),
        sa.UniqueConstraint("export_id", name=op.f("uq_plan_window_export_id")),
        sa.UniqueConstraint(
            "plan_id", "first", "last", name=op.f("uq_plan_window_plan_id_first_last")
        ),
    )


def _announced() -> None:
    op.create_table(
        "announced",
        sa.Column("id", SERIAL, nullable=False, autoincrement=True),
        sa.Column("export_id", sa.String(64), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("study_uid_enc", sa.LargeBinary()),
        sa.Column("study_uid_index", sa.String(64)),
        sa.Column("accession_index", sa.String(64)),
        sa.Column("instances", sa.Integer()),
        sa.Column("claimed", sa.Integer()),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("leased_by", sa.String(128)),
        sa.Column("leased_until", MOMENT),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "state IN ('WAITING', 'SETTLED', 'SKIPPED')", name=op.f("ck_announced_state")
        ),
        sa.CheckConstraint("ordinal >= 1", name=op.f("ck_announced_ordinal")),
        sa.CheckConstraint("claimed >= 0", name=op.f("ck_announced_claimed")),
        sa.CheckConstraint(
            "state <> 'SETTLED' OR claimed IS NOT NULL", name=op.f("ck_announced_settled")
        ),
        sa.ForeignKeyConstraint(["export_id"], ["export.id"], name=op.f("fk_announced_export_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announced")),
        sa.UniqueConstraint("export_id", "ordinal", name=op.f("uq_announced_export_id_ordinal")),
        sa.UniqueConstraint(
            "export_id", "study_uid_index", name=op.f("uq_announced_export_id_study_uid_index")
        ),
    )
    for columns in (
        ("study_uid_index",),
        ("accession_index",),
        ("export_id", "state", "due_at"),
    ):
        op.create_index(op.f(f"ix_announced_{'_'.join(columns)}"), "announced", list(columns))
