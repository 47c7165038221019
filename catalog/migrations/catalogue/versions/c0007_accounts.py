"""Service accounts of secure processing environments, their keys, and assertions that were used."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "c0007"
down_revision = "c0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "service_account",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        *_added_and_revoked("service_account"),
    )
    op.create_table(
        "service_key",
        sa.Column("id", sa.String(43), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("jwk", sa.Text(), nullable=False),
        _an_account_s("service_key"),
        *_added_and_revoked("service_key"),
    )
    op.create_index(op.f("ix_service_key_account_id"), "service_key", ["account_id"])
    op.create_table(
        "service_assertion",
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("jti", sa.String(64), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        _an_account_s("service_assertion"),
        sa.PrimaryKeyConstraint("account_id", "jti", name=op.f("pk_service_assertion")),
    )
    op.create_index(op.f("ix_service_assertion_expires_at"), "service_assertion", ["expires_at"])


def downgrade() -> None:
    """Drop them; no secure processing environment is let in any more."""
    for table in ("service_assertion", "service_key", "service_account"):
        op.drop_table(table)


def _an_account_s(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_account_id")
    return sa.ForeignKeyConstraint(["account_id"], ["service_account.id"], name=name)


def _added_and_revoked(table: str) -> tuple[sa.Column[Any] | sa.Constraint, ...]:
    return (
        sa.Column("added_by", sa.String(255), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("revoked_by", sa.String(255)),
        sa.Column("revoked_at", MOMENT),
        sa.CheckConstraint(
            "(revoked_by IS NULL) = (revoked_at IS NULL)", name=op.f(f"ck_{table}_revoked")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
