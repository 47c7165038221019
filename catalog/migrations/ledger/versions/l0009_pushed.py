"""Sources that push, and how many objects ended that no plan ever asked for."""

import sqlalchemy as sa
from alembic import op

revision = "l0009"
down_revision = "l0008"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
BEFORE = "kind IN ('FOLDER', 'DICOM', 'DICOMWEB')"
SINCE = "kind IN ('FOLDER', 'DICOM', 'DICOMWEB', 'PUSHED')"
OUTCOMES = (
    "outcome IN ('ADMITTED', 'KNOWN', 'REVISED', 'CONFLICT', 'REFUSED', 'UNREADABLE', "
    "'SUSPECT', 'UNAVAILABLE')"
)


def upgrade() -> None:
    """Let a source be one that pushes, and make the table."""
    _let(SINCE)
    op.create_table(
        "unasked",
        sa.Column("id", SERIAL, nullable=False, autoincrement=True),
        sa.Column("token", sa.String(40), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.CheckConstraint(OUTCOMES, name=op.f("ck_unasked_outcome")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unasked")),
        sa.UniqueConstraint("token", name=op.f("uq_unasked_token")),
    )


def downgrade() -> None:
    """Drop the table; a source that pushes must have been removed before."""
    op.drop_table("unasked")
    _let(BEFORE)


def _let(kinds: str) -> None:
    """Let sources be of these kinds."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_source_kind"), "source", type_="check")
        op.create_check_constraint(op.f("ck_source_kind"), "source", kinds)
        return
    # SQLite changes no constraint. The rows that plans refer to go and come in one transaction,
    # at whose end the references are looked at.
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute("CREATE TEMPORARY TABLE sources_kept AS SELECT * FROM source")
    op.execute("DELETE FROM source")
    op.drop_table("source")
    op.create_table(
        "source",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("settings_enc", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.CheckConstraint(kinds, name=op.f("ck_source_kind")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_source")),
    )
    op.execute("INSERT INTO source SELECT name, kind, settings_enc, changed_at FROM sources_kept")
    op.execute("DROP TABLE sources_kept")
