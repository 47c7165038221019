"""A hub's intake over TLS on a real store and catalogue, and regions that deliver to it."""

import dataclasses
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import uvicorn
from pydantic import SecretStr
from sqlalchemy import Engine

from access_api.doorstep import open_log
from access_api.intake.app import create_app
from access_api.intake.settings import IntakeSettings
from catalog.arrivals import regions
from catalog.database import connect
from catalog.errors import RetriableError
from catalog.holders import add_holder, add_region
from catalog.records import Holder, Region
from flows.arrivals.parts import ArrivalParts
from flows.arrivals.settling import settle_waiting
from flows.intake.client import Address, Intake
from flows.intake.keys import load_key, make_key, read_public
from flows.intake.publisher import IntakePublisher
from flows.intake.store import IntakeStore
from flows.wiring import RegionParts
from tests.flows.conftest import (  # noqa: F401 -- fixtures
    deidentify_with,
    export_folder,
    region_databases,
    region_keys,
)
from tests.flows.conftest import region as in_process  # noqa: F401
from tests.intake.certificates import Authority
from tests.servers import S3Server, free_ports

BUCKET = "arrivals"


@dataclasses.dataclass(repr=False)
class Hub:
    """What runs at the hub, and all that it ever received."""

    url: str
    engine: Engine
    parts: ArrivalParts
    settings: IntakeSettings
    log: io.StringIO
    ca: Path
    database: str
    received: list[bytes]

    def admit(self, region: str, folder: Path) -> Path:
        """Draw a key for a region and let it in, as an operator would."""
        path = folder / f"{region}.pem"
        public = make_key(path)
        regions.add_key(self.engine, region, read_public(public), who="operator")
        return path

    def intake(self, key: Path, **named: object) -> Intake:
        told = {"patience": 30.0, "timeout": 10.0} | named
        return Intake(Address(self.url, load_key(key), ca=self.ca, **told))


class Eavesdropper:
    """ASGI middleware that keeps every byte that the hub receives."""

    def __init__(self, app, received):
        self.app, self.received = app, received

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            self.received.append(scope["raw_path"] + b"?" + scope["query_string"])
            self.received.extend(b"%s: %s" % pair for pair in scope["headers"])

        async def listening():
            message = await receive()
            self.received.append(message.get("body", b""))
            return message

        await self.app(scope, listening, send)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def make_hub(
    s3: S3Server, catalogue_url: str, authority: Authority
) -> Iterator[Callable[..., Hub]]:
    with s3_bucket(s3):
        opened: list[contextmanager] = []

        def make(**changed: object) -> Hub:
            context = running(s3, catalogue_url, authority, changed)
            opened.append(context)
            return context.__enter__()

        yield make
        for context in opened:
            context.__exit__(None, None, None)


@contextmanager
def s3_bucket(s3: S3Server) -> Iterator[None]:
    from catalog.minio_store import ensure_buckets

    ensure_buckets(s3.endpoint, s3.credentials["admin"], [BUCKET], secure=False)
    yield
    store = s3.store(BUCKET)
    for key in list(store.keys()):
        store.remove(key)


@contextmanager
def running(s3, url, authority, changed) -> Iterator[Hub]:
    (port,) = free_ports(1)
    who = s3.credentials["admin"]
    settings = IntakeSettings(
        **{
            "authority": f"127.0.0.1:{port}",
            "catalogue_url": SecretStr(url),
            "s3_endpoint": s3.endpoint,
            "s3_secure": False,
            "s3_access_key": SecretStr(who.access_key),
            "s3_secret_key": SecretStr(who.secret_key),
            "arrivals_bucket": BUCKET,
        }
        | changed
    )
    log = io.StringIO()
    received: list[bytes] = []
    app = Eavesdropper(create_app(settings, log=open_log(log)), received)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            ssl_keyfile=str(authority.key),
            ssl_certfile=str(authority.certificate),
            log_level="critical",
            log_config=None,
            access_log=False,
            server_header=False,
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
        assert thread.is_alive()
    engine = connect(url)
    for region in ("norr", "soder"):
        add_region(engine, Region(region, region.title()))
    add_holder(engine, Holder("prov", "norr", "Provsjukhuset"))
    add_holder(engine, Holder("annat", "soder", "Annat sjukhus"))
    parts = ArrivalParts(engine, s3.store(BUCKET), s3.store("clean"), "mammography")
    yield Hub(
        f"https://127.0.0.1:{port}", engine, parts, settings, log, authority.ca, url, received
    )
    server.should_exit = True
    thread.join(20)
    engine.dispose()


@pytest.fixture
def hub(make_hub: Callable[..., Hub]) -> Hub:
    return make_hub()


@contextmanager
def checking(hub: Hub) -> Iterator[None]:
    """Let the hub's own check run beside, as its worker does."""
    done = threading.Event()

    def run() -> None:
        while not done.wait(0.05):
            with suppress(RetriableError):
                settle_waiting(hub.parts)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(30)


@pytest.fixture
def delivering(hub: Hub, in_process: RegionParts, tmp_path: Path) -> Iterator[RegionParts]:  # noqa: F811
    """The region's parts with nothing of the hub's but its own signing key."""
    intake = hub.intake(hub.admit("norr", tmp_path))
    yield dataclasses.replace(
        in_process, publisher=IntakePublisher(intake), clean=IntakeStore(intake)
    )
    intake.close()
