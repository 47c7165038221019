"""What search asks of a study is kept beside it, by handle; written here for what there is.

The indices that found what few instances have go: nothing asks them any more.
"""

import sqlalchemy as sa
from alembic import op

revision = "c0016"
down_revision = "c0015"
branch_labels = None
depends_on = None

KINDS = ("FFDM", "DBT", "S2D", "FILM", "OTHER", "CAD_SR", "SR", "KO", "PR", "SEG")
VIEWS = (
    "CC", "MLO", "ML", "LM", "LMO", "XCCL", "XCCM", "FB", "SIO", "ISO", "SPECIMEN", "OTHER", "",
)  # fmt: skip
WORDS = {
    "kind": KINDS,
    "view": VIEWS,
    "laterality": ("L", "R", "B", ""),
    "laterality_agrees": ("YES", "NO", "UNKNOWN"),
}
BITS = (
    "saturated", "clipped black", "low contrast", "breast cut off", "no air seen", "nearly empty",
    "mask uncertain", "laterality disagrees", "orientation disagrees", "no pixel spacing",
    "dates disagree",
)  # fmt: skip
LOOKS = ("kind", "view", "laterality", "vendor", "flags", "laterality_agrees")
WHOSE = ("holder_id", "exam_year", "age_band")
MANY = 20_000
# What ANALYZE says of a grown catalogue; SQLite knows nothing of tables that nobody analysed.
SHAPE = (
    ("study_facet", "study_facet", "4000000 4 1 1"),
    ("study_facet", "ix_study_facet_appearance_id_stratum_id_study_key", "4000000 8000 20 1"),
    ("search_cell", "search_cell", "200000 400 1"),
    ("search_cell", "ix_search_cell_stratum_id_appearance_id", "200000 100 1"),
    ("search_appearance", "sqlite_autoindex_search_appearance_1", "500 50 10 5 2 1 1"),
    ("search_stratum", "sqlite_autoindex_search_stratum_1", "3000 150 10 1"),
)
RARE = (
    ("instance", ("kind", "view", "laterality", "study_id")),
    ("instance", ("vendor", "view", "laterality", "study_id")),
    ("instance", ("view", "laterality", "study_id")),
    ("pixel_facts", ("laterality_agrees",)),
)
RARE_SHAPE = (
    ("instance", "ix_instance_kind_view_laterality_study_id", "4000000 400000 100000 50000 1"),
    ("instance", "ix_instance_vendor_view_laterality_study_id", "4000000 400000 100000 50000 1"),
    ("instance", "ix_instance_view_laterality_study_id", "4000000 400000 200000 1"),
    ("pixel_facts", "ix_pixel_facts_laterality_agrees", "4000000 4000"),
)


def upgrade() -> None:
    """Make the four tables, and write what they say of the studies there are."""
    _appearances()
    _strata()
    _by_study()
    _write()
    for table, columns in RARE:
        op.drop_index(_name(table, columns), table)
    if op.get_bind().dialect.name == "sqlite":
        _tell_sqlite(SHAPE)


def downgrade() -> None:
    """Forget them: all is derived from the rest."""
    for table in ("study_facet", "search_cell", "search_stratum", "search_appearance"):
        op.drop_table(table)
    for table, columns in RARE:
        op.create_index(_name(table, columns), table, list(columns))
    if op.get_bind().dialect.name == "sqlite":
        _tell_sqlite(RARE_SHAPE)


def _name(table: str, columns: tuple[str, ...]) -> str:
    return op.f(f"ix_{table}_{'_'.join(columns)}")


def _tell_sqlite(rows: tuple[tuple[str, str, str], ...]) -> None:
    told = sa.table("sqlite_stat1", *(sa.column(name) for name in ("tbl", "idx", "stat")))
    op.bulk_insert(told, [dict(zip(("tbl", "idx", "stat"), row, strict=True)) for row in rows])


def _one_of(table: str, name: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in WORDS[name])
    return sa.CheckConstraint(f"{name} IN ({listed})", name=op.f(f"ck_{table}_{name}"))


def _key(table: str, column: str, refers: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [refers], name=op.f(f"fk_{table}_{column}"))


def _appearances() -> None:
    table = "search_appearance"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        *(sa.Column(name, sa.String(16), nullable=False) for name in ("kind", "view")),
        sa.Column("laterality", sa.String(16), nullable=False),
        sa.Column("vendor", sa.String(32), nullable=False),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("laterality_agrees", sa.String(16), nullable=False),
        *(_one_of(table, name) for name in WORDS),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(*LOOKS, name=op.f(f"uq_{table}_looks")),
    )


def _strata() -> None:
    table = "search_stratum"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("holder_id", sa.String(64), nullable=False),
        _key(table, "holder_id", "holder.id"),
        sa.Column("exam_year", sa.SmallInteger(), nullable=False),
        sa.Column("age_band", sa.String(8), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(*WHOSE, name=op.f(f"uq_{table}_{'_'.join(WHOSE)}")),
    )


def _by_study() -> None:
    pair = ("appearance_id", "stratum_id")
    for table in ("search_cell", "study_facet"):
        handle = [] if table == "search_cell" else ["study_key"]
        op.create_table(
            table,
            *(sa.Column(name, sa.String(32), nullable=False) for name in handle),
            *(sa.Column(name, sa.Integer(), nullable=False) for name in pair),
            *(_key(table, name, "study.key") for name in handle),
            _key(table, "appearance_id", "search_appearance.id"),
            _key(table, "stratum_id", "search_stratum.id"),
            sa.PrimaryKeyConstraint(*handle, *pair, name=op.f(f"pk_{table}")),
            sqlite_with_rowid=False,
        )
    op.create_index(_name("search_cell", pair[::-1]), "search_cell", list(pair[::-1]))
    by_pair = (*pair, "study_key")
    op.create_index(_name("study_facet", by_pair), "study_facet", list(by_pair))


def _write() -> None:
    """Write, some thousand studies at a time, what catalog.facets did when this was written."""
    last = op.get_bind().execute(sa.text("SELECT max(id) FROM study")).scalar() or 0
    bits = " ".join(f"WHEN '{word}' THEN {1 << number}" for number, word in enumerate(BITS))
    found = f"""
        SELECT DISTINCT study.key AS study_key, i.kind, i.view, i.laterality, i.vendor,
            (SELECT coalesce(sum(CASE q.flag {bits} ELSE {1 << 20} END), 0)
             FROM quality_flag AS q WHERE q.revision_id = r.id) AS flags,
            CASE WHEN p.laterality_agrees THEN 'YES' WHEN NOT p.laterality_agrees THEN 'NO'
                ELSE 'UNKNOWN' END AS laterality_agrees
        FROM study JOIN instance AS i ON i.study_id = study.id
        JOIN revision AS r ON r.instance_id = i.id AND r.number = i.latest
            AND (r.derived_from IS NULL OR EXISTS (
                SELECT 1 FROM revision AS o JOIN instance AS m
                ON m.id = o.instance_id AND m.latest = o.number WHERE o.id = r.derived_from))
        LEFT JOIN pixel_facts AS p ON p.revision_id = r.id
        WHERE study.id BETWEEN :first AND :last"""  # noqa: S608 - our own words
    whose = """
        SELECT key AS study_key, holder_id, coalesce(exam_year, 0) AS exam_year,
            coalesce(age_band, '') AS age_band
        FROM study WHERE id BETWEEN :first AND :last"""
    looks, strata = (
        " AND ".join(f"{one}.{name} = {other}.{name}" for name in names)
        for one, other, names in (("a", "f", LOOKS), ("s", "w", WHOSE))
    )
    facets = f"""
        INSERT INTO study_facet (study_key, appearance_id, stratum_id)
        SELECT f.study_key, a.id, s.id FROM ({found}) AS f
        JOIN ({whose}) AS w ON w.study_key = f.study_key
        JOIN search_appearance AS a ON {looks} JOIN search_stratum AS s ON {strata}"""  # noqa: S608
    steps = [
        _added("search_appearance", found, LOOKS),
        _added("search_stratum", whose, WHOSE),
        facets,
    ]
    for first in range(0, last + 1, MANY):
        for step in steps:
            op.get_bind().execute(sa.text(step), {"first": first, "last": first + MANY - 1})
    op.execute(
        "INSERT INTO search_cell (appearance_id, stratum_id)"
        " SELECT DISTINCT appearance_id, stratum_id FROM study_facet"
    )


def _added(table: str, found: str, names: tuple[str, ...]) -> str:
    listed = ", ".join(names)
    there = " AND ".join(f"t.{name} = found.{name}" for name in names)
    new = f"SELECT DISTINCT {listed} FROM ({found}) AS found"  # noqa: S608
    known = f"SELECT 1 FROM {table} AS t WHERE {there}"  # noqa: S608
    return f"INSERT INTO {table} ({listed}) {new} WHERE NOT EXISTS ({known}) ORDER BY {listed}"
