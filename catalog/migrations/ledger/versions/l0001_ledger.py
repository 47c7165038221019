"""The region's exports and their files."""

import sqlalchemy as sa
from alembic import op

revision = "l0001"
down_revision = None
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    _export()
    _item()


def downgrade() -> None:
    """Drop the tables."""
    for name in ("item", "export"):
        op.drop_table(name)


def _export() -> None:
    op.create_table(
        "export",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("holder_id", sa.String(64), nullable=False),
        sa.Column("path_enc", sa.LargeBinary(), nullable=False),
        sa.Column("claimed", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(128), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("controller", sa.String(200), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("protection_source", sa.String(16), nullable=False),
        sa.Column("registered_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "protection_source IN ('FILTERED_EXPORT', 'SIDE_TABLE', 'UNKNOWN')",
            name=op.f("ck_export_protection_source"),
        ),
        sa.CheckConstraint("claimed >= 0", name=op.f("ck_export_claimed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export")),
    )


def _item() -> None:
    op.create_table(
        "item",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("export_id", sa.String(64), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("path_enc", sa.LargeBinary()),
        sa.Column("path_index", sa.String(64)),
        sa.Column("size", SERIAL, nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("foreign_file", sa.Boolean(), nullable=False),
        sa.Column("run", sa.String(64)),
        sa.Column("recorded_at", MOMENT),
        sa.Column("expires_at", MOMENT),
        sa.Column("quarantine_key", sa.String(255)),
        sa.Column("clean_study_uid", sa.String(64)),
        sa.Column("clean_sop_uid", sa.String(64)),
        sa.Column("revision", sa.Integer()),
        sa.Column("sop_uid_enc", sa.LargeBinary()),
        sa.Column("sop_uid_index", sa.String(64)),
        sa.Column("study_uid_enc", sa.LargeBinary()),
        sa.Column("study_uid_index", sa.String(64)),
        sa.Column("accession_enc", sa.LargeBinary()),
        sa.Column("accession_index", sa.String(64)),
        sa.CheckConstraint(
            "NOT foreign_file OR outcome = 'UNREADABLE'", name=op.f("ck_item_foreign_file")
        ),
        sa.CheckConstraint(
            "outcome IN ('ADMITTED', 'KNOWN', 'REVISED', 'CONFLICT', 'REFUSED', "
            "'UNREADABLE', 'SUSPECT', 'UNAVAILABLE')",
            name=op.f("ck_item_outcome"),
        ),
        sa.CheckConstraint("(outcome IS NULL) = (run IS NULL)", name=op.f("ck_item_run")),
        sa.ForeignKeyConstraint(["export_id"], ["export.id"], name=op.f("fk_item_export_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint("export_id", "path_index", name=op.f("uq_item_export_id_path_index")),
    )
    op.create_index(op.f("ix_item_accession_index"), "item", ["accession_index"])
    op.create_index(op.f("ix_item_clean_sop_uid"), "item", ["clean_sop_uid"])
    op.create_index(op.f("ix_item_expires_at"), "item", ["expires_at"])
    op.create_index(
        op.f("ix_item_export_id_ordinal_outcome"), "item", ["export_id", "ordinal", "outcome"]
    )
    op.create_index(op.f("ix_item_sop_uid_index"), "item", ["sop_uid_index"])
    op.create_index(op.f("ix_item_study_uid_index"), "item", ["study_uid_index"])
