"""Who may call what at the console: this table, and nothing that is not in it."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from access_api.console.app import create_app
from access_api.console.errors import ConsoleError
from access_api.console.problems import TABLE
from access_api.console.settings import ConsoleSettings
from access_api.doorstep import open_log
from access_api.errors import DoorError
from access_api.tokens import Role
from catalog.database import connect
from catalog.errands import tokens, visits
from catalog.errands.errands import Errands
from catalog.errands.seal import public_text
from catalog.errors import CatalogError, NotFoundError

ANYBODY = "anybody"
ADMIN = frozenset({Role.PACS_ADMIN})
WHO_MAY: dict[str, frozenset[Role] | str] = {
    **dict.fromkeys(
        ("GET /health", "GET /openapi.json", "GET /docs", "GET /docs/start.js"), ANYBODY
    ),
    **dict.fromkeys(("GET /docs/swagger-ui.css", "GET /docs/swagger-ui-bundle.js"), ANYBODY),
    "GET /sources": ADMIN,
    "POST /sources": ADMIN,
    "POST /sources/{source}/test": ADMIN,
    "POST /previews": ADMIN,
    "GET /plans": ADMIN,
    "POST /plans": ADMIN,
    "GET /plans/{plan}": ADMIN,
    "POST /plans/{plan}/run": ADMIN,
    "POST /plans/{plan}/pause": ADMIN,
    "POST /plans/{plan}/resume": ADMIN,
    "POST /plans/{plan}/cancel": ADMIN,
    "POST /stop": ADMIN,
    "POST /go": ADMIN,
    "GET /exports": ADMIN,
    "GET /exports/{export}": ADMIN,
    "POST /traces": ADMIN,
    "GET /errands": ADMIN,
    "GET /errands/{errand}": ADMIN,
    "GET /work": ADMIN,
}
GUARDED = sorted(name for name, roles in WHO_MAY.items() if roles is not ANYBODY)
NAMES = {"source": "pacs", "plan": "p-00000000", "export": "20260101-00000000", "errand": "0" * 32}


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    made = connect(ledger_url)
    yield made
    made.dispose()


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def app(ledger_url: str, tmp_path: Path, log: io.StringIO) -> FastAPI:
    (tmp_path / "key").write_text(public_text(X25519PrivateKey.generate().public_key()))
    settings = ConsoleSettings(
        ledger_url=ledger_url, key_file=tmp_path / "key", burst=30, errands_waiting=9
    )
    return create_app(settings, log=open_log(log))


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://console.test") as opened:
        yield opened


@pytest.fixture
def bearer(engine: Engine) -> Callable[..., dict[str, str]]:
    def make(role: str = "pacs_admin", days: float = 1) -> dict[str, str]:
        until = datetime.now(UTC) + timedelta(days)
        _, token = tokens.make(engine, "eva", role, by="test", expires_at=until)
        return {"Authorization": f"Bearer {token}"}

    return make


def test_who_asks_too_much_waits_and_may_always_stop(
    client: TestClient, app: FastAPI, bearer: Callable[..., dict[str, str]]
) -> None:
    """Nobody answers here: all that is asked waits."""
    most, eva = app.state.desk.settings.errands_waiting, bearer()
    asked = [client.post("/traces", json={"accession": "A1"}, headers=eva) for _ in range(most + 1)]
    assert [one.status_code for one in asked] == [202] * most + [429]
    assert client.post("/stop", headers=eva).status_code == 202
    assert client.post("/go", headers=eva).status_code == 429


def subclasses(base: type[Exception]) -> Iterator[type[Exception]]:
    for kind in base.__subclasses__():
        yield kind
        yield from subclasses(kind)


def call(client: TestClient, name: str, headers: dict[str, str]) -> int:
    method, path = name.split()
    return client.request(method, path.format(**NAMES), headers=headers).status_code


@pytest.mark.parametrize("base", [ConsoleError, DoorError, CatalogError])
def test_every_error_has_a_refusal(base: type[Exception]) -> None:
    for kind in subclasses(base):
        assert any(parent in TABLE for parent in kind.__mro__), kind


def test_the_table_names_every_route_with_its_roles(app: FastAPI) -> None:
    found = {
        f"{method} {route.path}": frozenset(route.roles) or ANYBODY
        for route in app.routes
        for method in route.methods
    }
    assert found == WHO_MAY


def test_without_a_token_that_holds_nothing_opens(
    client: TestClient, engine: Engine, bearer: Callable[..., dict[str, str]]
) -> None:
    revoked = bearer()
    tokens.revoke(engine, revoked["Authorization"].split("_")[1])
    right = bearer()["Authorization"]
    # The last letter of a secret holds two bits that are none of it.
    wrong = {"Authorization": right[:-2] + ("AA" if right[-2] != "A" else "BA")}
    shown = [{}, {"Authorization": ""}, {"Authorization": "Bearer x"}, revoked, wrong]
    shown += [bearer(days=-0.01), {"Cookie": right}, {"Authorization": right.replace("r ", "r  x")}]
    for name in GUARDED:
        answers = {call(client, name, headers) for headers in shown[:4]}
        assert answers == {401}, name
    for headers in shown:
        answer = client.get("/plans", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"
    assert list(visits.visits(engine)) == []


@pytest.mark.parametrize("role", [*sorted(set(Role) - ADMIN), "nobody"])
def test_another_role_opens_nothing(
    client: TestClient, engine: Engine, bearer: Callable[..., dict[str, str]], role: str
) -> None:
    headers = bearer(role)
    assert {call(client, name, headers) for name in GUARDED} == {403}
    assert Errands(engine).latest(9) == ()


def test_the_right_role_opens_every_route(
    client: TestClient, bearer: Callable[..., dict[str, str]]
) -> None:
    headers = bearer()
    statuses = {name: call(client, name, headers) for name in GUARDED}
    bodies = {name for name in GUARDED if statuses[name] == 422}
    assert bodies == {"POST /sources", "POST /previews", "POST /plans", "POST /traces"}
    gone = {name for name in GUARDED if statuses[name] == 404}
    assert gone == {"GET /plans/{plan}", "GET /exports/{export}", "GET /errands/{errand}"}
    assert set(statuses.values()) == {200, 202, 404, 422}


def test_every_call_is_written_down_by_route(
    client: TestClient, engine: Engine, bearer: Callable[..., dict[str, str]]
) -> None:
    headers = bearer()
    answers = [
        client.get("/plans/p-12345678", headers=headers),
        client.post("/go", headers=headers),
    ]
    found = [one for _, one in visits.visits(engine)]
    assert [(one.who, one.action, one.outcome) for one in found] == [
        ("eva", "GET /plans/{plan}", "404"),
        ("eva", "POST /go", "202"),
    ]
    assert [one.request for one in found] == [one.headers["x-request-id"] for one in answers]
    assert found[1].errand == answers[1].json()["id"]
    assert {one.token for one in found} == {headers["Authorization"].split("_")[1]}


def test_a_token_is_kept_as_a_digest_and_said_once(
    engine: Engine, bearer: Callable[..., dict[str, str]]
) -> None:
    secret = bearer()["Authorization"].split("_", 2)[2]
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM console_token").all()
    assert len(rows) == 1
    assert secret not in repr(rows)
    with pytest.raises(NotFoundError):
        tokens.revoke(engine, "0" * 16)


def test_who_asks_too_fast_waits(client: TestClient, bearer: Callable[..., dict[str, str]]) -> None:
    headers = bearer()
    answers = [client.get("/sources", headers=headers) for _ in range(60)]
    late = [one for one in answers if one.status_code == 429]
    assert late
    assert late[0].headers["retry-after"] == "10"
    assert late[0].json()["type"] == "urn:mammo:problem:too-many-requests"


def test_strangers_are_slowed_and_lock_nobody_out(
    client: TestClient, bearer: Callable[..., dict[str, str]]
) -> None:
    headers = {"Authorization": "Bearer nobody"}
    statuses = [client.get("/plans", headers=headers).status_code for _ in range(80)]
    assert set(statuses) == {401, 429}
    assert client.get("/plans", headers=bearer()).status_code == 200


def test_answers_are_for_no_page_of_another_site(
    client: TestClient, bearer: Callable[..., dict[str, str]], log: io.StringIO
) -> None:
    origin = {"Origin": "https://evil.example"}
    answer = client.get("/plans", headers={**bearer(), **origin})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    asked = {"Access-Control-Request-Method": "POST", **origin}
    assert client.options("/stop", headers=asked).status_code == 405
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["route"] for line in lines] == ["/plans", "/stop"]


def test_the_description_tells_of_every_route(client: TestClient) -> None:
    told = client.get("/openapi.json").json()
    for name in GUARDED:
        method, path = name.split()
        operation = told["paths"][path][method.lower()]
        assert operation["summary"]
        assert operation["description"]
        assert operation["security"] == [{"HTTPBearer": []}]
    described = told["components"]["schemas"]
    for model in ("SourceAsked", "PreviewAsked", "PlanAsked", "TraceAsked"):
        assert "examples" in json.dumps(described[model])
