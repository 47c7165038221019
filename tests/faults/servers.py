"""Servers that can be killed and brought back on what they had written: PostgreSQL and a PACS."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import URL, make_url

from tests.flows.sources.peers import QrScp, qrscp
from tests.servers import free_ports

KILLED_SECONDS = 10


def kill(processes: Iterable[psutil.Process]) -> None:
    """Kill processes as `kill -9` does, and wait until they are dead."""
    gone = list(processes)
    for one in gone:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    _, alive = psutil.wait_procs(gone, KILLED_SECONDS)
    assert all(one.status() == psutil.STATUS_ZOMBIE for one in alive)


class Postgres:
    """One PostgreSQL with a folder of its own, as careful as it is by default.

    Attributes:
        port: On 127.0.0.1.
    """

    def __init__(self, lock: Path) -> None:
        # A folder that its own user can enter.
        self.folder = Path(tempfile.mkdtemp(prefix="mammo-pg-"))
        with pytest.MonkeyPatch.context() as patch:
            # It asks for a place for its lock file when it is imported, and warns without one.
            patch.setenv("XDG_RUNTIME_DIR", str(lock))
            from pgserver.postgres_server import get_server, pg_ctl
        self._data, self._control = self.folder / "data", pg_ctl
        self._user = get_server(self._data, cleanup_mode="stop").system_user
        self._run("-w", "stop")
        (self.port,) = free_ports(1)
        self.revive()

    @property
    def url(self) -> URL:
        """Where it is reached without a wire."""
        return make_url(f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres")

    def make(self, name: str) -> URL:
        """Make an empty database."""
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        return self.url.set(database=name)

    def kill(self) -> None:
        told = (self._data / "postmaster.pid").read_text().splitlines()
        master = psutil.Process(int(told[0]))
        kill([master, *master.children(recursive=True)])

    def revive(self) -> None:
        where = f"-h 127.0.0.1 -p {self.port} -k {self._data}"
        self._run("-w", "-o", where, "-l", str(self._data / "log"), "start")

    def close(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError):
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, *words: str) -> None:
        self._control(list(words), pgdata=self._data, user=self._user, timeout=60)


class Archive:
    """pynetdicom's PACS, with all that it holds on the disk; each life has another port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = contextlib.ExitStack()
        self._receiver = free_ports(1)[0]
        self.running: QrScp
        self.revive()

    def kill(self) -> None:
        kill([psutil.Process(self.running.process.pid)])
        self._stack.close()

    def revive(self) -> None:
        self.running = self._stack.enter_context(qrscp(self.folder, self._receiver))

    def close(self) -> None:
        self._stack.close()
