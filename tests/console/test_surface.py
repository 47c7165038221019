"""The console does what its description says, whatever it is asked (schemathesis, all checks)."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import schemathesis
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from fastapi import FastAPI
from hypothesis import settings
from schemathesis import GenerationMode
from starlette.testclient import TestClient

from access_api.console.app import create_app
from access_api.console.settings import ConsoleSettings
from access_api.doorstep import open_log
from catalog.database import connect
from catalog.errands import tokens
from catalog.errands.seal import public_text
from tests.access_api.test_surface import BOUNDED, asked, validate_answer
from tests.console.test_access import WHO_MAY

DESCRIBED = [name for name in WHO_MAY if not name.startswith(("GET /docs", "GET /openapi"))]
ASKS_NOTHING = {"GET /health", "GET /sources", "GET /plans", "GET /work", "POST /stop", "POST /go"}
Header = dict[str, str]


@pytest.fixture(scope="module")
def ledger(sqlite_databases: Callable[[str], str]) -> str:
    return sqlite_databases("ledger")


@pytest.fixture(scope="module")
def app(ledger: str, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    key = tmp_path_factory.mktemp("console") / "key"
    key.write_text(public_text(X25519PrivateKey.generate().public_key()))
    plenty = {
        "requests_a_second": 1e4,
        "burst": 10_000,
        "failures_a_minute": 10_000,
        "errands_waiting": 100_000,
    }
    chosen = ConsoleSettings(ledger_url=ledger, key_file=key, **plenty)
    return create_app(chosen, log=open_log(io.StringIO()))


@pytest.fixture(scope="module")
def described(app: FastAPI) -> Iterator[Any]:
    """Give the description of a console that is open, and where nobody answers."""
    with TestClient(app):
        yield schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.fixture(scope="module")
def header(ledger: str) -> Header:
    engine = connect(ledger)
    until = datetime.now(UTC) + timedelta(1)
    _, token = tokens.make(engine, "eva", "pacs_admin", by="test", expires_at=until)
    engine.dispose()
    return {"Authorization": f"Bearer {token}"}


def validate(case: Any, header: Header) -> None:
    """Ask, without waiting for an answer that nobody gives, and run every check."""
    if "wait" in (case.query or {}) and str(case.query["wait"]) in {str(one) for one in range(21)}:
        case.query["wait"] = 0
    validate_answer(case.call(headers=header), case, header)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        *((name, GenerationMode.POSITIVE) for name in DESCRIBED),
        *((name, GenerationMode.NEGATIVE) for name in DESCRIBED if name not in ASKS_NOTHING),
    ],
)
def test_whatever_is_asked_is_answered_as_described(
    described: Any, header: Header, name: str, mode: GenerationMode
) -> None:
    method, path = name.split()
    asked(described[path][method], mode, lambda case: validate(case, header))


def test_the_description_has_every_route(described: Any) -> None:
    found = {f"{one.ok().method.upper()} {one.ok().path}" for one in described.get_all_operations()}
    assert found == set(DESCRIBED)


def test_what_was_asked_leads_to_its_answer(app: FastAPI, described: Any, header: Header) -> None:
    """An errand's id is asked in the next call; `described` keeps the application open."""
    del described
    linked = schemathesis.openapi.from_asgi("/openapi.json", app)
    link = {"operationId": "show_errand", "parameters": {"errand": "$response.body#/id"}}
    for path in ("/traces", "/stop"):
        linked.raw_schema["paths"][path]["post"]["responses"]["202"]["links"] = {"next": link}
    linked = linked.include(path=["/traces", "/stop", "/errands/{errand}"])
    statuses: set[tuple[str, int]] = set()

    class Walk(linked.as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: Any) -> None:
            case.headers = header
            if case.operation.path == "/errands/{errand}":
                case.query = {"wait": 0}

        def validate_response(self, response: Any, case: Any, **_more: Any) -> None:
            statuses.add((case.operation.path, response.status_code))
            validate_answer(response, case, header)

    Walk.run(settings=settings(BOUNDED, max_examples=20, stateful_step_count=4))
    assert ("/errands/{errand}", 200) in statuses
