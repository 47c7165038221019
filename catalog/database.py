"""Open a database, bring it to the newest schema, and read or write it in one transaction."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, Literal, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, Insert, Table, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from catalog.errors import CatalogError, ConflictError, DatabaseError, RaceError, Reason

Chain = Literal["catalogue", "ledger"]
Item = TypeVar("Item")

_BUSY_SECONDS = 30
_MIGRATION_LOCK = 0x6D616D6D6F  # any number will do, as long as every migration asks for it
_UNIQUE_SQLITE = {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
_UNIQUE_POSTGRESQL = "23505"  # unique_violation
_SCHEMA_SQLITE = ("no such table", "no such column")  # all that tells it from a busy file
_SCHEMA_POSTGRESQL = {"42P01", "42703"}  # undefined_table, undefined_column


def connect(url: str) -> Engine:
    """Make an engine for `sqlite:///…` or `postgresql://…`; nothing is connected yet.

    SQLite runs with a write-ahead log, foreign keys, a busy timeout and full synchronisation;
    errors never show bound values.
    """
    address = make_url(url)
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() != "sqlite":
        return create_engine(address, hide_parameters=True, pool_pre_ping=True)
    engine = create_engine(address, hide_parameters=True, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 # the driver's own
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode = WAL", "foreign_keys = ON", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that turns into a writer fails at once instead of waiting.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Read from one snapshot of the database.

    Raises:
        DatabaseError: The database did not answer.
    """
    isolated = engine
    if engine.dialect.name == "postgresql":
        isolated = engine.execution_options(isolation_level="REPEATABLE READ")
    with _translated(), isolated.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Write in one transaction: whole, or not at all.

    Raises:
        RaceError: Another transaction wrote the same record first.
        ConflictError: The record breaks a rule of the database.
        DatabaseError: The database did not answer.
    """
    last: dict[Callable[..., None], list[Any]] = {}
    chosen = engine.execution_options(writes=True, at_the_end=last)
    with _translated(), chosen.begin() as connection:
        yield connection
        for deed, items in last.items():
            deed(connection, items)


def at_the_end(
    connection: Connection, deed: Callable[[Connection, Sequence[Item]], None], item: Item
) -> None:
    """Have something done to all items together, last in the transaction of `writing`.

    So what it locks is locked for the time of the commit only. Outside of `writing` it is done now.
    """
    last = connection.get_execution_options().get("at_the_end")
    if last is None:
        deed(connection, [item])
    else:
        last.setdefault(deed, []).append(item)


@contextmanager
def _translated() -> Iterator[None]:
    # The driver's own messages quote the values, so none of them may leave the room.
    try:
        yield
    except IntegrityError as error:
        raise (RaceError() if _is_duplicate(error) else ConflictError()) from None
    except DBAPIError as error:
        if _is_schema(error):
            raise CatalogError(Reason.SCHEMA) from None
        if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
            raise DatabaseError from None
        raise CatalogError from None


def _is_schema(error: DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) in _SCHEMA_POSTGRESQL:
        return True
    return str(error.orig).startswith(_SCHEMA_SQLITE)


def _is_duplicate(error: IntegrityError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    name = getattr(error.orig, "sqlite_errorname", None)
    return state == _UNIQUE_POSTGRESQL or name in _UNIQUE_SQLITE


def insert_if_absent(connection: Connection, table: Table, *rows: dict[str, Any]) -> int:
    """Insert the rows that break no unique constraint, and count them.

    On PostgreSQL this waits for a transaction that is inserting the same row.
    """
    if not rows:
        return 0
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement: Insert = dialect.insert(table).values(list(rows)).on_conflict_do_nothing()
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def migrate(url: str, chain: Chain = "catalogue", *, until: str = "head") -> None:
    """Bring a database to the newest schema of its chain; does nothing when it is there.

    `until` names an older revision, for a test that looks at what a newer one does with rows.

    Raises:
        DatabaseError: The database did not answer.
    """
    engine = connect(url)
    try:
        with writing(engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
            command.upgrade(_configuration(connection, chain), until)
    finally:
        engine.dispose()


def _configuration(connection: Connection, chain: Chain) -> Config:
    configuration = Config()
    location = files("catalog") / "migrations" / chain
    configuration.set_main_option("script_location", str(location).replace("%", "%%"))
    configuration.set_main_option("path_separator", "os")
    configuration.attributes["connection"] = connection
    return configuration
