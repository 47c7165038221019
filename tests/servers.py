"""Real servers for tests: SeaweedFS on free loopback ports, and databases of one PostgreSQL."""

import hashlib
import io
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import MetaData, create_engine
from sqlalchemy.engine import URL

from catalog.database import Chain, migrate
from catalog.errors import RetriableError
from catalog.every_table import CATALOGUE, LEDGER
from catalog.minio_store import MinioStore, ensure_buckets
from catalog.objects import Credentials

BUCKETS = ("quarantine", "clean", "releases")
ACTIONS: Mapping[str, tuple[str, ...]] = {
    "admin": ("Admin", "Read", "Write", "List", "Tagging"),
    "region": (
        *("Read:quarantine", "Write:quarantine", "List:quarantine"),
        *("Read:clean", "Write:clean", "List:clean"),
    ),
    "hub": ("Read:clean", "List:clean", "Read:releases", "Write:releases", "List:releases"),
    "door": ("Read:clean", "Read:releases"),
}
PARTS = ("master", "volume", "filer", "s3", "admin")
PATIENCE_SECONDS = 40
LOWEST, HIGHEST = 20000, 32000


def free_ports(count: int) -> list[int]:
    """Give ports of 127.0.0.1 that nobody listens on, all different."""
    with ExitStack() as taken:
        sockets = [taken.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@dataclass(repr=False)
class S3Server:
    """One SeaweedFS with a folder of its own, four identities and three buckets.

    Attributes:
        endpoint: `127.0.0.1:port`, without TLS.
        credentials: By identity: admin, region, hub, door.
    """

    folder: Path
    credentials: Mapping[str, Credentials] = field(
        default_factory=lambda: {
            name: Credentials(f"{name}-key", secrets.token_hex(16)) for name in ACTIONS
        }
    )
    ports: list[int] = field(default_factory=lambda: free_ports(2 * len(PARTS)))
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.ports[2 * PARTS.index('s3')]}"

    def store(self, bucket: str, identity: str = "admin", *, timeout: float = 10.0) -> MinioStore:
        who = self.credentials[identity]
        return MinioStore(self.endpoint, who, bucket, secure=False, timeout=timeout)

    def start(self) -> None:
        """Start it and wait until each bucket has taken a write; the first may hang a while."""
        self._write_identities()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command(),
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._takes_writes():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.1)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _takes_writes(self) -> bool:
        admin = self.credentials["admin"]
        digest = hashlib.sha256(b"?").hexdigest()
        try:
            ensure_buckets(self.endpoint, admin, BUCKETS, secure=False)
            for bucket in BUCKETS:
                store = self.store(bucket, timeout=3.0)
                store.put("probe", io.BytesIO(b"?"), 1, digest)
                store._client.remove_object(bucket, "probe")
        except RetriableError:
            return False
        return True

    def _write_identities(self) -> None:
        identities = [
            {
                "name": name,
                "credentials": [{"accessKey": who.access_key, "secretKey": who.secret_key}],
                "actions": list(ACTIONS[name]),
            }
            for name, who in self.credentials.items()
        ]
        rules = self.folder / "identities.json"
        rules.touch(mode=0o600)
        rules.write_text(json.dumps({"identities": identities}))

    def _command(self) -> list[str]:
        pairs = zip(PARTS, self.ports[::2], self.ports[1::2], strict=True)
        return [
            str(Path(sys.executable).with_name("weed")),
            "-logtostderr=true",
            "mini",
            f"-dir={self.folder / 'data'}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            *(
                flag
                for name, http, grpc in pairs
                for flag in (f"-{name}.port={http}", f"-{name}.port.grpc={grpc}")
            ),
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-webdav=false",
            "-admin.ui=false",
            "-master.telemetry=false",
            # Each bucket takes volumes of its own; left to itself it counts by the free disk.
            "-volume.max=4000",
            "-s3.allowDeleteBucketNotEmpty=false",
            "-s3.autoCreateBucket=false",
            f"-s3.config={self.folder / 'identities.json'}",
        ]

    def _environment(self) -> dict[str, str]:
        # Without these keys the filer's HTTP port serves and deletes every object unasked.
        jwt = ("JWT_SIGNING", "JWT_SIGNING_READ", "JWT_FILER_SIGNING", "JWT_FILER_SIGNING_READ")
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        own = {f"WEED_{name}_KEY": secrets.token_hex(16) for name in jwt}
        return kept | own | {"GOMEMLIMIT": "400MiB", "TMPDIR": str(self.folder)}


METADATA: Mapping[Chain, MetaData] = {
    "catalogue": CATALOGUE,
    "ledger": LEDGER,
}


class PostgresPool:
    """Databases of one server; migrated ones are emptied and used again, as making one is slow."""

    def __init__(self, server: URL) -> None:
        self._url = server
        self._server = create_engine(server, isolation_level="AUTOCOMMIT")
        self._idle: dict[Chain, list[URL]] = {"catalogue": [], "ledger": []}
        self._lent: list[tuple[Chain, URL]] = []
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self._run(f"ALTER SYSTEM SET {setting} = off")
        self._run("SELECT pg_reload_conf()")

    def take(self, chain: Chain | None) -> str:
        """Give the URL of a database that is empty, or has a chain's schema and no rows."""
        if chain is None:
            return _text(self._create())
        if self._idle[chain]:
            url = self._idle[chain].pop()
            self._empty(url, chain)
        else:
            url = self._create()
            migrate(_text(url), chain)
        self._lent.append((chain, url))
        return _text(url)

    def give_back(self) -> None:
        """Take back what a test was given."""
        for chain, url in self._lent:
            self._idle[chain].append(url)
        self._lent.clear()

    def close(self) -> None:
        self._server.dispose()

    def _create(self) -> URL:
        name = f"d_{secrets.token_hex(8)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE template0")
        return self._url.set(database=name)

    def _empty(self, url: URL, chain: Chain) -> None:
        # Whoever is still connected would make the emptying wait.
        self._run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{url.database}'"
        )
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        names = ", ".join(f'"{name}"' for name in METADATA[chain].tables)
        with engine.connect() as connection:
            # As a replica, so that the access log's own guard is not asked.
            connection.exec_driver_sql("SET session_replication_role = replica")
            connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY")
        engine.dispose()

    def _run(self, statement: str) -> None:
        with self._server.connect() as connection:
            connection.exec_driver_sql(statement)


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def free_block(size: int) -> int:
    """Give the first of a block of ports of 127.0.0.1 that nobody listens on.

    Tests that run side by side look in places apart, or two would be given the same block; all of
    them lie below what the system hands out by itself.
    """
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    share = (HIGHEST - LOWEST) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    first = LOWEST + number * share
    for base in range(first, first + share - size, size):
        with ExitStack() as taken:
            try:
                for port in range(base, base + size):
                    taken.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return base
    message = "no block of ports is free"
    raise RuntimeError(message)
