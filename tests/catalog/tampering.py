"""The ledger of accesses changed behind the application's back, by the database's own client."""

import sqlite3

import psycopg
from sqlalchemy import Engine


def tamper(engine: Engine, *statements: str) -> None:
    """Run statements as whoever commands the database can: without its guards."""
    if engine.dialect.name == "sqlite":
        _sqlite(str(engine.url.database), statements)
        return
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(statement.encode())


def _sqlite(path: str, statements: tuple[str, ...]) -> None:
    connection = sqlite3.connect(path)
    try:
        wanted = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        guards = connection.execute(wanted).fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, made in guards:
            connection.execute(made)
        connection.commit()
    finally:
        connection.close()
