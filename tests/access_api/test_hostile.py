"""What somebody hostile asks: across permits, with SQL, with line feeds, with odd tokens."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from catalog import audit
from tests.access_api.issuer import Issuer
from tests.access_api.test_access import GUARDED, SERVICE, WHO_MAY, parts_of, role_for
from tests.access_api.world import ANNA, BERTIL, PERMIT_A, PERMIT_B, World

Bearer = Callable[..., dict[str, str]]
OF_A_PERMIT = [
    name
    for name in GUARDED
    if name.startswith("GET /releases/{permit}") and WHO_MAY[name] != {SERVICE}
]
EVERYTHING = ("researcher", "operator", "auditor")
SQL = (
    "' OR '1'='1",
    "1; DROP TABLE access_log",
    "x' UNION SELECT * FROM permit --",
    'x" OR ""="',
    "%27%20OR%201=1--",
    "\\'; SELECT pg_sleep(9); --",
    "{{7*7}}",
)
FEEDS = ("x\r\nSet-Cookie: a=b", "x\nX: y", "x\u2028y", "x%0d%0aX:%20y")


def of(world: World, name: str, permit: str, owner: str) -> str:
    """Give a path below one permit, with UIDs of another's release."""
    member = world.of(owner)
    return name.removeprefix("GET ").format(**parts_of(member, permit))


@pytest.mark.parametrize("name", OF_A_PERMIT)
def test_another_s_permit_is_a_404_and_recorded(
    client: TestClient, world: World, bearer: Bearer, name: str
) -> None:
    """Bertil may read permit B. Of A he learns nothing, by whatever route; the ledger knows."""
    before = len(list(audit.entries(world.engine)))
    answers = [
        client.get(of(world, name, permit, owner), headers=bearer(BERTIL))
        for permit, owner in ((PERMIT_A, PERMIT_A), (PERMIT_A, PERMIT_B), ("PERMIT-404", PERMIT_A))
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    lines = list(audit.entries(world.engine))[before:]
    assert [(line.actor, line.permit_id, line.outcome) for line in lines] == [
        (BERTIL, PERMIT_A, "not-found"),
        (BERTIL, PERMIT_A, "not-found"),
        (BERTIL, "PERMIT-404", "not-found"),
    ]


@pytest.mark.parametrize("name", [one for one in OF_A_PERMIT if "_uid}" in one])
def test_uids_of_another_s_release_are_unknown_in_one_s_own(
    client: TestClient, world: World, bearer: Bearer, name: str
) -> None:
    answer = client.get(of(world, name, PERMIT_B, PERMIT_A), headers=bearer(BERTIL))
    assert answer.status_code == 404
    member = world.of(PERMIT_A)
    assert member.sop not in answer.text
    assert client.get(of(world, name, PERMIT_B, PERMIT_B), headers=bearer(BERTIL)).is_success


def parameters(app: FastAPI) -> list[tuple[str, str, str, str]]:
    """Give every parameter of every route: method, path, where it is, and what it is called."""
    return [
        (method.upper(), path, one["in"], one["name"])
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
        for one in operation.get("parameters", [])
    ]


@pytest.mark.parametrize("hostile", [*SQL, *FEEDS])
def test_no_parameter_is_taken_for_sql_or_reaches_a_header(
    app: FastAPI, client: TestClient, world: World, bearer: Bearer, hostile: str
) -> None:
    real = parts_of(world.of(PERMIT_A), PERMIT_A)
    before = len(list(audit.entries(world.engine)))
    asked = parameters(app)
    assert {where for _, _, where, _ in asked} == {"path", "query", "header"}
    for method, path, where, name in asked:
        values = real | ({name: quote(hostile, safe="")} if where == "path" else {})
        header = bearer(ANNA, role_for(f"{method} {path}"))
        if where == "header":
            header[name] = hostile.encode("unicode_escape").decode()
        answer = client.request(
            method,
            path.format(**values),
            params={name: hostile} if where == "query" else {},
            headers=header,
        )
        assert answer.status_code < 500, (path, name)
        assert "set-cookie" not in answer.headers
        assert "x" not in answer.headers
        if answer.status_code >= 400:
            assert hostile not in answer.text
    lines = list(audit.entries(world.engine))[before:]
    assert all(line.permit_id in {"", PERMIT_A} for line in lines)
    assert all("\n" not in line.object and "\r" not in line.object for line in lines)


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "anna\r\nX: y"},
        {"sub": "anna\x00"},
        {"sub": ["anna"]},
        {"sub": {"$ne": ""}},
        {"sub": ""},
        {"sub": "a" * 300},
        {"roles": "researcher"},
        {"roles": {"researcher": True}},
        {"roles": [["researcher"]]},
        {"roles": [1]},
        {"exp": "never"},
        {"exp": 1e400},
        {"exp": None},
        {"aud": ["urn:other"]},
        {"iss": ["https://issuer.test"]},
        {"nbf": 99_999_999_999},
    ],
)
def test_a_token_with_odd_claims_is_none(
    client: TestClient, issuer: Issuer, changes: dict[str, Any]
) -> None:
    claims = issuer.claims(ANNA, "researcher") | changes
    token = issuer.sign({name: value for name, value in claims.items() if value is not None})
    answer = client.get("/studies", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


@pytest.mark.parametrize("subject", [*SQL, "=cmd|' /C calc'!A0", "../../etc/passwd", "<script>"])
def test_a_hostile_name_is_written_down_as_it_is_and_no_more(
    client: TestClient, world: World, bearer: Bearer, subject: str
) -> None:
    assert client.get(f"/releases/{PERMIT_A}", headers=bearer(subject)).status_code == 404
    assert list(audit.entries(world.engine))[-1].actor == subject
    asked = {"params": {"person": subject}, "headers": bearer("eve", "auditor")}
    told = client.get("/audit/seen-by", **asked).json()["lines"]
    assert {line["actor"] for line in told} == {subject}


def test_a_body_where_none_belongs_is_not_read(client: TestClient, bearer: Bearer) -> None:
    deep = "[" * 100_000
    for body in (deep, json.dumps({"a": "x" * 1_000_000})):
        answer = client.request("GET", "/studies", content=body, headers=bearer(ANNA))
        assert answer.status_code == 200
