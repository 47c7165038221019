"""How much one may send and how often one may ask, and what every answer says to browsers."""

import asyncio
import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from fastapi import Body
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from access_api.access import ANYONE, add_routes, guarded_router
from access_api.app import create_app
from access_api.bodies import Bodies
from access_api.doorstep import MAX_HEADER_BYTES, MAX_HEADERS, open_log
from access_api.pace import MOST, Pace, Places
from access_api.settings import DoorSettings
from tests.access_api.conftest import settings_for
from tests.access_api.issuer import Issuer
from tests.access_api.running import Running
from tests.access_api.test_in_flight import Slow
from tests.access_api.world import ANNA, BERTIL, PERMIT_LARGE, World

Bearer = Callable[..., dict[str, str]]
ORIGIN = {"Origin": "https://evil.test", "Access-Control-Request-Method": "GET"}


@contextmanager
def door(world: World, issuer: Issuer, address: str = "192.0.2.1", **other: Any) -> Iterator[Any]:
    app = create_app(settings_for(world, issuer, **other), log=open_log(io.StringIO()))
    router = guarded_router(tag="Echo")

    @router.post("/echo", dependencies=[ANYONE])
    def echo(text: str = Body()) -> int:
        return len(text)

    add_routes(app, router)
    with TestClient(app, client=(address, 50_000)) as client:
        yield client


def test_a_caller_who_asks_too_often_waits_and_others_do_not(
    world: World, issuer: Issuer, bearer: Bearer
) -> None:
    with door(world, issuer, requests_a_second=0.001, burst=3) as client:
        answers = [client.get("/studies", headers=bearer(ANNA)) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert answers[-1].headers["retry-after"] == "10"
        assert answers[-1].json()["type"] == "urn:mammo:problem:too-many-requests"
        assert client.get("/studies", headers=bearer(BERTIL)).status_code == 200


def test_failures_are_counted_by_address_and_lock_nobody_out(
    world: World, issuer: Issuer, bearer: Bearer
) -> None:
    wrong = {"Authorization": "Bearer x.y.z"}
    with door(world, issuer, failures_a_minute=2) as client:
        answers = [client.get("/studies", headers=wrong).status_code for _ in range(4)]
        assert answers == [401, 401, 429, 429]
        assert client.get("/studies", headers=bearer(ANNA)).status_code == 200
        elsewhere = TestClient(client.app, client=("192.0.2.2", 50_000))
        assert elsewhere.get("/studies", headers=wrong).status_code == 401


def test_a_pace_fills_again_and_never_beyond_its_burst() -> None:
    pace = Pace(a_second=2, burst=3)
    assert [pace.take("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert [pace.take("a", 0.5), pace.take("a", 0.5)] == [True, False]
    assert [pace.take("a", 100.0) for _ in range(4)] == [True, True, True, False]


def test_those_who_ask_and_are_refused_do_not_wait_longer() -> None:
    pace = Pace(a_second=1, burst=1)
    pace.take("a", 0.0)
    for tenth in range(1, 10):
        assert not pace.take("a", tenth / 10)
    assert pace.take("a", 1.01)


def test_a_pace_remembers_no_more_than_so_many() -> None:
    pace = Pace(a_second=0.0001, burst=1)
    pace.take("first", 0.0)
    for number in range(MOST + 5):
        pace.take(str(number), 0.0)
        pace.take("busy", 0.0)
    assert len(pace._left) == MOST
    assert not pace.take("busy", 0.0)


def test_a_body_is_bounded(world: World, issuer: Issuer) -> None:
    with door(world, issuer, body_bytes=100) as client:
        assert client.post("/echo", json="x" * 90).json() == 90
        answer = client.post("/echo", json="x" * 100)
        assert answer.status_code == 413
        assert answer.headers["x-content-type-options"] == "nosniff"
        pieces = client.post("/echo", content=iter([b'"', *[b"x" * 50] * 20, b'"']))
        assert pieces.status_code == 413


@pytest.mark.parametrize(
    "headers",
    [
        {"X": "x" * MAX_HEADER_BYTES},
        {f"X-{number}": "x" for number in range(MAX_HEADERS + 1)},
        {f"X-{number}": "x" * 1000 for number in range(MAX_HEADER_BYTES // 1000 + 1)},
    ],
    ids=["one", "many", "all"],
)
def test_headers_are_bounded(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.get("/health", headers=headers)
    assert answer.status_code == 431
    assert answer.json()["type"] == "urn:mammo:problem:headers-too-large"


def test_what_is_refused_before_anybody_is_known_is_in_the_log(
    client: TestClient, log: io.StringIO
) -> None:
    """With its reason and without its path; the ledger has lines of known callers only."""
    client.get(f"/studies?cursor={'x' * 3000}")
    client.get("/studies", headers={"X": "x" * MAX_HEADER_BYTES})
    client.post("/token", content=b"x" * (1 << 21))
    lines = [json.loads(line) for line in log.getvalue().splitlines()[-3:]]
    assert [(one["status"], one["error"]) for one in lines] == [
        (414, "uri-too-long"),
        (431, "headers-too-large"),
        (413, "too-large"),
    ]
    assert "xxx" not in "".join(log.getvalue().splitlines()[-3:])


SAID = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


@pytest.mark.parametrize("path", ["/health", "/studies", "/nothing", "/openapi.json"])
@pytest.mark.parametrize("tls", [False, True])
def test_every_answer_says_it_all(world: World, issuer: Issuer, path: str, tls: bool) -> None:
    with door(world, issuer, tls=tls) as client:
        headers = client.get(path).headers
        assert {name: headers.get(name) for name in SAID} == SAID
        assert headers.get("strict-transport-security") == ("max-age=31536000" if tls else None)


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
@pytest.mark.parametrize("path", ["/health", "/studies", "/openapi.json", "/docs", "/nothing"])
@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://door.test"])
def test_no_page_of_another_origin_is_let_in(
    client: TestClient, bearer: Bearer, path: str, method: str, origin: str
) -> None:
    headers = bearer(ANNA) | ORIGIN | {"Origin": origin}
    answer = client.request(method, path, headers=headers)
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert method == "GET" or answer.status_code in {404, 405}


def test_no_cookie_is_ever_set_or_believed(client: TestClient, issuer: Issuer) -> None:
    cookie = {"Cookie": f"token={issuer.token(ANNA)}; Authorization=Bearer {issuer.token(ANNA)}"}
    answer = client.get("/studies", headers=cookie)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_all_bodies_together_hold_no_more_than_so_much() -> None:
    """Bodies come before anybody shows who they are: strangers must not fill the memory."""
    answers: list[int] = []

    async def held(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if len(answers) == 0:
            answers.append(0)
            await post(bodies)
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def post(to: Bodies) -> None:
        async def receive() -> Message:
            return {"type": "http.request", "body": b"x" * 60, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answers.append(message["status"])

        await to({"type": "http"}, receive, send)

    bodies = Bodies(held, most=100, seconds=5, together=1)
    asyncio.run(post(bodies))
    asyncio.run(post(bodies))
    assert answers == [0, 503, 204, 204]


def test_one_caller_has_so_many_answers_at_once(
    world: World, issuer: Issuer, bearer: Bearer
) -> None:
    path = f"/releases/{PERMIT_LARGE}/instances/{world.of(PERMIT_LARGE).sop}"
    with Running(settings_for(world, issuer, at_once=2)) as running:
        slow = [Slow(running, path, bearer(ANNA)) for _ in range(2)]
        answer, body = running.get(path, bearer(ANNA))
        assert (answer.status, answer.headers["Retry-After"]) == (429, "10")
        assert json.loads(body)["type"] == "urn:mammo:problem:too-many-requests"
        assert running.get(path, bearer(BERTIL))[0].status == 404
        assert running.get("/studies", bearer(ANNA))[0].status == 200
        slow[0].rest()
        for one in slow:
            one.close()
        for _ in range(4):  # whether it was taken or given up, its place is free again
            wait_until_free(running, path, bearer(ANNA))


def wait_until_free(running: Running, path: str, who: dict[str, str]) -> None:
    deadline = time.monotonic() + 10
    while running.get(path, who)[0].status != 200:
        assert time.monotonic() < deadline


def test_aria2_with_sixteen_is_not_too_many() -> None:
    places, held = Places(DoorSettings.model_fields["at_once"].default), ExitStack()
    with held:
        for _ in range(16):
            held.enter_context(places.taken(ANNA))
