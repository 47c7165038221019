"""What regions deliver: their keys and limits, studies that wait to be checked, and orders."""

import sqlalchemy as sa
from alembic import op

revision = "c0005"
down_revision = "c0004"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    _region_key()
    _limits()
    _nonce()
    _arrival()
    _issued_order()


def downgrade() -> None:
    """Drop the tables; what waited there is delivered again."""
    names = ("issued_order", "arrival", "intake_nonce", "intake_usage", "intake_limit")
    for name in (*names, "region_key"):
        op.drop_table(name)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_{table}_{column}"))


def _region_key() -> None:
    op.create_table(
        "region_key",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("region_id", sa.String(32), nullable=False),
        sa.Column("public_key", sa.String(64), nullable=False),
        sa.Column("added_by", sa.String(255), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("revoked_by", sa.String(255)),
        sa.Column("revoked_at", MOMENT),
        sa.CheckConstraint(
            "(revoked_by IS NULL) = (revoked_at IS NULL)", name=op.f("ck_region_key_revoked")
        ),
        _refers("region_key", "region_id", "region.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_region_key")),
    )
    op.create_index(op.f("ix_region_key_region_id"), "region_key", ["region_id"])


def _limits() -> None:
    op.create_table(
        "intake_limit",
        sa.Column("region_id", sa.String(32), nullable=False),
        sa.Column("objects_a_day", SERIAL, nullable=False),
        sa.Column("bytes_a_day", SERIAL, nullable=False),
        sa.Column("merges_until", sa.Date()),
        sa.CheckConstraint(
            "objects_a_day >= 0 AND bytes_a_day >= 0", name=op.f("ck_intake_limit_limits")
        ),
        _refers("intake_limit", "region_id", "region.id"),
        sa.PrimaryKeyConstraint("region_id", name=op.f("pk_intake_limit")),
    )
    op.create_table(
        "intake_usage",
        sa.Column("region_id", sa.String(32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("objects", SERIAL, nullable=False),
        sa.Column("bytes", SERIAL, nullable=False),
        _refers("intake_usage", "region_id", "region.id"),
        sa.PrimaryKeyConstraint("region_id", "day", name=op.f("pk_intake_usage")),
    )


def _nonce() -> None:
    op.create_table(
        "intake_nonce",
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        _refers("intake_nonce", "key_id", "region_key.id"),
        sa.PrimaryKeyConstraint("key_id", "nonce", name=op.f("pk_intake_nonce")),
    )
    op.create_index(op.f("ix_intake_nonce_at"), "intake_nonce", ["at"])


def _arrival() -> None:
    op.create_table(
        "arrival",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("region_id", sa.String(32), nullable=False),
        sa.Column("holder_id", sa.String(64), nullable=False),
        sa.Column("export_id", sa.String(64), nullable=False),
        sa.Column("study_ordinal", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT),
        sa.CheckConstraint(
            "state IN ('RECEIVED', 'PUBLISHED', 'REFUSED')", name=op.f("ck_arrival_state")
        ),
        sa.CheckConstraint(
            "(state = 'RECEIVED') = (settled_at IS NULL)", name=op.f("ck_arrival_settled")
        ),
        _refers("arrival", "region_id", "region.id"),
        _refers("arrival", "holder_id", "holder.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrival")),
    )
    op.create_index(op.f("ix_arrival_state_received_at"), "arrival", ["state", "received_at"])
    op.create_index(op.f("ix_arrival_region_id_sha256"), "arrival", ["region_id", "sha256"])


def _issued_order() -> None:
    op.create_table(
        "issued_order",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("region_id", sa.String(32), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.Column("issued_by", sa.String(255), nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('DELIVER', 'ERASE', 'TRACE_BACK', 'HOLD')", name=op.f("ck_issued_order_kind")
        ),
        sa.CheckConstraint("sequence >= 1", name=op.f("ck_issued_order_sequence")),
        _refers("issued_order", "region_id", "region.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issued_order")),
        sa.UniqueConstraint(
            "region_id", "sequence", name=op.f("uq_issued_order_region_id_sequence")
        ),
    )
