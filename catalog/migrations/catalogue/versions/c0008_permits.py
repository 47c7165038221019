"""Applications, the permits they led to, and what happened to both."""

import sqlalchemy as sa
from alembic import op

revision = "c0008"
down_revision = "c0007"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
EVENTS = (
    "event IN ('edit', 'submit', 'screen', 'process', 'ask', 'grant', 'refuse', 'withdraw',"
    " 'amend', 'extend', 'revoke', 'expire')"
)
CLOSED = "OLD.state IN ('DECISION_ISSUED', 'WITHDRAWN')"


def upgrade() -> None:
    """Make the tables; who was permitted before stays so."""
    _application()
    _application_event()
    _permit_decision()
    _permit_event()
    _closed_for_good()


def downgrade() -> None:
    """Drop the tables; the permits stay, without what they say."""
    for name in ("permit_event", "permit_decision", "application_event", "application"):
        op.drop_table(name)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION application_is_closed()")


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_{table}_{column}"))


def _application() -> None:
    op.create_table(
        "application",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("key", sa.String(20), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("schema_version", sa.SmallInteger(), nullable=False),
        sa.Column("form", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("submitted_at", MOMENT),
        sa.CheckConstraint(
            "state IN ('DRAFT', 'SUBMITTED', 'PRE_SCREENING', 'PROCESSING',"
            " 'AWAITING_ADDITIONAL_INFORMATION', 'DECISION_ISSUED', 'WITHDRAWN')",
            name=op.f("ck_application_state"),
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_application_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
        sa.UniqueConstraint("key", name=op.f("uq_application_key")),
    )
    op.create_index(op.f("ix_application_owner"), "application", ["owner"])


def _application_event() -> None:
    op.create_table(
        "application_event",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("application_id", SERIAL, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.CheckConstraint(EVENTS, name=op.f("ck_application_event_event")),
        _refers("application_event", "application_id", "application.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_event")),
    )
    op.create_index(
        op.f("ix_application_event_application_id"), "application_event", ["application_id"]
    )


def _permit_decision() -> None:
    op.create_table(
        "permit_decision",
        sa.Column("permit_id", sa.String(64), nullable=False),
        sa.Column("application_id", SERIAL, nullable=False),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("supersedes", sa.String(64)),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("extensions", sa.SmallInteger(), nullable=False),
        sa.Column("schema_version", sa.SmallInteger(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "way IN ('grant', 'amend', 'extend')", name=op.f("ck_permit_decision_way")
        ),
        sa.CheckConstraint("extensions IN (0, 1)", name=op.f("ck_permit_decision_extensions")),
        sa.CheckConstraint(
            "(supersedes IS NULL) = (number = 1)", name=op.f("ck_permit_decision_first")
        ),
        _refers("permit_decision", "permit_id", "permit.id"),
        _refers("permit_decision", "application_id", "application.id"),
        _refers("permit_decision", "line", "permit.id"),
        _refers("permit_decision", "supersedes", "permit.id"),
        sa.PrimaryKeyConstraint("permit_id", name=op.f("pk_permit_decision")),
        sa.UniqueConstraint("line", "number", name=op.f("uq_permit_decision_line_number")),
        sa.UniqueConstraint(
            "application_id", "number", name=op.f("uq_permit_decision_application_id_number")
        ),
        sa.UniqueConstraint("supersedes", name=op.f("uq_permit_decision_supersedes")),
    )


def _permit_event() -> None:
    op.create_table(
        "permit_event",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("permit_id", sa.String(64), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(EVENTS, name=op.f("ck_permit_event_event")),
        _refers("permit_event", "permit_id", "permit.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permit_event")),
    )
    op.create_index(op.f("ix_permit_event_permit_id"), "permit_event", ["permit_id"])


def _closed_for_good() -> None:
    """Let the database itself refuse to change an application that is decided or withdrawn."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION application_is_closed() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'the application is closed'"
            " USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
        op.execute(
            "CREATE TRIGGER application_closed BEFORE UPDATE OR DELETE ON application"
            f" FOR EACH ROW WHEN ({CLOSED}) EXECUTE FUNCTION application_is_closed()"
        )
        return
    for deed in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER application_no_{deed.lower()} BEFORE {deed} ON application"
            f" WHEN {CLOSED} BEGIN SELECT RAISE(ABORT, 'the application is closed'); END"
        )
