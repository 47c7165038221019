"""Real programs on free ports; nothing here is a mock."""

import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import urllib3
from minio import Minio

from infra.credentials import CLEAN, QUARANTINE, RELEASES
from infra.environment import environments
from infra.part import Part
from infra.parts import Programs, all_parts
from infra.ports import BLOCK, Ports, taken
from infra.stack import Plan, Stack
from infra.startup import Startup

# What stands in for `flows.startup.prepare` and the door where a test is about neither.
MAKE_BUCKETS = """
import os
from minio import Minio
told = {name: os.environ["MAMMO_ADMIN_S3_" + name] for name in ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY")}
client = Minio(told["ENDPOINT"], told["ACCESS_KEY"], told["SECRET_KEY"], secure=False, region="us-east-1")
for bucket in ("mammo-quarantine", "mammo-clean", "mammo-releases"):
    client.bucket_exists(bucket) or client.make_bucket(bucket)
"""  # noqa: E501 - a script in a string
OPEN_DOOR = """
async def app(scope, receive, send):
    while scope["type"] == "lifespan":
        kind = (await receive())["type"]
        await send({"type": kind + ".complete"})
        if kind == "lifespan.shutdown":
            return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"open"})
"""


class LocalStore:
    """The object store of one stack, without the parts that are slow to start."""

    def __init__(self, state: Path, ports: Ports) -> None:
        self.stack = Stack(state, ports)
        self.state = self.stack.state
        self.ports = ports

    @property
    def part(self) -> Part:
        known = environments(self.state, self.ports, self.credentials)
        return all_parts(
            self.state, self.ports, self.credentials, known=known, programs=Programs()
        )["s3"]

    @property
    def startup(self) -> Startup:
        return Startup(self.state, self.ports.base, self.credentials.stack, 60, lambda _line: None)

    def up(self) -> None:
        self.state.mkdir(mode=0o700, exist_ok=True)
        self.credentials = self.stack._begin()
        self.startup.ensure(self.part)

    def client(self, identity: str) -> Minio:
        key = self.credentials.s3[identity]
        return Minio(
            f"127.0.0.1:{self.ports.s3}",
            key.access_key,
            key.secret_key,
            secure=False,
            region="us-east-1",
            http_client=urllib3.PoolManager(timeout=5, retries=False),
        )


def free_ports() -> Ports:
    bases = random.sample(range(12000, 31000, BLOCK), 40)
    return next(Ports(base) for base in bases if not taken(range(base, base + BLOCK)))


@pytest.fixture
def ports() -> Ports:
    return free_ports()


@pytest.fixture
def another_ports() -> Callable[[], Ports]:
    return free_ports


@pytest.fixture(scope="module")
def short_path() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="mammo-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def store(short_path: Path) -> Iterator[LocalStore]:
    started = LocalStore(short_path / "state", free_ports())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CANARY_OF_THE_CALLER", "must not be seen")
        patch.setenv("AWS_ACCESS_KEY_ID", "must-not-be-used")
        started.up()
    try:
        admin = started.client("admin")
        for bucket in (QUARANTINE, CLEAN, RELEASES):
            admin.make_bucket(bucket)
        yield started
    finally:
        started.stack.down()


@pytest.fixture
def startup(tmp_path: Path) -> Startup:
    for name in ("run", "log"):
        (tmp_path / name).mkdir()
    return Startup(tmp_path, 12000, f"test{random.getrandbits(64):x}", 20, lambda _line: None)


@pytest.fixture
def page() -> Callable[..., Part]:
    """A small real web server as a part."""

    def make(directory: Path, port: int, *, words: tuple[str, ...] = (), name: str = "api") -> Part:
        from infra import probes

        url = f"http://127.0.0.1:{port}"
        command = ("-m", "http.server", "--bind", "127.0.0.1", str(port))
        return Part(
            name=name,
            command=(sys.executable, *(words or command)),
            environment={"PATH": "/usr/bin:/bin", "GREETING": "hello"},
            directory=directory,
            url=url,
            ready=lambda _since: probes.page_answers(url),
            ports=(port,),
            start_seconds=10,
        )

    return make


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, list[str]]]:
    """All parts, started once for all tests that need them."""
    path = Path(tempfile.mkdtemp(prefix="mammo-"))
    (path / "open_door.py").write_text(OPEN_DOOR)
    plan = Plan(
        prepare=("-c", MAKE_BUCKETS),
        deploy=("-c", "pass"),
        programs=Programs(
            door=("uvicorn", "--app-dir", str(path), "open_door:app"),
            console=("uvicorn", "--app-dir", str(path), "open_door:app"),
            errands=("-c", "import time; time.sleep(3600)"),
        ),
        free_bytes=1,
    )
    stack = Stack(path / "a state", free_ports(), plan=plan)
    lines: list[str] = []
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CANARY_OF_THE_CALLER", "must not be seen")
            stack.up(lines.append)
        yield stack, lines
    finally:
        stack.down()
        shutil.rmtree(path)
