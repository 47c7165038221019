"""A catalogue of many made-up studies, written by the database itself; every value is invented.

Things hang together as in real life: a holder has one vendor's devices and changes them once, every
other one lends some; tomosynthesis comes late, and film goes early. So what is common with one
holder or year may be unknown with another. One woman in a hundred opted out, single images and
revisions are held, every tenth study has a CAD result.
"""

from typing import Any

from sqlalchemy import Connection, event, text

from catalog.database import connect, writing
from catalog.facets.keeping import keep_all

IMAGES = 4
HOLDERS = 21
NUMBERS = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count})"
MIXED = "((n * {factor}) % 1000003) % {of}"
KEY = {"sqlite": "lower(hex(randomblob(16)))", "postgresql": "md5(n::text || 'key')"}
HOLD = "kind, scope, target, reason, placed_by, placed_at"
AT = "'2026-11-22 12:00:00.000000'"


def fill(url: str, count: int) -> None:
    """Write so many studies of four images, a third as many women, and Holds."""
    engine = connect(url)
    if engine.dialect.name == "sqlite":  # nobody needs it after a crash
        event.listen(engine, "connect", _hurry)
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":  # what is made refers to what is there
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in _statements(connection.dialect.name, count):
            connection.execute(text(statement))
        _count_on(connection)
        if connection.dialect.name == "postgresql":  # as it does by itself within minutes
            connection.execute(text("ANALYZE"))
    keep_all(engine)
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()


def _hurry(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"):
        connection.execute(f"PRAGMA {pragma}")


def _mixed(salt: int, of: int) -> str:
    return "(" + MIXED.format(factor=2654435761 + salt * 1566083941, of=of) + ")"


def _chosen(salt: int, of: int, *cases: tuple[int, str]) -> str:
    """Choose a word: up to which number each goes, of so many."""
    return _case(_mixed(salt, of), *cases)


def _case(value: str, *cases: tuple[int, str]) -> str:
    whens = " ".join(f"WHEN {value} < {until} THEN {word}" for until, word in cases)
    return f"CASE {whens} END"


def _statements(dialect: str, count: int) -> list[str]:
    women, images, others = count // 3 + 1, count * IMAGES, count // 10
    age = _chosen(
        3, 100, *((15 * k, f"'{35 + 5 * k}-{39 + 5 * k}'") for k in range(1, 7)), (100, "'70-74'")
    )
    number = f"(CASE WHEN {_mixed(2, 10)} < 5 THEN 1 ELSE {_mixed(7, HOLDERS)} END)"
    bought = "(number * 37 + (CASE WHEN year < 2011 + number * 5 % 14 THEN 0 ELSE 11 END)) % 100"
    lent = f"number % 2 = 0 AND {_mixed(8, 10)} = 0"
    device = f"CASE WHEN {lent} THEN {_mixed(5, 100)} ELSE {bought} END"
    vendor = _case(
        "device", (45, "'HOLOGIC'"), (70, "'SIEMENS'"), (90, "'GE'"), (98, "'SECTRA'"),
        (100, "'PLANMED'"),
    )  # fmt: skip
    late = _case(_mixed(6, 1000), (150, "'DBT'"), (240, "'S2D'"), (1000, "'FFDM'"))
    early = _case(_mixed(6, 1000), (20, "'FILM'"), (1000, "'FFDM'"))
    kind = f"CASE WHEN year >= 2015 THEN {late} WHEN year < 2013 THEN {early} ELSE 'FFDM' END"
    view = "CASE WHEN n % 4001 = 0 THEN 'SPECIMEN' WHEN n % 2 = 0 THEN 'CC' ELSE 'MLO' END"
    each = " UNION ALL ".join(f"SELECT {number + 1} AS nth" for number in range(IMAGES))
    image = f"(n - 1) * {IMAGES} + nth AS image"
    of_study = f"(SELECT made.*, {image} FROM made CROSS JOIN ({each}) AS e) AS i"
    return [
        (f"CREATE TEMPORARY TABLE unit AS {_series(count)}"
        f"SELECT n, {number} AS number, 2010 + {_mixed(4, 16)} AS year FROM n"),
        ("CREATE TEMPORARY TABLE made AS"
        f" SELECT n, number, year, {device} AS device, {kind} AS kind FROM unit"),
        "INSERT INTO region (id, name) VALUES ('r', 'R')",
        _series(HOLDERS) + _insert(
            "holder", "id, region_id, name, organisation_number, hsa_id",
            "'holder-' || (n - 1), 'r', 'H', '', ''",
        ),
        f"INSERT INTO export (id, holder_id, first_seen_at) VALUES ('e', 'holder-1', {AT})",
        _series(women) + _insert("subject", "id, pseudonym, weeks", "n, 'subject-' || n, 0"),
        _insert(
            "study",
            "id, key, study_uid, subject_id, holder_id, exam_year, age_band, published_at",
            f"n, {KEY[dialect]}, '2.25.' || n, n / 3 + 1, 'holder-' || number, year, {age},"
            f" {_at(dialect)}",
            "made",
        ),
        _series(count) + _insert("series", "id, series_uid, study_id, modality",
                                 "n, '2.25.' || n || '.1', n, 'MG'"),
        _insert(
            "instance",
            "id, sop_uid, study_id, series_id, sop_class_uid, transfer_syntax, kind, view,"
            " laterality, vendor, rows, columns, frames, latest",
            f"image, '2.25.' || image || '.2', n, n, '1.2.840.10008.5.1.4.1.1.1.2',"
            f" '1.2.840.10008.1.2.1', kind, {view.replace('n %', 'image %')},"
            f" CASE WHEN image % 4 < 2 THEN 'L' ELSE 'R' END, {vendor}, 4096, 3328, 1, 1",
            of_study,
        ),
        _series(others) + _insert(
            "instance",
            "id, sop_uid, study_id, series_id, sop_class_uid, transfer_syntax, kind, view,"
            " laterality, vendor, rows, columns, frames, latest",
            f"{images} + n, '2.25.' || ({images} + n) || '.2', n * 10, n * 10,"
            " '1.2.840.10008.5.1.4.1.1.88.50', '1.2.840.10008.1.2.1', 'CAD_SR', '', '', 'ICAD',"
            " 0, 0, 0, 1",
        ),
        _series(images + others) + _insert(
            "revision",
            "id, instance_id, number, export_id, key, size, pixel_offset, sha256, header_sha256,"
            " pixel_sha256, profile, edition, detector, key_version, boxes_blanked, flags,"
            " published_at",
            f"n, n, 1, 'e', 'holder/' || n || '.dcm', 17000000, 4000, '', '', '', 'mammography',"
            f" '2026d', 'd', 'k', 0, '[]', {_at(dialect)}",
        ),
        _series(images) + _insert(
            "pixel_facts",
            "revision_id, breast_share, laterality, laterality_agrees, saturated_share",
            f"n, 0.3, 'L', {_true(dialect, 'n % 997 <> 0')}, 0.0",
        ),
        _series(images // 50) + _insert("quality_flag", "revision_id, flag", "n * 50, 'saturated'"),
        _series(images // 5000) + _insert(
            "quality_flag", "revision_id, flag", "n * 5000, 'nearly empty'"
        ),
        *(
            _series(many) + _insert("hold", HOLD, _held(dialect, scope, target))
            for scope, many, target in (
                ("SUBJECT", women // 100, "'subject-' || n * 100"),
                ("INSTANCE", images // 2003, "'2.25.' || n * 2003 || '.2'"),
                ("REVISION", images // 5003, "'' || n * 5003"),
            )
        ),
    ]  # fmt: skip


def _held(dialect: str, scope: str, target: str) -> str:
    kind = "OPTED_OUT" if scope == "SUBJECT" else "WITHDRAWN"
    return f"'{kind}', '{scope}', {target}, '', 'x', {_at(dialect)}"


def _series(count: int) -> str:
    return NUMBERS.format(count=count) + " "


def _insert(table: str, columns: str, values: str, source: str = "n") -> str:
    """Make the end of a statement whose beginning counts; SQLite wants WITH to come first."""
    return f"INSERT INTO {table} ({columns}) SELECT {values} FROM {source}"


def _at(dialect: str) -> str:
    return f"{AT}::timestamptz" if dialect == "postgresql" else AT


def _true(dialect: str, condition: str) -> str:
    return (
        f"({condition})" if dialect == "postgresql" else f"CASE WHEN {condition} THEN 1 ELSE 0 END"
    )


def _count_on(connection: Connection) -> None:
    """Let the database number what comes next after what is there."""
    if connection.dialect.name != "postgresql":
        return
    for table in ("subject", "study", "series", "instance", "revision"):
        connection.execute(text(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))"))
