"""Migrations, transactions and what an error may say."""

import secrets
import traceback
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, create_engine, inspect, select, text

from catalog import tables
from catalog.audit.tables import access_log
from catalog.columns import now
from catalog.database import (
    Chain,
    _configuration,
    connect,
    insert_if_absent,
    migrate,
    reading,
    writing,
)
from catalog.errors import (
    CatalogError,
    ConflictError,
    DatabaseError,
    RaceError,
    Reason,
    RetriableError,
)
from catalog.every_table import CATALOGUE, LEDGER
from catalog.vocabulary import Kind
from tests.conftest import Databases

CHAINS: dict[Chain, MetaData] = {
    "catalogue": CATALOGUE,
    "ledger": LEDGER,
}


@pytest.mark.parametrize("chain", CHAINS)
def test_the_migrated_schema_is_the_one_in_the_tables(databases: Databases, chain: Chain) -> None:
    migrated, declared = connect(databases(chain)), connect(databases(None))
    CHAINS[chain].create_all(declared)
    with migrated.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), CHAINS[chain]) == []
    assert schema(migrated) == schema(declared)
    migrated.dispose()
    declared.dispose()


def schema(engine: Engine) -> dict[str, Any]:
    seen = inspect(engine)
    # SQLite does not tell the name of a reference that was added with its column.
    named = engine.dialect.name == "postgresql"

    def of(table: str) -> dict[str, Any]:
        return {
            "columns": sorted(
                (c["name"], str(c["type"]), c["nullable"]) for c in seen.get_columns(table)
            ),
            "key": seen.get_pk_constraint(table)["constrained_columns"],
            "foreign": sorted(
                (str(f["name"]) if named else "", f["constrained_columns"], f["referred_table"])
                for f in seen.get_foreign_keys(table)
            ),
            "unique": sorted(
                (str(u["name"]), u["column_names"]) for u in seen.get_unique_constraints(table)
            ),
            "indices": sorted(
                (str(i["name"]), i["column_names"], i["unique"]) for i in seen.get_indexes(table)
            ),
            "checks": sorted(
                (str(c["name"]), c["sqltext"]) for c in seen.get_check_constraints(table)
            ),
        }

    return {name: of(name) for name in seen.get_table_names() if name != "alembic_version"}


@pytest.mark.parametrize("chain", CHAINS)
def test_migrating_twice_changes_nothing(database_url: str, chain: Chain) -> None:
    migrate(database_url, chain)
    engine = connect(database_url)
    before = schema(engine)
    migrate(database_url, chain)
    assert before
    assert schema(engine) == before
    engine.dispose()


def test_a_moment_comes_back_in_utc(catalogue_engine: Engine) -> None:
    moment = datetime(2026, 3, 29, 1, 30, 0, 123, tzinfo=UTC)
    with writing(catalogue_engine) as connection:
        row = {"actor": "a", "permit_id": "", "action": "b", "object": "c", "outcome": "d"}
        row |= {"version": 1, "previous": "0", "digest": "0"}
        connection.execute(access_log.insert().values(at=moment, **row))
    with reading(catalogue_engine) as connection:
        found = connection.scalar(select(access_log.c.at))
    assert found == moment
    assert found is not None
    assert found.utcoffset() is not None


def test_a_moment_without_a_zone_is_refused() -> None:
    from sqlalchemy.dialects import sqlite

    from catalog.columns import UtcDateTime

    with pytest.raises(ValueError):  # noqa: PT011 # it has no message, as it holds nothing else
        UtcDateTime().process_bind_param(now().replace(tzinfo=None), sqlite.dialect())


def test_a_failed_transaction_leaves_nothing(catalogue_engine: Engine) -> None:

    def fail() -> None:
        with writing(catalogue_engine) as connection:
            insert_if_absent(connection, tables.region, {"id": "vg", "name": "Väst"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with reading(catalogue_engine) as connection:
        assert connection.execute(select(tables.region)).all() == []


def test_errors_are_translated_and_quote_no_value(catalogue_engine: Engine) -> None:
    secret = secrets.token_hex(8)
    insert = tables.subject.insert().values(pseudonym=secret)
    with writing(catalogue_engine) as connection:
        connection.execute(insert)
    with pytest.raises(RaceError) as race, writing(catalogue_engine) as connection:
        connection.execute(insert)
    broken = tables.series.insert().values(series_uid=secret, study_id=9, modality="MG")
    with pytest.raises(ConflictError) as rule, writing(catalogue_engine) as connection:
        connection.execute(broken)
    for caught in (race, rule):
        assert secret not in "".join(traceback.format_exception(caught.value))


def test_a_database_that_is_not_migrated_is_not_retriable(database_url: str) -> None:
    engine = connect(database_url)
    for statement in (select(tables.region), tables.subject.insert().values(pseudonym="a")):
        with pytest.raises(CatalogError) as caught, writing(engine) as connection:
            connection.execute(statement)
        assert caught.value.reason is Reason.SCHEMA
        assert not isinstance(caught.value, RetriableError)
    engine.dispose()


def test_a_database_that_is_away_is_retriable() -> None:
    engine = connect("postgresql://nobody@/none?host=/nonexistent")
    with pytest.raises(DatabaseError), reading(engine) as connection:
        connection.execute(text("SELECT 1"))
    with pytest.raises(DatabaseError):
        migrate("sqlite:////nonexistent/folder/file.db")


def test_sqlite_runs_as_promised(sqlite_databases: Databases) -> None:
    engine = connect(sqlite_databases("catalogue"))
    with reading(engine) as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    engine.dispose()
    assert found == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "synchronous": 2,
        "busy_timeout": 30_000,
    }


def test_a_url_with_a_percent_sign_migrates(tmp_path: Any) -> None:
    folder = tmp_path / "50%off"
    folder.mkdir()
    url = f"sqlite:///{folder}/a.db"
    migrate(url, "ledger")
    engine = create_engine(url)
    assert "item" in inspect(engine).get_table_names()
    engine.dispose()


def test_what_was_catalogued_before_is_carried_over(database_url: str) -> None:
    """A catalogue of the first version keeps its rows, and takes the words of the newest."""
    migrate(database_url, until="c0002")
    engine = connect(database_url)
    with writing(engine) as connection:
        for statement in BEFORE:
            connection.execute(text(statement))
    migrate(database_url)
    with writing(engine) as connection:
        found = connection.execute(select(tables.revision.c.subject_id)).one()
        assert found.subject_id == 7
        assert connection.execute(select(tables.subject)).one()[1:] == ("p", None, 0)
        connection.execute(tables.instance.update().values(kind=Kind.CAD_SR))
    with pytest.raises(ConflictError), writing(engine) as connection:
        connection.execute(tables.instance.update().values(kind="NONSENSE"))
    with pytest.raises(ConflictError), writing(engine) as connection:
        connection.execute(tables.subject.update().values(merged_into=99))
    engine.dispose()


BEFORE: tuple[str, ...] = (
    "INSERT INTO region VALUES ('vg', 'VG')",
    "INSERT INTO holder VALUES ('vgr', 'vg', 'VGR', '', '')",
    "INSERT INTO subject VALUES (7, 'p')",
    "INSERT INTO export VALUES ('e', 'vgr', NULL, NULL, NULL, '2026-11-22 00:00:00', NULL)",
    "INSERT INTO study VALUES (1, 'k', '2.25.1', 7, 'vgr', NULL, NULL, '2026-11-22 00:00:00')",
    "INSERT INTO series VALUES (1, '2.25.2', 1, 'MG')",
    "INSERT INTO instance VALUES (1, '2.25.3', 1, 1, 'c', 't', 'FFDM', 'CC', 'L', 'V', 1, 1, 1, 1)",
    """INSERT INTO revision VALUES (1, 1, 1, 'e', 'key', 9, 5, 's', 'h', 'p', 'm', 'e', 'd', 'v',
    0, '[]', '2026-11-22 00:00:00')""",
)


@pytest.mark.parametrize("back_to", ["-1", "base"])
@pytest.mark.parametrize("chain", CHAINS)
def test_a_migration_goes_back_and_forth(database_url: str, chain: Chain, back_to: str) -> None:
    """A schema that was left for one before, and come back to, is the same."""
    migrate(database_url, chain)
    engine = connect(database_url)
    newest = schema(engine)
    with writing(engine) as connection:
        command.downgrade(_configuration(connection, chain), back_to)
    assert schema(engine) != newest
    migrate(database_url, chain)
    assert schema(engine) == newest
    engine.dispose()
