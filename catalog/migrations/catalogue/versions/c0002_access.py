"""Who may have it: permits, releases, holds and the access log."""

import sqlalchemy as sa
from alembic import op

revision = "c0002"
down_revision = "c0001"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    _permit()
    _permit_person()
    _release()
    _release_instance()
    _hold()
    _access_log()
    _append_only()


def downgrade() -> None:
    """Drop the tables."""
    for name in ("access_log", "hold", "release_instance", "release", "permit_person", "permit"):
        op.drop_table(name)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION access_log_is_append_only")


def _permit() -> None:
    op.create_table(
        "permit",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("tier", sa.String(16), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.CheckConstraint("tier IN ('PSEUDO_SPE', 'ANON_DOWNLOAD')", name=op.f("ck_permit_tier")),
        sa.CheckConstraint("valid_from <= valid_until", name=op.f("ck_permit_validity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permit")),
    )


def _permit_person() -> None:
    op.create_table(
        "permit_person",
        sa.Column("permit_id", sa.String(64), nullable=False),
        sa.Column("person", sa.String(255), nullable=False),
        sa.ForeignKeyConstraint(
            ["permit_id"], ["permit.id"], name=op.f("fk_permit_person_permit_id")
        ),
        sa.PrimaryKeyConstraint("permit_id", "person", name=op.f("pk_permit_person")),
    )
    op.create_index(op.f("ix_permit_person_person"), "permit_person", ["person"])


def _release() -> None:
    op.create_table(
        "release",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("permit_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("instances", sa.Integer(), nullable=False),
        sa.Column("frozen_at", MOMENT, nullable=False),
        sa.Column("sealed_at", MOMENT),
        sa.CheckConstraint(
            "(state = 'SEALED') = (sealed_at IS NOT NULL)", name=op.f("ck_release_sealed")
        ),
        sa.CheckConstraint("state IN ('BUILDING', 'SEALED')", name=op.f("ck_release_state")),
        sa.ForeignKeyConstraint(["permit_id"], ["permit.id"], name=op.f("fk_release_permit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint("permit_id", "number", name=op.f("uq_release_permit_id_number")),
    )


def _release_instance() -> None:
    op.create_table(
        "release_instance",
        sa.Column("release_id", sa.String(32), nullable=False),
        sa.Column("revision_id", SERIAL, nullable=False),
        sa.Column("study_uid", sa.String(64)),
        sa.Column("series_uid", sa.String(64)),
        sa.Column("sop_uid", sa.String(64)),
        sa.Column("pseudonym", sa.String(128)),
        sa.Column("file_name", sa.String(255)),
        sa.Column("header_key", sa.String(255)),
        sa.Column("header_size", sa.Integer()),
        sa.Column("sha256", sa.String(64)),
        sa.Column("crc32", SERIAL),
        sa.CheckConstraint(
            "sop_uid IS NULL OR (study_uid IS NOT NULL AND series_uid IS NOT NULL"
            " AND pseudonym IS NOT NULL AND file_name IS NOT NULL AND header_key "
            "IS NOT NULL AND header_size > 0 AND sha256 IS NOT NULL AND crc32 >= "
            "0)",
            name=op.f("ck_release_instance_complete"),
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("fk_release_instance_release_id")
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name=op.f("fk_release_instance_revision_id")
        ),
        sa.PrimaryKeyConstraint("release_id", "revision_id", name=op.f("pk_release_instance")),
        sa.UniqueConstraint(
            "release_id", "file_name", name=op.f("uq_release_instance_release_id_file_name")
        ),
        sa.UniqueConstraint(
            "release_id", "sop_uid", name=op.f("uq_release_instance_release_id_sop_uid")
        ),
    )
    op.create_index(
        op.f("ix_release_instance_release_id_study_uid_series_uid_sop_uid"),
        "release_instance",
        ["release_id", "study_uid", "series_uid", "sop_uid"],
    )
    op.create_index(op.f("ix_release_instance_revision_id"), "release_instance", ["revision_id"])


def _hold() -> None:
    op.create_table(
        "hold",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("target", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.String(255), nullable=False),
        sa.Column("placed_at", MOMENT, nullable=False),
        sa.Column("lifted_by", sa.String(255)),
        sa.Column("lifted_at", MOMENT),
        sa.CheckConstraint(
            "kind IN ('OPTED_OUT', 'PROTECTED', 'WITHDRAWN', 'CORRECTED', 'RECALLED', 'ERASED')",
            name=op.f("ck_hold_kind"),
        ),
        sa.CheckConstraint(
            "scope IN ('SUBJECT', 'STUDY', 'INSTANCE', 'REVISION')", name=op.f("ck_hold_scope")
        ),
        sa.CheckConstraint(
            "(lifted_by IS NULL) = (lifted_at IS NULL)", name=op.f("ck_hold_lifted")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    op.create_index(op.f("ix_hold_scope_target"), "hold", ["scope", "target"])


def _access_log() -> None:
    op.create_table(
        "access_log",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("permit_id", sa.String(64), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("object", sa.String(255), nullable=False),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_log")),
    )
    op.create_index(op.f("ix_access_log_permit_id_at"), "access_log", ["permit_id", "at"])


def _append_only() -> None:
    """Let the database itself refuse to change or drop a line of the access log."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION access_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'the access log is append-only'"
            " USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
        op.execute(
            "CREATE TRIGGER access_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
            " ON access_log FOR EACH STATEMENT EXECUTE FUNCTION access_log_is_append_only()"
        )
        return
    for deed in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER access_log_no_{deed.lower()} BEFORE {deed} ON access_log"
            " BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END"
        )
