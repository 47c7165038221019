"""What exists: holders, exports, studies and their revisions."""

import sqlalchemy as sa
from alembic import op

revision = "c0001"
down_revision = None
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    _region()
    _holder()
    _export()
    _outcome()
    _subject()
    _study()
    _series()
    _instance()
    _revision()


def downgrade() -> None:
    """Drop the tables."""
    for name in (
        "revision",
        "instance",
        "series",
        "study",
        "subject",
        "outcome",
        "export",
        "holder",
        "region",
    ):
        op.drop_table(name)


def _region() -> None:
    op.create_table(
        "region",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_region")),
    )


def _holder() -> None:
    op.create_table(
        "holder",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("region_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("organisation_number", sa.String(16), nullable=False),
        sa.Column("hsa_id", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_holder_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holder")),
    )
    op.create_index(op.f("ix_holder_region_id"), "holder", ["region_id"])


def _export() -> None:
    op.create_table(
        "export",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("holder_id", sa.String(64), nullable=False),
        sa.Column("disclosure_reference", sa.String(128)),
        sa.Column("claimed", sa.Integer()),
        sa.Column("foreign_files", sa.Integer()),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.Column("tallied_at", MOMENT),
        sa.CheckConstraint("claimed >= 0 AND foreign_files >= 0", name=op.f("ck_export_claimed")),
        sa.ForeignKeyConstraint(["holder_id"], ["holder.id"], name=op.f("fk_export_holder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export")),
    )
    op.create_index(op.f("ix_export_holder_id"), "export", ["holder_id"])


def _outcome() -> None:
    op.create_table(
        "outcome",
        sa.Column("export_id", sa.String(64), nullable=False),
        sa.Column("study_ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("instances", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('ADMITTED', 'KNOWN', 'REVISED', 'CONFLICT', 'REFUSED', "
            "'UNREADABLE', 'SUSPECT', 'UNAVAILABLE')",
            name=op.f("ck_outcome_outcome"),
        ),
        sa.CheckConstraint("instances > 0", name=op.f("ck_outcome_instances")),
        sa.ForeignKeyConstraint(["export_id"], ["export.id"], name=op.f("fk_outcome_export_id")),
        sa.PrimaryKeyConstraint("export_id", "study_ordinal", "outcome", name=op.f("pk_outcome")),
    )


def _subject() -> None:
    op.create_table(
        "subject",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("pseudonym", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject")),
        sa.UniqueConstraint("pseudonym", name=op.f("uq_subject_pseudonym")),
    )


def _study() -> None:
    op.create_table(
        "study",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("study_uid", sa.String(64), nullable=False),
        sa.Column("subject_id", SERIAL, nullable=False),
        sa.Column("holder_id", sa.String(64), nullable=False),
        sa.Column("exam_year", sa.SmallInteger()),
        sa.Column("age_band", sa.String(8)),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "age_band IN ('0-4', '5-9', '10-14', '15-19', '20-24', '25-29', "
            "'30-34', '35-39', '40-44', '45-49', '50-54', '55-59', '60-64', "
            "'65-69', '70-74', '75-79', '80-84', '85-89')",
            name=op.f("ck_study_age_band"),
        ),
        sa.ForeignKeyConstraint(["holder_id"], ["holder.id"], name=op.f("fk_study_holder_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_study_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study")),
        sa.UniqueConstraint("key", name=op.f("uq_study_key")),
        sa.UniqueConstraint("study_uid", name=op.f("uq_study_study_uid")),
    )
    op.create_index(op.f("ix_study_age_band_key"), "study", ["age_band", "key"])
    op.create_index(op.f("ix_study_exam_year_key"), "study", ["exam_year", "key"])
    op.create_index(op.f("ix_study_holder_id_key"), "study", ["holder_id", "key"])
    op.create_index(op.f("ix_study_subject_id"), "study", ["subject_id"])


def _series() -> None:
    op.create_table(
        "series",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("series_uid", sa.String(64), nullable=False),
        sa.Column("study_id", SERIAL, nullable=False),
        sa.Column("modality", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_series_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("series_uid", name=op.f("uq_series_series_uid")),
    )
    op.create_index(op.f("ix_series_study_id"), "series", ["study_id"])


def _instance() -> None:
    op.create_table(
        "instance",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("sop_uid", sa.String(64), nullable=False),
        sa.Column("study_id", SERIAL, nullable=False),
        sa.Column("series_id", SERIAL, nullable=False),
        sa.Column("sop_class_uid", sa.String(64), nullable=False),
        sa.Column("transfer_syntax", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("view", sa.String(16), nullable=False),
        sa.Column("laterality", sa.String(16), nullable=False),
        sa.Column("vendor", sa.String(32), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("latest", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('FFDM', 'DBT', 'S2D', 'FILM', 'OTHER')", name=op.f("ck_instance_kind")
        ),
        sa.CheckConstraint(
            "laterality IN ('L', 'R', 'B', '')", name=op.f("ck_instance_laterality")
        ),
        sa.CheckConstraint(
            "view IN ('CC', 'MLO', 'ML', 'LM', 'LMO', 'XCCL', 'XCCM', 'FB', "
            "'SIO', 'ISO', 'SPECIMEN', 'OTHER', '')",
            name=op.f("ck_instance_view"),
        ),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_instance_series_id")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_instance_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance")),
        sa.UniqueConstraint("sop_uid", name=op.f("uq_instance_sop_uid")),
    )
    op.create_index(
        op.f("ix_instance_kind_view_laterality"), "instance", ["kind", "view", "laterality"]
    )
    op.create_index(op.f("ix_instance_series_id"), "instance", ["series_id"])
    op.create_index(
        op.f("ix_instance_study_id_kind_view_laterality_vendor"),
        "instance",
        ["study_id", "kind", "view", "laterality", "vendor"],
    )
    op.create_index(
        op.f("ix_instance_vendor_view_laterality"), "instance", ["vendor", "view", "laterality"]
    )


def _revision() -> None:
    op.create_table(
        "revision",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("instance_id", SERIAL, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("export_id", sa.String(64), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("size", SERIAL, nullable=False),
        sa.Column("pixel_offset", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("header_sha256", sa.String(64), nullable=False),
        sa.Column("pixel_sha256", sa.String(64), nullable=False),
        sa.Column("profile", sa.String(64), nullable=False),
        sa.Column("edition", sa.String(64), nullable=False),
        sa.Column("detector", sa.String(128), nullable=False),
        sa.Column("key_version", sa.String(64), nullable=False),
        sa.Column("boxes_blanked", sa.Integer(), nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_revision_number")),
        sa.CheckConstraint(
            "pixel_offset > 0 AND pixel_offset <= size", name=op.f("ck_revision_pixel_offset")
        ),
        sa.ForeignKeyConstraint(["export_id"], ["export.id"], name=op.f("fk_revision_export_id")),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instance.id"], name=op.f("fk_revision_instance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
        sa.UniqueConstraint("instance_id", "number", name=op.f("uq_revision_instance_id_number")),
    )
    op.create_index(op.f("ix_revision_export_id"), "revision", ["export_id"])
