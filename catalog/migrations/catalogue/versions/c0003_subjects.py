"""Merged Subjects, blocked records, why a Hold was lifted, and objects without pixels."""

import sqlalchemy as sa
from alembic import op

revision = "c0003"
down_revision = "c0002"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)

KINDS = "'FFDM', 'DBT', 'S2D', 'FILM', 'OTHER'"
NEW_KINDS = f"{KINDS}, 'CAD_SR', 'SR', 'KO', 'PR', 'SEG'"
HOLDS = "'OPTED_OUT', 'PROTECTED', 'WITHDRAWN', 'CORRECTED', 'RECALLED', 'ERASED'"
NEW_HOLDS = "'OPTED_OUT', 'PROTECTED', 'BLOCKED', 'WITHDRAWN', 'CORRECTED', 'RECALLED', 'ERASED'"


def upgrade() -> None:
    """Make the changes."""
    _recheck("instance", "kind", KINDS, NEW_KINDS)
    _recheck("hold", "kind", HOLDS, NEW_HOLDS)
    op.add_column("hold", sa.Column("lift_reason", sa.Text()))
    _refer("subject", "merged_into")
    op.add_column("subject", sa.Column("weeks", sa.Integer(), nullable=False, server_default="0"))
    _subject_merge()
    _refer("revision", "subject_id")
    op.execute(
        "UPDATE revision SET subject_id = (SELECT study.subject_id FROM instance"
        " JOIN study ON study.id = instance.study_id WHERE instance.id = revision.instance_id)"
    )


def downgrade() -> None:
    """Go back; fails if there are rows that only the newer schema allows."""
    op.drop_table("subject_merge")
    for table, column in (("revision", "subject_id"), ("subject", "merged_into")):
        op.drop_index(op.f(f"ix_{table}_{column}"), table)
        op.drop_column(table, column)
    op.drop_column("subject", "weeks")
    op.drop_column("hold", "lift_reason")
    _recheck("hold", "kind", NEW_HOLDS, HOLDS)
    _recheck("instance", "kind", NEW_KINDS, KINDS)


def _subject_merge() -> None:
    op.create_table(
        "subject_merge",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("old", sa.String(128), nullable=False),
        sa.Column("new", sa.String(128), nullable=False),
        sa.Column("weeks", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint("old <> new", name=op.f("ck_subject_merge_two")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject_merge")),
    )
    op.create_index(op.f("ix_subject_merge_old"), "subject_merge", ["old"])
    op.create_index(op.f("ix_subject_merge_new"), "subject_merge", ["new"])


def _refer(table: str, column: str) -> None:
    """Add a column that may refer to a subject, with its index."""
    name = op.f(f"fk_{table}_{column}")
    if op.get_bind().dialect.name == "postgresql":
        op.add_column(table, sa.Column(column, SERIAL))
        op.create_foreign_key(name, table, "subject", [column], ["id"])
    else:
        # SQLite takes a reference only as the column is made.
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN {column} INTEGER"
            f" CONSTRAINT {name} REFERENCES subject (id)"
        )
    op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def _recheck(table: str, column: str, before: str, after: str) -> None:
    """Replace the list of words that a column may hold."""
    name = op.f(f"ck_{table}_{column}")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(name, table)
        op.create_check_constraint(name, table, f"{column} IN ({after})")
        return
    # A table that others refer to cannot be made anew in SQLite without letting go of them. A
    # check is not part of what is stored, so its text may be changed in place; see "Making Other
    # Kinds Of Table Schema Changes" in SQLite's documentation of ALTER TABLE.
    bind = op.get_bind()
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar_one()
    bind.exec_driver_sql("PRAGMA writable_schema = ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?",
        (f"{column} IN ({before})", f"{column} IN ({after})", table),
    )
    bind.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema = OFF")
