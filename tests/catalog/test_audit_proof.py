"""The ledger of accesses is proven: what was changed in it by other hands is found."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest
from alembic import command
from sqlalchemy import Engine, select, text

from catalog import audit
from catalog.audit import AccessEvent, chain, retention
from catalog.audit.proof import (
    REMOVED,
    Anchor,
    Broken,
    Fault,
    Verdict,
    anchor,
    read_anchors,
    removal,
)
from catalog.audit.proof import verify as verify_lines
from catalog.audit.tables import access_log
from catalog.audit.written import Format, read, written
from catalog.columns import now
from catalog.database import _configuration, connect, migrate, reading, writing
from catalog.errors import ConflictError, NotFoundError
from tests.catalog.tampering import tamper

LINES = 7


def verify(engine: Engine, anchors: Sequence[Anchor] = ()) -> Verdict:
    """Verify the ledger as it is, and as it is written out: both must tell the same."""
    found = verify_lines(audit.entries(engine), anchors)
    out = written(audit.entries(engine), Format.JSONL)
    assert verify_lines(read(out), anchors) == found
    return found


def event(number: int = 1, actor: str = "researcher-1") -> AccessEvent:
    return AccessEvent(actor, "permit-1", "download", f"2.25.{number}", "ALLOWED")


@pytest.fixture
def engine(catalogue_engine: Engine) -> Engine:
    for number in range(1, LINES + 1):
        audit.append(catalogue_engine, event(number))
    return catalogue_engine


def test_each_line_holds_on_to_the_one_before(engine: Engine) -> None:
    lines = list(audit.entries(engine))
    assert [line.id for line in lines] == list(range(1, LINES + 1))
    assert lines[0].previous == "0" * 64
    for before, line in pairwise(lines):
        assert line.previous == before.digest
    found = verify(engine, [anchor(engine)])
    assert (found.lines, found.first, found.last, found.broken) == (LINES, 1, anchor(engine), None)


def test_the_digest_is_the_documented_one(catalogue_engine: Engine) -> None:
    """Whoever verifies the ledger by other means does it by what is written, not by our code."""
    import hashlib
    import json

    audit.append(catalogue_engine, AccessEvent("åsa|7", "p", "download", '2.25."1', "ALLOWED"))
    (line,) = audit.entries(catalogue_engine)
    at = line.at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    parts = ["mammo-audit", 1, 1, at, "åsa|7", "p", "download", '2.25."1', "ALLOWED", "0" * 64]
    encoded = json.dumps(parts, separators=(",", ":")).encode()
    assert line.digest == hashlib.sha256(encoded).hexdigest()


SWAP = (
    "UPDATE access_log SET id = 99 WHERE id = 3",
    "UPDATE access_log SET id = 3 WHERE id = 4",
    "UPDATE access_log SET id = 4 WHERE id = 99",
)
ADD = (
    "INSERT INTO access_log SELECT 8, at, actor, permit_id, action, object, outcome, version,"
    " digest, digest FROM access_log WHERE id = 7"
)
TAMPERED: list[tuple[tuple[str, ...], Broken]] = [
    (("UPDATE access_log SET actor = 'nobody' WHERE id = 4",), Broken(4, Fault.CONTENT)),
    (("UPDATE access_log SET outcome = 'not-found' WHERE id = 1",), Broken(1, Fault.CONTENT)),
    (("UPDATE access_log SET at = '2020-01-01' WHERE id = 4",), Broken(4, Fault.CONTENT)),
    (("UPDATE access_log SET version = 2 WHERE id = 4",), Broken(4, Fault.CONTENT)),
    (
        ("UPDATE access_log SET actor = 'nobody', version = 2, digest = '' WHERE id = 7",),
        Broken(7, Fault.CONTENT),
    ),
    (("DELETE FROM access_log WHERE id = 4",), Broken(5, Fault.LINK)),
    (("DELETE FROM access_log WHERE id < 4",), Broken(4, Fault.START)),
    (SWAP, Broken(3, Fault.LINK)),
    ((ADD,), Broken(8, Fault.CONTENT)),
]


@pytest.mark.parametrize(("statements", "expected"), TAMPERED)
def test_the_first_line_that_was_tampered_with_is_found(
    engine: Engine, statements: tuple[str, ...], expected: Broken
) -> None:
    tamper(engine, *statements)
    assert verify(engine).broken == expected


@pytest.mark.parametrize("dropped", ["id = 7", "id > 3", "id > 0"])
def test_a_cut_off_end_is_found_by_an_anchor_only(engine: Engine, dropped: str) -> None:
    kept = anchor(engine)
    tamper(engine, f"DELETE FROM access_log WHERE {dropped}")
    assert verify(engine).broken is None
    assert verify(engine, [kept]).broken == Broken(7, Fault.GONE)
    for number in range(LINES):
        audit.append(engine, event(number))
    assert verify(engine).broken is None
    assert verify(engine, [kept]).broken == Broken(7, Fault.ANCHOR)


def test_a_chain_made_anew_is_found_by_an_anchor(engine: Engine) -> None:
    kept = anchor(engine)
    tamper(engine, "DELETE FROM access_log")
    for number in range(1, LINES + 1):
        audit.append(engine, event(number, "somebody-else"))
    assert verify(engine).broken is None
    assert verify(engine, [kept]).broken == Broken(7, Fault.ANCHOR)


def test_a_cut_off_beginning_that_was_young_is_found_by_a_dated_anchor(engine: Engine) -> None:
    """A line says that it was removed for its age, as `retention` would have it; it was not."""
    lines = list(audit.entries(engine))
    third, fifth = (Anchor(line.id, line.digest) for line in (lines[2], lines[4]))
    tamper(engine, "DELETE FROM access_log WHERE id <= 5")
    audit.append(engine, AccessEvent("olle", "", REMOVED, removal(fifth), "ALLOWED"))
    assert verify(engine, [third, fifth]).broken is None
    taken = [f"{one} {now():%Y-%m-%dT%H:%M:%SZ}" for one in (third, fifth)]
    assert verify(engine, read_anchors(taken)).broken == Broken(4, Fault.YOUNG)
    assert verify(engine, read_anchors(taken[1:])).broken is None
    long_ago = f"{third} {now() - timedelta(days=400):%Y-%m-%dT%H:%M:%SZ}"
    assert verify(engine, read_anchors([long_ago])).broken is None


def test_an_anchor_is_written_and_read(engine: Engine) -> None:
    kept = anchor(engine)
    assert read_anchors([f"{kept} 2026-11-22T18:00:00Z\n", "\n"]) == (kept,)
    for wrong in ("x y", "7", "٣ y"):
        with pytest.raises(ValueError):  # noqa: PT011 # it quotes nothing
            read_anchors([wrong])


def test_an_empty_ledger_holds_and_has_no_anchor(catalogue_engine: Engine) -> None:
    assert verify(catalogue_engine).broken is None
    assert verify(catalogue_engine, [Anchor(1, "a")]).broken == Broken(1, Fault.GONE)
    with pytest.raises(NotFoundError):
        anchor(catalogue_engine)


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE access_log SET actor = 'x'",
        "DELETE FROM access_log",
        "DELETE FROM access_log WHERE id = 1",
    ],
)
def test_the_database_refuses_to_change_lines(engine: Engine, deed: str) -> None:
    before = list(audit.entries(engine))
    with pytest.raises(ConflictError), writing(engine) as connection:
        connection.execute(text(deed))
    # Nor does a checkpoint alone let anything go that is younger than a year.
    checkpoint = "INSERT INTO audit_checkpoint VALUES (9, 'x', 'x', '2020-01-01 00:00:00.0')"
    with writing(engine) as connection:
        connection.execute(text(checkpoint))
    with pytest.raises(ConflictError), writing(engine) as connection:
        connection.execute(text(deed))
    assert list(audit.entries(engine)) == before


def test_sqlite_refuses_to_replace_a_line(sqlite_databases) -> None:
    engine = connect(sqlite_databases("catalogue"))
    audit.append(engine, event())
    before = list(audit.entries(engine))
    with pytest.raises(ConflictError), writing(engine) as connection:
        connection.execute(text("INSERT OR REPLACE INTO access_log SELECT * FROM access_log"))
    assert list(audit.entries(engine)) == before
    engine.dispose()


def test_postgresql_refuses_to_empty_the_ledger(postgres_databases) -> None:
    engine = connect(postgres_databases("catalogue"))
    audit.append(engine, event())
    for table in ("access_log", "audit_checkpoint"):
        with pytest.raises(ConflictError), writing(engine) as connection:
            connection.execute(text(f"TRUNCATE {table}"))
    engine.dispose()


def test_many_at_once_make_one_chain(catalogue_engine: Engine) -> None:
    def write(number: int) -> None:
        with writing(catalogue_engine) as connection:
            audit.record(connection, event(number))
            audit.record(connection, event(number, "again"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(100)))
    found = verify(catalogue_engine)
    assert (found.lines, found.broken) == (200, None)
    lines = list(audit.entries(catalogue_engine))
    for one, other in zip(lines[::2], lines[1::2], strict=True):
        assert (one.object, other.actor) == (other.object, "again")
    assert [line.at for line in lines] == sorted(line.at for line in lines)


def test_one_that_cannot_be_written_is_no_other_s_fault(catalogue_engine: Engine) -> None:
    """Lines that wait together are written together; each caller is told of its own only."""
    if catalogue_engine.dialect.name == "sqlite":
        guard = (
            "CREATE TRIGGER bad BEFORE INSERT ON access_log WHEN NEW.actor = 'bad'"
            " BEGIN SELECT RAISE(ABORT, 'bad'); END"
        )
    else:
        guard = "ALTER TABLE access_log ADD CONSTRAINT bad CHECK (actor <> 'bad')"
    with writing(catalogue_engine) as connection:
        connection.execute(text(guard))

    def write(number: int) -> bool:
        try:
            audit.append(catalogue_engine, event(number, "bad" if number % 5 == 0 else "good"))
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(write, range(60)))
    assert done == [number % 5 != 0 for number in range(60)]
    written_of = sorted(line.object for line in audit.entries(catalogue_engine))
    assert written_of == sorted(f"2.25.{number}" for number in range(60) if number % 5)
    assert verify(catalogue_engine).broken is None
    with writing(catalogue_engine) as connection:
        undo = "DROP TRIGGER bad"
        if catalogue_engine.dialect.name == "postgresql":
            undo = "ALTER TABLE access_log DROP CONSTRAINT bad"
        connection.execute(text(undo))


def test_a_line_goes_with_its_transaction(engine: Engine) -> None:
    def fail() -> None:
        with writing(engine) as connection:
            audit.record(connection, event(9))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    audit.append(engine, event(10))
    assert [line.object for line in audit.entries(engine)][LINES:] == ["2.25.10"]
    assert verify(engine).broken is None


def test_a_long_transaction_keeps_no_other_waiting(postgres_databases) -> None:
    """A recall of thousands must not stop downloads: the chain is locked for the commit only."""
    engine = connect(postgres_databases("catalogue"))
    with writing(engine) as connection:
        audit.record(connection, event(1))
        with ThreadPoolExecutor(1) as pool:
            pool.submit(audit.append, engine, event(2)).result(timeout=20)
    assert [line.object for line in audit.entries(engine)] == ["2.25.2", "2.25.1"]
    engine.dispose()


def aged(engine: Engine, years: float, lines: int) -> None:
    """Write lines as they were written years ago."""
    then = now() - timedelta(days=365.25 * years)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chain, "now", lambda: then)
        for number in range(lines):
            audit.append(engine, event(number))


def test_old_lines_go_and_the_rest_stays_proven(catalogue_engine: Engine) -> None:
    aged(catalogue_engine, 11, 4)
    aged(catalogue_engine, 9, 2)
    limit = now() - timedelta(days=3653)
    kept = anchor(catalogue_engine)
    assert retention.old(catalogue_engine, limit).lines == 4
    gone = retention.remove(catalogue_engine, limit, who="olle")
    assert (gone.lines, gone.last.id) == (4, 4)
    lines = list(audit.entries(catalogue_engine))
    assert [(line.id, line.action) for line in lines] == [
        (5, "download"),
        (6, "download"),
        (7, "audit-remove"),
    ]
    assert lines[-1].object == f"line:4:{lines[0].previous}"
    assert verify(catalogue_engine, [gone.last, kept]).broken is None
    assert retention.remove(catalogue_engine, limit, who="olle") is None


def test_when_all_lines_are_old_the_chain_goes_on(catalogue_engine: Engine) -> None:
    aged(catalogue_engine, 11, 3)
    retention.remove(catalogue_engine, now() - timedelta(days=400), who="olle")
    (line,) = audit.entries(catalogue_engine)
    assert line.id == 4
    assert verify(catalogue_engine).broken is None


def test_no_setting_removes_a_line_within_a_year(catalogue_engine: Engine) -> None:
    aged(catalogue_engine, 0.9, 2)
    with pytest.raises(ConflictError):
        retention.remove(catalogue_engine, now(), who="olle")
    assert len(list(audit.entries(catalogue_engine))) == 2


def test_a_checkpoint_that_no_line_tells_of_proves_nothing(catalogue_engine: Engine) -> None:
    aged(catalogue_engine, 2, 4)
    digest = list(audit.entries(catalogue_engine))[1].digest
    checkpoint = f"INSERT INTO audit_checkpoint VALUES (2, '{digest}', 'x', '2026-01-01')"
    with writing(catalogue_engine) as connection:
        connection.execute(text(checkpoint))
        connection.execute(text("DELETE FROM access_log WHERE id <= 2"))
    assert verify(catalogue_engine).broken == Broken(3, Fault.START)


def test_lines_of_before_are_chained_by_the_migration(database_url: str) -> None:
    migrate(database_url, until="c0006")
    engine = connect(database_url)
    said = "'a', 'p', 'download', 'å', 'ALLOWED'"
    with writing(engine) as connection:
        for number in (1, 2, 5):
            at = f"'2025-05-0{number} 10:00:00.000007'"
            connection.execute(text(f"INSERT INTO access_log VALUES ({number}, {at}, {said})"))
    migrate(database_url)
    found = verify(engine)
    assert (found.lines, found.last.id, found.broken) == (3, 5, None)
    audit.append(engine, event())
    assert verify(engine).broken is None
    with writing(engine) as connection:
        command.downgrade(_configuration(connection, "catalogue"), "c0006")
    with pytest.raises(ConflictError), writing(engine) as connection:
        connection.execute(text("DELETE FROM access_log"))
    migrate(database_url)
    assert verify(engine).lines == 4
    with reading(engine) as connection:
        assert connection.scalar(select(access_log.c.at).where(access_log.c.id == 1)).day == 1
    engine.dispose()
