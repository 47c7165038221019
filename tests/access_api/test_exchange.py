"""`POST /token`: an assertion becomes a token, and nothing else does."""

import base64
import io
import json
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from access_api.errors import AuthenticationError, PaceError
from access_api.exchange import ASSERTION_TYPE, FORM, MAX_FORM
from access_api.identity.entrance import Entrance
from access_api.tokens import Verifier
from catalog import audit
from catalog.accounts import accounts, keys
from catalog.accounts.assertion import sign
from tests.access_api.conftest import settings_for
from tests.access_api.issuer import AUDIENCE, Issuer
from tests.access_api.test_limits import door
from tests.access_api.world import OTHER_SPE, PERMIT_SPE, SPE, World, log_lines

FORM_HEADER = {"Content-Type": FORM}
MANIFEST = f"/releases/{PERMIT_SPE}/manifest"


def form(world: World, name: str = SPE, **changes: Any) -> dict[str, Any]:
    asked = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": world.assertion(name),
    }
    return {key: value for key, value in (asked | changes).items() if value is not None}


def test_one_assertion_one_token_many_requests(client: TestClient, world: World) -> None:
    answer = client.post("/token", data=form(world, client_id=SPE, unknown="x"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    told = answer.json()
    assert set(told) == {"access_token", "token_type", "expires_in"}
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 600)
    head = {"Authorization": f"Bearer {told['access_token']}"}
    assert [client.get(MANIFEST, headers=head).status_code for _ in range(3)] == [200] * 3
    line = list(audit.entries(world.engine))[-1]
    assert (line.actor, line.permit_id) == (SPE, PERMIT_SPE)


def test_an_assertion_is_no_bearer_token(client: TestClient, world: World) -> None:
    head = {"Authorization": f"Bearer {world.assertion(SPE)}"}
    assert client.get(MANIFEST, headers=head).status_code == 401


def test_it_is_taken_once(client: TestClient, world: World, log: io.StringIO) -> None:
    asked = form(world)
    answers = [client.post("/token", data=asked) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 401]
    assert answers[1].json() == {"error": "invalid_client"}
    line = list(log_lines(log.getvalue()))[-1]
    assert line["reason"] == "the assertion was used before"
    assert list(audit.entries(world.engine))[-1].outcome == "invalid-client"


def unsigned(world: World) -> str:
    _, claims, _ = world.assertion(SPE).split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": "x"}).encode()).decode()
    return f"{head.rstrip('=')}.{claims}."


def for_another(world: World) -> str:
    return sign(world.spe_keys[SPE], SPE, "urn:other", at=datetime.now(UTC))


def of_another_key(_: World) -> str:
    return sign(keys.draw(), SPE, AUDIENCE, at=datetime.now(UTC))


def badly_signed(world: World) -> str:
    mine, other = world.assertion(SPE).split("."), world.assertion(SPE).split(".")
    return ".".join([*mine[:2], other[2]])


def of_nobody(world: World) -> str:
    return sign(world.spe_keys[SPE], "spe-nobody", AUDIENCE, at=datetime.now(UTC))


STRANGE: list[Callable[[World], str]] = [
    *(unsigned, for_another, of_another_key, badly_signed, of_nobody),
    lambda _: "x.y.z",
    lambda _: "a" * 9000,
    lambda world: world.token(SPE),
]


@pytest.mark.parametrize("made", STRANGE)
def test_all_that_does_not_hold_is_told_the_same(
    client: TestClient, world: World, made: Callable[[World], str]
) -> None:
    answer = client.post("/token", data=form(world, client_assertion=made(world)))
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    said = {name: answer.headers[name] for name in ("cache-control", "www-authenticate")}
    assert said == {"cache-control": "no-store", "www-authenticate": "Bearer"}
    assert answer.headers["pragma"] == "no-cache"


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"grant_type": None}, 400, "invalid_request"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "authorization_code"}, 400, "unsupported_grant_type"),
        ({"client_assertion": None}, 400, "invalid_request"),
        ({"client_assertion_type": None}, 400, "invalid_request"),
        ({"client_assertion_type": "urn:x"}, 401, "invalid_client"),
        ({"client_secret": "x"}, 400, "invalid_request"),
        ({"scope": "everything"}, 400, "invalid_scope"),
        ({"client_id": OTHER_SPE}, 401, "invalid_client"),
        ({"client_id": "spe\r\nSet-Cookie: a=b"}, 401, "invalid_client"),
        ({"grant_type": "x\r\nSet-Cookie: a=b"}, 400, "unsupported_grant_type"),
        ({"client_id": [SPE, SPE]}, 400, "invalid_request"),
        ({"grant_type": ["client_credentials"] * 2}, 400, "invalid_request"),
        ({"unknown": ["1", "2"]}, 400, "invalid_request"),
        ({"unknown": ["", ""]}, 400, "invalid_request"),
        ({"x" * 1000: "y" * MAX_FORM}, 400, "invalid_request"),
        ({f"x{number}": "y" for number in range(20)}, 400, "invalid_request"),
    ],
)
def test_what_is_no_request_for_a_token(
    client: TestClient, world: World, changes: dict[str, Any], status: int, error: str
) -> None:
    body = urlencode(form(world, **changes), doseq=True)
    answer = client.post("/token", content=body, headers=FORM_HEADER)
    assert (answer.status_code, answer.json()) == (status, {"error": error})
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", FORM_HEADER),
        (b"grant_type", FORM_HEADER),
        (b"\xff\xfe=1", FORM_HEADER),
        (b"%zz=%", FORM_HEADER),
        (b"&" * 10_000, FORM_HEADER),
        (b'{"grant_type": "client_credentials"}', {"Content-Type": "application/json"}),
        (None, {"Content-Type": "multipart/form-data; boundary=x"}),
        (None, FORM_HEADER | {"Authorization": "Basic eDp5"}),
    ],
)
def test_what_is_no_form(
    client: TestClient, world: World, body: bytes | None, headers: dict[str, str]
) -> None:
    content = urlencode(form(world)).encode() if body is None else body
    answer = client.post("/token", content=content, headers=headers)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})


def test_a_form_of_a_megabyte_is_not_read(client: TestClient) -> None:
    body = b"client_assertion=" + b"a" * (1 << 20)
    answer = client.post("/token", content=body, headers=FORM_HEADER)
    assert answer.status_code == 413


def test_strangers_are_slowed_down_and_lock_nobody_out(world: World, issuer: Issuer) -> None:
    with door(world, issuer, failures_a_minute=2) as client:
        asked = [client.post("/token", data=form(world, client_assertion="x.y.z")) for _ in "1234"]
        assert [answer.status_code for answer in asked] == [401, 401, 429, 429]
        assert client.post("/token", data=form(world)).status_code == 200


def test_strangers_over_the_pace_cost_no_query_each(world: World, issuer: Issuer) -> None:
    chosen = settings_for(world, issuer, failures_a_minute=2)
    entrance = Entrance(Verifier(chosen, world.engine), chosen)
    asked: list[str] = []

    def note(*told: Any) -> None:
        asked.append(told[2])

    event.listen(world.engine, "before_cursor_execute", note)
    try:
        for _ in range(60):
            with pytest.raises((AuthenticationError, PaceError)):
                entrance.exchange(of_another_key(world), None, "192.0.2.1")
    finally:
        event.remove(world.engine, "before_cursor_execute", note)
    assert 0 < len(asked) < 20
    assert entrance.exchange(world.assertion(SPE), None, "192.0.2.1").token


def test_an_account_asks_for_tokens_at_its_pace(world: World, issuer: Issuer) -> None:
    """What is too fast uses no assertion up and issues nothing; another's account is not slowed."""
    with door(world, issuer, requests_a_second=0.001, burst=2) as client:
        asked = [client.post("/token", data=form(world)).status_code for _ in range(3)]
        assert asked == [200, 200, 429]
        for _ in range(4):
            client.post("/token", data=form(world, client_assertion=of_another_key(world)))
        assert client.post("/token", data=form(world, OTHER_SPE)).status_code == 200


def test_neither_token_nor_assertion_is_in_the_log_or_the_ledger(
    client: TestClient, world: World, log: io.StringIO
) -> None:
    asked = form(world)
    got = client.post("/token", data=asked).json()["access_token"]
    client.get(MANIFEST, headers={"Authorization": f"Bearer {got}"})
    client.post("/token", data=asked)
    written = log.getvalue() + repr(list(audit.entries(world.engine)))
    for secret in (got.removeprefix("mammo_spe_"), asked["client_assertion"].split(".")[2]):
        assert secret not in written


@contextmanager
def counting(calls: Counter[str]) -> Any:
    """Count what is called in all threads: functions of Python and of C, by name."""
    import threading

    def note(frame: Any, event: str, what: Any) -> None:
        if event == "call" and "site-packages/joserfc" in frame.f_code.co_filename:
            calls[frame.f_code.co_qualname] += 1
        elif event == "c_call" and what.__name__ in {"verify", "execute"}:
            calls[what.__name__] += 1

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def test_an_account_that_is_none_costs_what_a_wrong_signature_costs(
    world: World, issuer: Issuer
) -> None:
    """The same statements, the same work on a key and one signature verified."""
    verifier = Verifier(settings_for(world, issuer), world.engine)
    spent = []
    for made in (of_nobody(world), badly_signed(world)):
        calls: Counter[str] = Counter()
        with counting(calls), pytest.raises(AuthenticationError):
            verifier.exchange(made, None, lambda _account: None)
        spent.append(calls)
    assert spent[0] == spent[1]
    assert spent[0]["verify"] == 1


def test_a_revoked_account_s_token_opens_nothing(client: TestClient, world: World) -> None:
    world.account("spe-over")
    got = client.post("/token", data=form(world, "spe-over")).json()["access_token"]
    head = {"Authorization": f"Bearer {got}"}
    assert client.get(MANIFEST, headers=head).status_code == 404
    accounts.revoke(world.engine, "spe-over", who="eva")
    assert client.get(MANIFEST, headers=head).status_code == 401
    assert client.post("/token", data=form(world, "spe-over")).status_code == 401
