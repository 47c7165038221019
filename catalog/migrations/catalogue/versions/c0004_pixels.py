"""What the pixels tell: derived objects, facts, previews, and which detector looked when."""

import sqlalchemy as sa
from alembic import op

revision = "c0004"
down_revision = "c0003"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the changes."""
    for table in ("instance", "revision"):
        _refer(table)
    _pixel_facts()
    _quality_flag()
    _preview()
    _scan()


def downgrade() -> None:
    """Go back; the derived objects stay in the store, and what says so of them is lost."""
    for table in ("scan", "preview", "quality_flag", "pixel_facts"):
        op.drop_table(table)
    for table in ("revision", "instance"):
        op.drop_index(op.f(f"ix_{table}_derived_from"), table)
        op.drop_column(table, "derived_from")


def _refer(table: str) -> None:
    """Add a column that may refer to another row of the table, with its index."""
    name = op.f(f"fk_{table}_derived_from")
    if op.get_bind().dialect.name == "postgresql":
        op.add_column(table, sa.Column("derived_from", SERIAL))
        op.create_foreign_key(name, table, table, ["derived_from"], ["id"])
    else:
        # SQLite takes a reference only as the column is made.
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN derived_from INTEGER"
            f" CONSTRAINT {name} REFERENCES {table} (id)"
        )
    op.create_index(op.f(f"ix_{table}_derived_from"), table, ["derived_from"])


def _of_revision(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["revision_id"], ["revision.id"], name=op.f(f"fk_{table}_revision_id")
    )


def _pixel_facts() -> None:
    op.create_table(
        "pixel_facts",
        sa.Column("revision_id", SERIAL, nullable=False),
        sa.Column("breast_area_mm2", sa.Float()),
        sa.Column("breast_share", sa.Float(), nullable=False),
        sa.Column("laterality", sa.String(16), nullable=False),
        sa.Column("laterality_agrees", sa.Boolean()),
        sa.Column("saturated_share", sa.Float(), nullable=False),
        sa.CheckConstraint(
            "laterality IN ('L', 'R', 'B', '')", name=op.f("ck_pixel_facts_laterality")
        ),
        sa.CheckConstraint("breast_area_mm2 >= 0", name=op.f("ck_pixel_facts_area")),
        sa.CheckConstraint(
            "breast_share BETWEEN 0 AND 1 AND saturated_share BETWEEN 0 AND 1",
            name=op.f("ck_pixel_facts_shares"),
        ),
        _of_revision("pixel_facts"),
        sa.PrimaryKeyConstraint("revision_id", name=op.f("pk_pixel_facts")),
    )


def _quality_flag() -> None:
    op.create_table(
        "quality_flag",
        sa.Column("revision_id", SERIAL, nullable=False),
        sa.Column("flag", sa.String(64), nullable=False),
        _of_revision("quality_flag"),
        sa.PrimaryKeyConstraint("revision_id", "flag", name=op.f("pk_quality_flag")),
    )
    op.create_index(op.f("ix_quality_flag_flag"), "quality_flag", ["flag"])


def _preview() -> None:
    op.create_table(
        "preview",
        sa.Column("revision_id", SERIAL, nullable=False),
        sa.Column("size", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.CheckConstraint(
            "width > 0 AND height > 0 AND bytes > 0", name=op.f("ck_preview_picture")
        ),
        _of_revision("preview"),
        sa.PrimaryKeyConstraint("revision_id", "size", name=op.f("pk_preview")),
    )


def _scan() -> None:
    op.create_table(
        "scan",
        sa.Column("revision_id", SERIAL, nullable=False),
        sa.Column("detector", sa.String(128), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("findings", sa.Integer()),
        sa.CheckConstraint("findings >= 0", name=op.f("ck_scan_findings")),
        _of_revision("scan"),
        sa.PrimaryKeyConstraint("revision_id", "detector", name=op.f("pk_scan")),
    )
