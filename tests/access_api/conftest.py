"""The door on a real catalogue and a real object store, once for all tests of the room."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from access_api.app import create_app
from access_api.doorstep import open_log
from access_api.settings import DoorSettings
from catalog.database import connect
from tests.access_api.issuer import AUDIENCE, ISSUER, Issuer
from tests.access_api.world import World, build
from tests.servers import S3Server


@pytest.fixture(scope="session")
def world(s3: S3Server, sqlite_databases: Callable[[str], str]) -> Iterator[World]:
    url = sqlite_databases("catalogue")
    engine = connect(url)
    yield build(engine, url, s3)
    engine.dispose()


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer") / "jwks.json")


def settings_for(world: World, issuer: Issuer, **other: Any) -> DoorSettings:
    who = world.s3.credentials["door"]
    values: dict[str, Any] = {
        "environment": "production",
        "catalogue_url": world.url,
        "s3_endpoint": world.s3.endpoint,
        "s3_secure": False,
        "s3_access_key": who.access_key,
        "s3_secret_key": who.secret_key,
        "clean_bucket": "clean",
        "releases_bucket": "releases",
        "jwks_file": issuer.path,
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "requests_a_second": 10_000,
        "burst": 10_000,
        "failures_a_minute": 10_000,
    }
    return DoorSettings(**values | other)


@pytest.fixture(scope="session")
def settings(world: World, issuer: Issuer) -> DoorSettings:
    return settings_for(world, issuer)


@pytest.fixture(scope="session")
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture(scope="session")
def app(settings: DoorSettings, log: io.StringIO) -> FastAPI:
    return create_app(settings, log=open_log(log))


@pytest.fixture(scope="session")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://door.test") as opened:
        yield opened


@pytest.fixture
def bearer(issuer: Issuer) -> Callable[..., dict[str, str]]:
    """Give the header of a caller with some roles, a researcher unless said."""

    def make(subject: str, *roles: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {issuer.token(subject, *roles)}"}

    return make


@pytest.fixture
def service(world: World) -> Callable[[str], dict[str, str]]:
    """Give the header of a secure processing environment's requests."""

    def make(name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {world.token(name)}"}

    return make
