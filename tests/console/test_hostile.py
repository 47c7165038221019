"""Whatever is sent, the console answers with a refusal or an errand, and the worker lives on."""

import json
import socket
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.errands.records import ErrandKind
from catalog.errands.seal import read_public, seal
from catalog.errands.tables import errand
from flows.keys.errands import public_key
from tests.console.conftest import Side, decision
from tests.console.running import EVA, Console

BODIES = ("/sources", "/previews", "/plans", "/traces")
ODD = (
    "' OR 1=1 --",
    "'; DROP TABLE errand; --",
    "\x00",
    "\ud800",
    "A" * 100_000,
    "../../etc/passwd",
    "%2e%2e%2f",
    "19570312-9808",
    "*",
    "a\\b",
    "\u202e",
    {"$ne": None},
    ["x"],
    10**400,
    1e308,
    -1,
    None,
    True,
)
LIVELY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
RIGHT: dict[str, dict[str, Any]] = {
    "/sources": {"name": "odd", "definition": {"kind": "DICOM"}},
    "/previews": {"source": "nowhere", "plan": {}},
    "/plans": {"holder": "prov", "source": "nowhere", "plan": {}, "decision": decision()},
    "/traces": {"accession": "A1", "issuer": ""},
}


def refusal(answer: httpx.Response) -> bool:
    told = answer.headers["content-type"] == "application/problem+json"
    return told and 400 <= answer.status_code < 500


@pytest.fixture(scope="module")
def client(desk: Console) -> Any:
    with desk.client() as opened:
        yield opened


@LIVELY
@given(
    path=st.sampled_from(BODIES),
    body=st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
)
def test_any_json_is_refused_or_asked(client: httpx.Client, path: str, body: Any) -> None:
    headers = {"content-type": "application/json"}
    answer = client.post(path, content=json.dumps(body).encode(), headers=headers)
    assert refusal(answer)


@pytest.mark.parametrize("path", BODIES)
def test_an_odd_value_anywhere_is_refused_or_asked_and_never_told_again(
    client: httpx.Client, path: str
) -> None:
    headers = {"content-type": "application/json"}
    for name in RIGHT[path]:
        for odd in ODD:
            body = json.dumps({**RIGHT[path], name: odd}).encode()
            answer = client.post(path, content=body, headers=headers)
            assert refusal(answer) or answer.status_code == 202, (name, odd)
            if isinstance(odd, str) and refusal(answer) and len(odd) > 3:
                assert odd not in answer.text
    if path == "/plans":
        answer = client.post(path, json={**RIGHT[path], "decision": {"19570312-9808": 1}})
        assert "decision.legal_basis" in [one["name"] for one in answer.json()["errors"]]
        assert "19570312" not in answer.text
    answer = client.post(path, json={**RIGHT[path], "19570312-9808": 1})
    assert answer.status_code == 422
    assert "19570312" not in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", {422}),
        (b"{", {422}),
        (b"\xff\xfe", {400, 422}),
        (b'{"name": NaN}', {422}),
        (b"[" * 100_000, {400, 422}),
        (
            b'{"name":"a","definition":' + b'{"a":' * 30_000 + b"1" + b"}" * 30_000 + b"}",
            {400, 422},
        ),
        (b'{"name":"a","definition":{"a":NaN}}', {422}),
        (b'{"name":"a","definition":{"a":' + b"9" * 9000 + b"}}", {400, 422}),
        (b'{"name":"a","name":"","definition":{}}', {422}),
        (b'{"name":"a","definition":"' + b"x" * 300_000 + b'"}', {413}),
    ],
)
def test_odd_bytes_are_refused(client: httpx.Client, body: bytes, status: set[int]) -> None:
    answer = client.post("/sources", content=body, headers={"content-type": "application/json"})
    assert refusal(answer)
    assert answer.status_code in status


def test_a_nest_that_can_be_read_may_be_asked_or_refused(client: httpx.Client) -> None:
    for depth in range(100, 1100, 50):
        body = b'{"name":"a","definition":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
        headers = {"content-type": "application/json"}
        answer = client.post("/sources", content=body, headers=headers)
        assert refusal(answer) or answer.status_code == 202, depth


def test_a_body_without_a_length_is_bounded_too(client: httpx.Client) -> None:
    def endless() -> Any:
        for _ in range(40):
            yield b" " * 10_000

    try:
        answer = client.post("/traces", content=endless())
    except httpx.TransportError:  # it is answered before all is sent, and the line is cut
        return
    assert answer.status_code == 413


@pytest.mark.parametrize("odd", [one for one in ODD if isinstance(one, str) and len(one) < 200])
def test_an_odd_path_is_not_there(client: httpx.Client, odd: str) -> None:
    written = quote(odd.encode("utf-8", "surrogatepass"), safe="")
    for path in ("/plans/{}", "/plans/{}/run", "/errands/{}", "/exports/{}"):
        method = "POST" if path.endswith("run") else "GET"
        answer = client.request(method, path.format(written))
        assert refusal(answer)
        assert answer.status_code in {404, 405}
    answer = client.get(f"/errands?limit={written}")
    assert refusal(answer)


def test_what_is_no_http_gets_no_stack(desk: Console) -> None:
    address = urlsplit(desk.url)
    with socket.create_connection((address.hostname, address.port), 10) as raw:
        raw.sendall(b"GET /\x00 HTTP/9.9\r\n\r\n")
        assert b"Traceback" not in raw.recv(4096)


def test_nothing_that_was_sent_stands_in_the_log(desk: Console, side: Side) -> None:
    log = desk.log.read_text()
    assert "19570312" not in log
    assert "DROP TABLE" not in log
    assert '"unexpected"' not in log
    with side.engine.begin() as connection:  # nobody answered them
        connection.execute(errand.delete())


def test_the_worker_says_no_to_what_a_stolen_console_seals(answered: Console, side: Side) -> None:
    key = read_public(public_key(side.key_file))
    told: list[tuple[ErrandKind, str, dict[str, Any]]] = [
        (ErrandKind.TRACE, "", {}),
        (ErrandKind.TRACE, "", {"accession": {"a": 1}}),
        (ErrandKind.TRACE, "", {"accession": "A", "also": 1}),
        (ErrandKind.SOURCE_ADD, "x" * 64, {"definition": {"kind": ["DICOM"]}}),
        (ErrandKind.SOURCE_TEST, "nowhere", {}),
        (ErrandKind.PREVIEW, "pacs", {"plan": {"selection": {"SEPROV77": 1}}}),
        (ErrandKind.SCHEDULE, "nowhere", {"holder": "prov", "plan": {}, "decision": {}}),
        (ErrandKind.PREVIEW, "nowhere", {"plan": {"selection": {"first": "2026-01-01"}}}),
        (ErrandKind.RUN, "p-1'; --", {}),
        (ErrandKind.PAUSE, "p-00000000", {"more": 1}),
    ]
    asked = [seal(key, body, kind=kind, target=to, who=EVA) for kind, to, body in told]
    for new in asked:
        side.ledger.errands.ask(new)
    with side.engine.begin() as connection:
        moment = datetime.now(UTC)
        row = {"state": "ASKED", "tries": 0, "asked_at": moment}
        row |= {"expires_at": moment + timedelta(minutes=5)}
        other = {"id": "f" * 32, "kind": "GO", "target": "", "who": EVA, "sealed": b"nonsense"}
        connection.execute(errand.insert().values({**row, **other}))
    with answered.client() as client:
        for id_ in [*(new.id for new in asked), "f" * 32]:
            found = answered.ended(client, f"/errands/{id_}")
            assert found["state"] == "FAILED", found
            assert found["answer"]["reason"]
            assert "SEPROV77" not in found["answer"]["reason"]
    assert b"SEPROV77" not in side.written() + (side.folder / "worker.log").read_bytes()
    assert answered.done("/go") == {"stopped": False}
