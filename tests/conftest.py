"""Servers that are real, started once and on demand, for the tests of every room.

- `s3`: one SeaweedFS for the session (`endpoint`, `credentials` by identity, `store(bucket)`),
  or with MAMMO_MINIO, as `make test-minio` sets it, one MinIO; `s3_server` makes others;
- `key_service`: one OpenBao for the session, set up as a third party would;
- `database_url`: an empty database, once on SQLite and once on PostgreSQL;
- `catalogue_url`, `ledger_url`: such a database with the newest schema of its chain;
- `catalogue_engine`, `ledger_engine`: connected to those.
"""

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import URL, make_url

from catalog.database import Chain, connect, migrate
from tests.key_service import OpenBao
from tests.minio_server import PROGRAM, MinioServer
from tests.servers import PostgresPool, S3Server

Databases = Callable[[Chain | None], str]


@pytest.fixture(scope="session")
def s3_server() -> type[S3Server]:
    return MinioServer if os.environ.get(PROGRAM) else S3Server


@pytest.fixture(scope="session")
def s3(s3_server: type[S3Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = s3_server(tmp_path_factory.mktemp("s3"))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def key_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    service = OpenBao(tmp_path_factory.mktemp("bao"))
    try:
        service.start()
        yield service
    finally:
        service.kill()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    # A short path, as it holds the Unix socket, and one that the server's own user can enter.
    folder = Path(tempfile.mkdtemp(prefix="mammo-pg-"))
    with pytest.MonkeyPatch.context() as patch:
        # It asks for a place for its lock file when it is imported, and warns without one.
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("pgserver")))
        from pgserver.postgres_server import get_server
    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        yield make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    finally:
        os.kill(
            server.get_postmaster_info().pid, signal.SIGQUIT
        )  # no need to save what is thrown away
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    folder = tmp_path_factory.mktemp("sqlite")

    def make(chain: Chain | None) -> str:
        fresh = folder / f"{secrets.token_hex(8)}.db"
        if chain is not None:
            template = folder / f"{chain}.db"
            if not template.exists():
                migrate(f"sqlite:///{template}", chain)
            shutil.copy(template, fresh)
        return f"sqlite:///{fresh}"

    return make


@pytest.fixture(scope="session")
def postgres_pool(postgres: URL) -> Iterator[PostgresPool]:
    pool = PostgresPool(postgres)
    yield pool
    pool.close()


@pytest.fixture
def postgres_databases(postgres_pool: PostgresPool) -> Iterator[Databases]:
    yield postgres_pool.take
    postgres_pool.give_back()


@pytest.fixture(params=["sqlite", "postgres"])
def databases(request: pytest.FixtureRequest) -> Databases:
    made: Databases = request.getfixturevalue(f"{request.param}_databases")
    return made


@pytest.fixture
def database_url(databases: Databases) -> str:
    return databases(None)


@pytest.fixture
def catalogue_url(databases: Databases) -> str:
    return databases("catalogue")


@pytest.fixture
def ledger_url(databases: Databases) -> str:
    return databases("ledger")


@pytest.fixture
def catalogue_engine(catalogue_url: str) -> Iterator[Engine]:
    engine = connect(catalogue_url)
    yield engine
    engine.dispose()


@pytest.fixture
def ledger_engine(ledger_url: str) -> Iterator[Engine]:
    engine = connect(ledger_url)
    yield engine
    engine.dispose()
