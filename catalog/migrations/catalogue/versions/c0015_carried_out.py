"""Which machine made an image, and what environments and regions say to have deleted."""

import sqlalchemy as sa
from alembic import op

revision = "c0015"
down_revision = "c0014"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the columns, of which nobody knows for what is stored; then the table."""
    op.add_column("instance", sa.Column("device", sa.String(32)))
    op.add_column("instance", sa.Column("model", sa.String(64)))
    op.create_index(op.f("ix_instance_device"), "instance", ["device"])
    _deletion()
    _answer()
    _notice()


def downgrade() -> None:
    """Drop them."""
    op.drop_table("notice")
    op.drop_table("erasure_answer")
    op.drop_table("deletion")
    op.drop_index(op.f("ix_instance_device"), "instance")
    op.drop_column("instance", "model")
    op.drop_column("instance", "device")


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_{table}_{column}"))


def _deletion() -> None:
    op.create_table(
        "deletion",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("permit_id", sa.String(64), nullable=False),
        sa.Column("study_uid", sa.String(64)),
        sa.Column("sop_uid", sa.String(64)),
        sa.Column("sop_sha256", sa.String(64), nullable=False),
        sa.Column("erasure_id", SERIAL),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT),
        sa.Column("deleted_at", MOMENT),
        sa.Column("said_by", sa.String(200)),
        sa.Column("proof_sha256", sa.String(64)),
        sa.CheckConstraint(
            "erasure_id IS NOT NULL OR confirmed_at IS NOT NULL", name=op.f("ck_deletion_why")
        ),
        sa.CheckConstraint(
            "(sop_uid IS NULL) = (study_uid IS NULL)", name=op.f("ck_deletion_uids")
        ),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (deleted_at IS NULL)"
            " AND (confirmed_at IS NULL) = (said_by IS NULL)"
            " AND (sop_uid IS NOT NULL OR confirmed_at IS NOT NULL)",
            name=op.f("ck_deletion_confirmed"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletion")),
        _refers("deletion", "account_id", "service_account.id"),
        _refers("deletion", "permit_id", "permit.id"),
        _refers("deletion", "erasure_id", "erasure.id"),
    )
    op.create_index(op.f("ix_deletion_permit_id"), "deletion", ["permit_id"])
    op.create_index(op.f("ix_deletion_erasure_id"), "deletion", ["erasure_id"])
    op.create_index(
        op.f("ix_deletion_account_id_permit_id_sop_sha256"),
        "deletion",
        ["account_id", "permit_id", "sop_sha256"],
    )


def _answer() -> None:
    op.create_table(
        "erasure_answer",
        sa.Column("order_id", SERIAL, autoincrement=False, nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_erasure_answer")),
        _refers("erasure_answer", "order_id", "issued_order.id"),
        _refers("erasure_answer", "key_id", "region_key.id"),
    )


def _notice() -> None:
    op.create_table(
        "notice",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("about", sa.String(64), nullable=False),
        sa.Column("permit_id", sa.String(64)),
        sa.Column("whom", sa.String(64), nullable=False),
        sa.Column("instances", sa.Integer(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT),
        sa.Column("sent_by", sa.String(255)),
        sa.Column("done_at", MOMENT),
        sa.Column("done_by", sa.String(255)),
        sa.Column("note", sa.Text()),
        sa.CheckConstraint("(sent_at IS NULL) = (sent_by IS NULL)", name=op.f("ck_notice_sent")),
        sa.CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name=op.f("ck_notice_done")),
        sa.CheckConstraint("(permit_id IS NULL) = (whom = 'IMY')", name=op.f("ck_notice_whom")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("about", "whom", name=op.f("uq_notice_about_whom")),
        _refers("notice", "permit_id", "permit.id"),
    )
    op.create_index(op.f("ix_notice_permit_id"), "notice", ["permit_id"])
