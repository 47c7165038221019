import asyncio
from collections.abc import Callable
from hashlib import sha256

import pytest
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from access_api.heads import Heads
from catalog.audit import entries
from tests.access_api.world import ANNA, BERTIL, PERMIT_A, World

Bearer = Callable[..., dict[str, str]]
WHAT = {
    "instance": "/releases/{permit}/instances/{sop}",
    "preview": "/releases/{permit}/instances/{sop}/preview",
    "series": "/releases/{permit}/studies/{study}/series/{series}/archive?format=tar",
    "study": "/releases/{permit}/studies/{study}/archive",
    "release": "/releases/{permit}/archive?format=tar",
    "manifest": "/releases/{permit}/manifest",
    "table": "/releases/{permit}/papers/metadata.csv",
    "terms": "/releases/{permit}/papers/terms.txt",
    "selection": "/releases/{permit}/studies/{study}/selection",
    "summary": "/releases/{permit}",
    "search": "/studies",
    "client": "/client.py",
}
PASSING = ("x-request-id", "date")


def path_of(name: str, world: World, permit: str = PERMIT_A) -> str:
    one = world.of(PERMIT_A)
    return WHAT[name].format(permit=permit, sop=one.sop, study=one.study, series=one.series)


@pytest.mark.parametrize("name", WHAT)
def test_the_same_answer_without_its_body(
    client: TestClient, world: World, bearer: Bearer, name: str
) -> None:
    path = path_of(name, world)
    whole = client.get(path, headers=bearer(ANNA))
    head = client.head(path, headers=bearer(ANNA))
    assert (head.status_code, head.content) == (200, b"")
    told = [
        {key: value for key, value in answer.headers.items() if key not in PASSING}
        for answer in (whole, head)
    ]
    assert told[0] == told[1]


def test_no_byte_is_read_for_a_head(client: TestClient, world: World, bearer: Bearer) -> None:
    """The store is down for this member: HEAD need not know."""
    member = world.of(PERMIT_A)
    admin = world.s3.store("releases")
    key = f"headers/{member.sha256}"
    header = b"".join(admin.get(key))
    admin.remove(key)
    try:
        path = path_of("instance", world)
        assert client.get(path, headers=bearer(ANNA)).status_code == 503
        assert client.head(path, headers=bearer(ANNA)).status_code == 200
    finally:
        world.put("releases", key, header)


def test_no_byte_of_a_paper_is_read_for_a_head(
    client: TestClient, world: World, bearer: Bearer
) -> None:
    admin = world.s3.store("releases")
    key = f"papers/{sha256(f'Terms of {PERMIT_A}{chr(10)}'.encode()).hexdigest()}"
    terms = b"".join(admin.get(key))
    admin.remove(key)
    try:
        path = path_of("terms", world)
        assert client.get(path, headers=bearer(ANNA)).status_code == 503
        assert client.head(path, headers=bearer(ANNA)).status_code == 200
    finally:
        world.put("releases", key, terms)


def test_a_head_that_its_route_does_not_tell_of_is_recorded_as_one(
    client: TestClient, world: World, bearer: Bearer
) -> None:
    assert client.head("/audit/lines", headers=bearer(ANNA)).status_code == 403
    (*_, line) = entries(world.engine)
    assert (line.action, line.object, line.outcome) == ("head", "/audit/lines", "403")


@pytest.mark.parametrize("name", ["instance", "series", "study", "release", "manifest", "table"])
def test_a_head_is_checked_and_audited_like_the_rest(
    client: TestClient, world: World, bearer: Bearer, name: str
) -> None:
    before = len(list(entries(world.engine, permit_id=PERMIT_A)))
    assert client.head(path_of(name, world), headers=bearer(BERTIL)).status_code == 404
    assert client.head(path_of(name, world), headers=bearer(ANNA)).status_code == 200
    assert client.head(path_of(name, world)).status_code == 401
    new = list(entries(world.engine, permit_id=PERMIT_A))[before:]
    assert [(one.actor, one.outcome) for one in new] == [(BERTIL, "not-found"), (ANNA, "ALLOWED")]
    assert {one.action.rpartition("-")[2] for one in new} == {"head"}


def test_a_range_means_nothing_to_head(client: TestClient, world: World, bearer: Bearer) -> None:
    answer = client.head(path_of("instance", world), headers=bearer(ANNA) | {"Range": "bytes=0-1"})
    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(len(world.of(PERMIT_A).data))


async def _with_a_body(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"a body"})


@pytest.mark.parametrize(("method", "body"), [("HEAD", b""), ("GET", b"a body")])
def test_no_server_need_take_the_body_away(method: str, body: bytes) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    asyncio.run(Heads(_with_a_body)({"type": "http", "method": method}, receive, send))
    assert sent[1]["body"] == body
