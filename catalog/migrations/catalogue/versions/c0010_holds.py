"""Holds of another moment, opt-outs, recalls, erasures and significant findings."""

import sqlalchemy as sa
from alembic import op

revision = "c0010"
down_revision = "c0009"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the columns and the tables."""
    op.add_column("hold", sa.Column("since", MOMENT))
    op.add_column("hold", sa.Column("recall_id", SERIAL))
    op.create_index(op.f("ix_hold_recall_id"), "hold", ["recall_id"])
    _opt_out()
    _recall()
    _erasure()
    _finding()


def downgrade() -> None:
    """Drop them; Holds, rows and objects stay as they are."""
    for name in ("finding", "tombstone", "erased_object", "erasure", "recall", "opt_out"):
        op.drop_table(name)
    op.drop_index(op.f("ix_hold_recall_id"), "hold")
    op.drop_column("hold", "recall_id")
    op.drop_column("hold", "since")


def _id(table: str) -> tuple[sa.Column[int], sa.PrimaryKeyConstraint]:
    key = sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))
    return sa.Column("id", SERIAL, nullable=False), key


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_{table}_{column}"))


def _opt_out() -> None:
    op.create_table(
        "opt_out",
        *_id("opt_out"),
        sa.Column("pseudonym", sa.String(128), nullable=False),
        sa.Column("word", sa.String(16), nullable=False),
        sa.Column("valid_from", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("said_by", sa.String(64), nullable=False),
        sa.CheckConstraint("word IN ('OUT', 'LIFTED')", name=op.f("ck_opt_out_word")),
        sa.UniqueConstraint(
            "pseudonym",
            "said_by",
            "word",
            "valid_from",
            name=op.f("uq_opt_out_pseudonym_said_by_word_valid_from"),
        ),
    )
    op.create_index(op.f("ix_opt_out_recorded_at"), "opt_out", ["recorded_at"])


def _recall() -> None:
    op.create_table(
        "recall",
        *_id("recall"),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("aware_at", MOMENT, nullable=False),
        sa.Column("holds", sa.Integer(), nullable=False),
        sa.CheckConstraint("aware_at <= at", name=op.f("ck_recall_aware")),
    )


def _erasure() -> None:
    op.create_table(
        "erasure",
        *_id("erasure"),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("case", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("studies", sa.Integer(), nullable=False),
        sa.Column("instances", sa.Integer(), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.CheckConstraint(
            "scope IN ('SUBJECT', 'STUDY', 'INSTANCE', 'REVISION')", name=op.f("ck_erasure_scope")
        ),
    )
    op.create_table(
        "erased_object",
        *_id("erased_object"),
        sa.Column("erasure_id", SERIAL, nullable=False),
        sa.Column("store", sa.String(16), nullable=False),
        sa.Column("key", sa.String(255)),
        sa.Column("key_sha256", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("gone_at", MOMENT),
        sa.CheckConstraint("store IN ('CLEAN', 'RELEASES')", name=op.f("ck_erased_object_store")),
        sa.CheckConstraint(
            "(key IS NULL) = (gone_at IS NOT NULL)", name=op.f("ck_erased_object_gone")
        ),
        _refers("erased_object", "erasure_id", "erasure.id"),
    )
    op.create_index(
        op.f("ix_erased_object_erasure_id_gone_at"), "erased_object", ["erasure_id", "gone_at"]
    )
    _tombstone()


def _tombstone() -> None:
    op.create_table(
        "tombstone",
        *_id("tombstone"),
        sa.Column("release_id", sa.String(32), nullable=False),
        sa.Column("erasure_id", SERIAL, nullable=False),
        sa.Column("instances", SERIAL, nullable=False),
        sa.CheckConstraint("instances > 0", name=op.f("ck_tombstone_instances")),
        _refers("tombstone", "release_id", "release.id"),
        _refers("tombstone", "erasure_id", "erasure.id"),
    )
    op.create_index(op.f("ix_tombstone_release_id"), "tombstone", ["release_id"])
    op.create_index(op.f("ix_tombstone_erasure_id"), "tombstone", ["erasure_id"])


def _finding() -> None:
    op.create_table(
        "finding",
        *_id("finding"),
        sa.Column("permit_id", sa.String(64), nullable=False),
        sa.Column("release_uid", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reported_by", sa.String(255), nullable=False),
        sa.Column("reported_at", MOMENT, nullable=False),
        sa.Column("confirmed_by", sa.String(255)),
        sa.Column("confirmed_at", MOMENT),
        sa.Column("region_id", sa.String(32)),
        sa.Column("order_id", sa.String(32)),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_at IS NULL)"
            " AND (confirmed_by IS NULL) = (order_id IS NULL)"
            " AND (confirmed_by IS NULL) = (region_id IS NULL)",
            name=op.f("ck_finding_confirmed"),
        ),
        sa.CheckConstraint("confirmed_by <> reported_by", name=op.f("ck_finding_two")),
        _refers("finding", "permit_id", "permit.id"),
        _refers("finding", "region_id", "region.id"),
    )
    op.create_index(op.f("ix_finding_permit_id"), "finding", ["permit_id"])
