"""Limits, headers, problems and the log: what every request meets."""

import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from access_api.access import ANYONE, add_routes, guarded_router
from access_api.app import create_app
from access_api.door import PULSE_S
from access_api.doorstep import open_log
from access_api.errors import DoorError
from access_api.problems import INTERNAL, TABLE, problem_of
from access_api.settings import DoorSettings
from catalog.errors import CatalogError, Reason
from tests.access_api.conftest import settings_for
from tests.access_api.issuer import Issuer
from tests.access_api.world import ANNA, PERMIT_A, World, log_lines
from tests.servers import free_ports

Bearer = Callable[..., dict[str, str]]
SECRET = "19570312-9805"


def subclasses(base: type[Exception]) -> Iterator[type[Exception]]:
    for kind in base.__subclasses__():
        yield kind
        yield from subclasses(kind)


@pytest.mark.parametrize("base", [DoorError, CatalogError])
def test_every_error_stands_in_the_table(base: type[Exception]) -> None:
    for kind in subclasses(base):
        assert any(parent in TABLE for parent in kind.__mro__), kind


def test_what_is_not_in_the_table_is_internal() -> None:
    assert problem_of(ValueError(SECRET)) is INTERNAL


@pytest.mark.parametrize("path", ["/health", "/docs", "/studies", "/nothing", "/releases/x/y/z"])
def test_headers_of_every_answer(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none';")
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert len(headers["x-request-id"]) == 16


def test_no_other_origin_may_read(client: TestClient, bearer: Bearer) -> None:
    origin = {"Origin": "https://evil.test", "Access-Control-Request-Method": "GET"}
    for answer in (
        client.get("/studies", headers=bearer(ANNA) | origin),
        client.options("/studies", headers=origin),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/studies/",
        "/releases",
        "/releases/",
        "/releases/PERMIT-A/",
        "//releases/PERMIT-A",
        "/releases/PERMIT-A/../PERMIT-B/manifest",
        "/releases/PERMIT-A/instances/",
        "/releases/%2e%2e/manifest",
        "/releases/PERMIT-A%00/manifest",
        "/releases/PERMIT-A%0d%0aX-Evil:%201/manifest",
        "/releases/P%C3%84RMIT/manifest",
        "/releases/" + "A" * 65,
        "/releases/PERMIT-A/instances/1.2.x",
        "/releases/PERMIT-A/instances/" + "1" * 65,
        "/releases/PERMIT-A/instances/1%0d%0aX-Evil:%201",
        "/releases/PERMIT-A/studies/..%2f..%2fetc/archive",
        "/releases/PERMIT-A/studies/1'%20OR%201=1--/archive",
    ],
)
def test_every_unknown_path_is_the_same_404(client: TestClient, bearer: Bearer, path: str) -> None:
    answer = client.get(path, headers=bearer(ANNA))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:mammo:problem:not-found",
        "title": "There is no such thing for you.",
        "status": 404,
    }
    assert "x-evil" not in answer.headers


def test_a_long_url_is_refused(client: TestClient) -> None:
    answer = client.get("/studies?vendor=" + "A" * 3000)
    assert answer.status_code == 414
    assert answer.json()["type"] == "urn:mammo:problem:uri-too-long"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["Range", "If-Range", "If-None-Match"])
def test_a_long_header_is_refused(client: TestClient, bearer: Bearer, name: str) -> None:
    path = f"/releases/{PERMIT_A}/instances/2.25.1"
    answer = client.get(path, headers=bearer(ANNA) | {name: "x" * 5000})
    assert answer.status_code == 422
    assert "xxx" not in answer.text


def with_a_fault(settings: DoorSettings, log: io.StringIO) -> FastAPI:
    router = guarded_router(tag="Fault")

    @router.get("/fault/{name}", dependencies=[ANYONE])
    def fault(name: str) -> None:
        raise RuntimeError(SECRET + name)

    app = create_app(settings, log=open_log(log))
    add_routes(app, router)
    return app


def test_an_unexpected_exception_tells_nothing(settings: DoorSettings) -> None:
    log = io.StringIO()
    with TestClient(with_a_fault(settings, log)) as client:
        answer = client.get("/fault/" + SECRET)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-security-policy"]
    assert answer.json() == INTERNAL.body()
    assert SECRET not in log.getvalue()
    fault, request = log_lines(log.getvalue())
    assert (fault["error"], fault["level"]) == ("RuntimeError", "error")
    assert fault["at"].startswith("test_doorstep.py:")
    assert (request["route"], request["status"]) == ("/fault/{name}", 500)
    assert fault["request"] == request["request"] == answer.headers["x-request-id"]


FIELDS = {
    *("complete", "error", "event", "level", "method", "ms", "reason", "request"),
    *("route", "sent", "status", "timestamp"),
}


def test_the_log_names_nobody_and_nothing(
    client: TestClient, world: World, bearer: Bearer, log: io.StringIO
) -> None:
    member = world.of(PERMIT_A)
    head = bearer(ANNA)
    log.truncate(log.seek(0))
    paths = [
        f"/releases/{PERMIT_A}/instances/{member.sop}",
        f"/releases/{PERMIT_A}/studies/{member.study}/archive",
        f"/releases/{PERMIT_A}/studies?cursor={member.study}",
        f"/unknown/{SECRET}",
        f"/releases/{SECRET}å/manifest",
        f"/studies?vendor={SECRET}",
    ]
    for path in paths:
        client.get(path, headers=head)
    client.request(SECRET, "/studies")
    text = log.getvalue()
    for word in (SECRET, ANNA, PERMIT_A, "2.25.", head["Authorization"][7:20], "subject-"):
        assert word not in text
    lines = list(log_lines(text))
    assert all(set(line) == FIELDS for line in lines)
    assert [line["route"] for line in lines[:4]] == [
        "/releases/{permit}/instances/{sop_uid}",
        "/releases/{permit}/studies/{study_uid}/archive",
        "/releases/{permit}/studies",
        "unmatched",
    ]
    assert lines[0]["sent"] == len(member.data)
    assert lines[-1]["method"] == "OTHER"


def test_uvicorn_s_access_log_is_silent(settings: DoorSettings) -> None:
    access = logging.getLogger("uvicorn.access")
    access.addHandler(logging.StreamHandler(io.StringIO()))
    create_app(settings)
    assert not access.hasHandlers()


def test_health(client: TestClient) -> None:
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_health_is_asked_again_after_a_while(app: FastAPI, client: TestClient) -> None:
    client.get("/health")
    pulse = app.state.door.pulse
    pulse.alive = False
    assert client.get("/health").status_code == 503
    pulse.at -= PULSE_S
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize(
    "broken",
    [
        {"s3_endpoint": "127.0.0.1:{port}"},
        {"s3_secret_key": "wrong"},
        {"catalogue_url": "sqlite:////nonexistent/catalogue.db"},
    ],
    ids=["no store", "wrong key", "no catalogue"],
)
def test_what_is_not_there_is_503_without_details(
    world: World, issuer: Issuer, bearer: Bearer, broken: dict[str, str]
) -> None:
    values = {name: value.format(port=free_ports(1)[0]) for name, value in broken.items()}
    log = io.StringIO()
    app = create_app(settings_for(world, issuer, **values), log=open_log(log))
    path = f"/releases/{PERMIT_A}/instances/{world.of(PERMIT_A).sop}"
    with TestClient(app) as client:
        health = client.get("/health")
        assert (health.status_code, health.json()) == (503, {"status": "unavailable"})
        answer = client.get(path, headers=bearer(ANNA))
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:mammo:problem:unavailable"
        assert answer.headers["retry-after"] == "5"
    for word in ("127.0.0.1", "sqlite", "nonexistent", "clean", "2.25"):
        assert word not in answer.text + health.text
        assert word not in log.getvalue()


def test_an_empty_catalogue(world: World, issuer: Issuer, bearer: Bearer, tmp_path: Path) -> None:
    log = io.StringIO()
    settings = settings_for(world, issuer, catalogue_url=f"sqlite:///{tmp_path}/empty.db")
    with TestClient(create_app(settings, log=open_log(log))) as client:
        assert client.get("/health").status_code == 503
        answer = client.get("/studies", headers=bearer(ANNA))
        assert (answer.status_code, answer.json()) == (500, INTERNAL.body())
    last = list(log_lines(log.getvalue()))[-1]
    assert (last["error"], last["reason"]) == ("CatalogError", Reason.SCHEMA.value)


def test_unreadable_keys_are_503(world: World, issuer: Issuer, bearer: Bearer) -> None:
    settings = settings_for(world, issuer, jwks_file=issuer.path.with_name("none.json"))
    with TestClient(create_app(settings, log=open_log(io.StringIO()))) as client:
        assert client.get("/studies", headers=bearer(ANNA)).status_code == 503
        assert client.get("/studies").status_code == 401
        assert client.get("/health").status_code == 200


def _key_of(world: World, permit: str) -> tuple[str, bytes]:
    member = world.of(permit)
    edge = member.data.index(b"\xe0\x7f\x10\x00")
    return f"headers/{member.sha256}", member.data[:edge]


def _replace(world: World, key: str, data: bytes) -> None:
    client: Any = world.s3.store("releases")._client
    client.remove_object("releases", key)
    if data:
        client.put_object("releases", key, io.BytesIO(data), len(data))


@pytest.mark.parametrize("kept", [0, 5, -1], ids=["gone", "cut", "one byte short"])
def test_bytes_that_are_not_there_are_no_404(
    client: TestClient, world: World, bearer: Bearer, kept: int
) -> None:
    key, header = _key_of(world, PERMIT_A)
    _replace(world, key, header[:kept])
    try:
        path = f"/releases/{PERMIT_A}/instances/{world.of(PERMIT_A).sop}"
        answer = client.get(path, headers=bearer(ANNA))
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:mammo:problem:unavailable"
    finally:
        _replace(world, key, header)


def test_changed_bytes_are_never_served_whole(
    client: TestClient, world: World, bearer: Bearer
) -> None:
    key, header = _key_of(world, PERMIT_A)
    _replace(world, key, header.replace(b"HOLOGIC", b"HOLOGYC"))
    member = world.of(PERMIT_A)
    try:
        path = f"/releases/{PERMIT_A}/instances/{member.sop}"
        assert client.get(path, headers=bearer(ANNA)).status_code == 503
        archive = f"/releases/{PERMIT_A}/studies/{member.study}/archive"
        assert client.get(archive, headers=bearer(ANNA)).status_code == 503
    finally:
        _replace(world, key, header)
    assert client.get(path, headers=bearer(ANNA)).content == member.data
