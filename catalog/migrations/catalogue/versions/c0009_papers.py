"""Papers of a release, what its headers say, the catalogue's version, deliveries, tiers."""

import sqlalchemy as sa
from alembic import op

revision = "c0009"
down_revision = "c0008"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables; releases sealed before have no papers, and no assessment was recorded."""
    op.add_column(
        "release", sa.Column("catalogue_version", SERIAL, nullable=False, server_default="0")
    )
    op.add_column("release_instance", sa.Column("facts", sa.JSON()))
    _release_paper()
    _delivery()
    _tier_assessment()


def downgrade() -> None:
    """Drop them; objects in the releases bucket that they named are found by `mammo reconcile`."""
    op.drop_table("tier_assessment")
    op.drop_table("delivery")
    op.drop_table("release_paper")
    op.drop_column("release_instance", "facts")
    op.drop_column("release", "catalogue_version")


def _release_paper() -> None:
    op.create_table(
        "release_paper",
        sa.Column("release_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_release_paper_size")),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("fk_release_paper_release_id")
        ),
        sa.PrimaryKeyConstraint("release_id", "name", name=op.f("pk_release_paper")),
    )
    op.create_index(op.f("ix_release_paper_key"), "release_paper", ["key"])


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("release_id", sa.String(32), nullable=False),
        sa.Column("bucket", sa.String(255), nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("objects", sa.Integer()),
        sa.Column("bytes", SERIAL),
        sa.Column("deleted_at", MOMENT),
        sa.Column("proof_sha256", sa.String(64)),
        sa.CheckConstraint(
            "(deleted_at IS NULL) = (proof_sha256 IS NULL)", name=op.f("ck_delivery_deleted")
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("fk_delivery_release_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index(op.f("ix_delivery_release_id"), "delivery", ["release_id"])


def _tier_assessment() -> None:
    op.create_table(
        "tier_assessment",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("permit_id", sa.String(64), nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("document_sha256", sa.String(64), nullable=False),
        sa.Column("finding", sa.String(16), nullable=False),
        sa.Column("singling_out", sa.Text(), nullable=False),
        sa.Column("linkage", sa.Text(), nullable=False),
        sa.Column("inference", sa.Text(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("development", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "finding IN ('ANONYMOUS', 'NOT_ANONYMOUS')", name=op.f("ck_tier_assessment_finding")
        ),
        sa.ForeignKeyConstraint(
            ["permit_id"], ["permit.id"], name=op.f("fk_tier_assessment_permit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tier_assessment")),
    )
    op.create_index(op.f("ix_tier_assessment_permit_id_id"), "tier_assessment", ["permit_id", "id"])
