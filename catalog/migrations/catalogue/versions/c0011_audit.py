"""Each line of the access log holds on to the one before; and indices that find what is rare.

Old lines go behind a checkpoint only.
"""

import hashlib
import json
from datetime import UTC

import sqlalchemy as sa
from alembic import op

revision = "c0011"
down_revision = "c0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
BATCH = 1000
INDICES = (("permit_id", "object"), ("actor", "at"))
FOUND = (("kind", "view", "laterality"), ("vendor", "view", "laterality"))
RARE = (*((*columns, "study_id") for columns in FOUND), ("view", "laterality", "study_id"))
# What ANALYZE says of a grown catalogue; SQLite knows nothing of tables that nobody analysed.
SHAPE = (
    ("instance", "ix_instance_study_id_kind_view_laterality_vendor", "4000000 4 4 2 1 1"),
    ("instance", "ix_instance_kind_view_laterality_study_id", "4000000 400000 100000 50000 1"),
    ("instance", "ix_instance_vendor_view_laterality_study_id", "4000000 400000 100000 50000 1"),
    ("instance", "ix_instance_view_laterality_study_id", "4000000 400000 200000 1"),
    ("pixel_facts", "ix_pixel_facts_laterality_agrees", "4000000 4000"),
    ("quality_flag", "ix_quality_flag_flag", "100000 10000"),
    ("hold", "ix_hold_scope_target", "10000 5000 1"),
    ("subject", "sqlite_autoindex_subject_1", "300000 1"),
    ("subject", "ix_subject_merged_into", "300000 2"),
)
SAID = ("actor", "permit_id", "action", "object", "outcome")
LOG = sa.table(
    "access_log",
    sa.column("id", sa.BigInteger()),
    sa.column("at", MOMENT),
    *(sa.column(name, sa.String()) for name in SAID),
    sa.column("version", sa.SmallInteger()),
    sa.column("previous", sa.String()),
    sa.column("digest", sa.String()),
)


def upgrade() -> None:
    """Chain the lines there are, in the order of their numbers; then guard them more closely."""
    _drop_guards()
    _checkpoint()
    with op.batch_alter_table("access_log") as table:
        table.add_column(sa.Column("version", sa.SmallInteger()))
        table.add_column(sa.Column("previous", sa.String(64)))
        table.add_column(sa.Column("digest", sa.String(64)))
    _chain()
    with op.batch_alter_table("access_log") as table:
        table.alter_column("version", existing_type=sa.SmallInteger(), nullable=False)
        table.alter_column("previous", existing_type=sa.String(64), nullable=False)
        table.alter_column("digest", existing_type=sa.String(64), nullable=False)
    for columns in INDICES:
        op.create_index(op.f(f"ix_access_log_{'_'.join(columns)}"), "access_log", list(columns))
    _indices(FOUND, RARE)
    op.create_index(op.f("ix_pixel_facts_laterality_agrees"), "pixel_facts", ["laterality_agrees"])
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()
        _tell_sqlite()


def downgrade() -> None:
    """Forget the chain; lines stay, and are guarded as before."""
    _drop_guards()
    _indices(RARE, FOUND)
    op.drop_index(op.f("ix_pixel_facts_laterality_agrees"), "pixel_facts")
    for columns in INDICES:
        op.drop_index(op.f(f"ix_access_log_{'_'.join(columns)}"), "access_log")
    with op.batch_alter_table("access_log") as table:
        for name in ("version", "previous", "digest"):
            table.drop_column(name)
    op.drop_table("audit_checkpoint")
    if op.get_bind().dialect.name == "postgresql":
        _refuse_postgresql("access_log", "UPDATE OR DELETE OR TRUNCATE")
        return
    for deed in ("UPDATE", "DELETE"):
        _refuse_sqlite("access_log", deed)


def _indices(before: tuple[tuple[str, ...], ...], after: tuple[tuple[str, ...], ...]) -> None:
    for columns in before:
        op.drop_index(op.f(f"ix_instance_{'_'.join(columns)}"), "instance")
    for columns in after:
        op.create_index(op.f(f"ix_instance_{'_'.join(columns)}"), "instance", list(columns))


def _tell_sqlite() -> None:
    """Tell SQLite how a catalogue is shaped (https://sqlite.org/fileformat2.html#stat1tab)."""
    op.execute("ANALYZE sqlite_schema")
    op.execute("DELETE FROM sqlite_stat1")
    told = sa.table("sqlite_stat1", *(sa.column(name) for name in ("tbl", "idx", "stat")))
    op.bulk_insert(told, [dict(zip(("tbl", "idx", "stat"), row, strict=True)) for row in SHAPE])


def _checkpoint() -> None:
    op.create_table(
        "audit_checkpoint",
        sa.Column(
            "through",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            autoincrement=False,
        ),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("made_by", sa.String(255), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("through", name=op.f("pk_audit_checkpoint")),
    )


def _chain() -> None:
    connection, number, digest = op.get_bind(), 0, "0" * 64
    fill = (
        LOG.update()
        .where(LOG.c.id == sa.bindparam("number"))
        .values(version=1, previous=sa.bindparam("before"), digest=sa.bindparam("its"))
    )
    while True:
        some = sa.select(LOG).where(LOG.c.id > number).order_by(LOG.c.id).limit(BATCH)
        filled = []
        for row in connection.execute(some).all():
            number, before, digest = row.id, digest, _digest(row, digest)
            filled.append({"number": number, "before": before, "its": digest})
        if not filled:
            return
        connection.execute(fill, filled)


def _digest(row: sa.Row[tuple[object, ...]], previous: str) -> str:
    """Give version 1's digest, as `catalog.audit.chain` did when this was written."""
    at = row.at.replace(tzinfo=UTC) if row.at.tzinfo is None else row.at.astimezone(UTC)
    moment = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    said = (getattr(row, name) for name in SAID)
    parts = ["mammo-audit", 1, row.id, moment, *said, previous]
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()


def _drop_guards() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER access_log_append_only ON access_log")
        op.execute("DROP TRIGGER IF EXISTS access_log_old_only ON access_log")
        op.execute("DROP FUNCTION IF EXISTS access_log_is_old")
        return
    for deed in ("update", "delete", "replace"):
        op.execute(f"DROP TRIGGER IF EXISTS access_log_no_{deed}")


def _refuse_postgresql(table: str, deeds: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE {deeds} ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION access_log_is_append_only()"
    )


def _refuse_sqlite(table: str, deed: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table}"
        " BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END"
    )


def _guard_postgresql() -> None:
    """Refuse changes; let a line go that is a year old (Art. 73(1)(e)) and behind a checkpoint."""
    _refuse_postgresql("access_log", "UPDATE OR TRUNCATE")
    _refuse_postgresql("audit_checkpoint", "UPDATE OR DELETE OR TRUNCATE")
    op.execute(
        "CREATE FUNCTION access_log_is_old() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF OLD.at < now() - interval '1 year'"
        " AND OLD.id <= (SELECT max(through) FROM audit_checkpoint) THEN RETURN OLD; END IF;"
        " RAISE EXCEPTION 'the access log is append-only'"
        " USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER access_log_old_only BEFORE DELETE ON access_log"
        " FOR EACH ROW EXECUTE FUNCTION access_log_is_old()"
    )


def _guard_sqlite() -> None:
    """Refuse the same; and INSERT OR REPLACE, which removes lines without asking any trigger."""
    _refuse_sqlite("access_log", "UPDATE")
    for table, key in (("access_log", "id"), ("audit_checkpoint", "through")):
        there = f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"  # noqa: S608 - our names
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {there}"
            " BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END"
        )
    for deed in ("UPDATE", "DELETE"):
        _refuse_sqlite("audit_checkpoint", deed)
    op.execute(
        "CREATE TRIGGER access_log_no_delete BEFORE DELETE ON access_log"
        " WHEN OLD.at >= strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 year')"
        " OR OLD.id > coalesce((SELECT max(through) FROM audit_checkpoint), 0)"
        " BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END"
    )
