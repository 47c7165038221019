"""Who may call what: this table, and nothing that is not in it."""

import io
from collections.abc import Callable
from itertools import combinations, product
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient

from access_api.access import ANYONE, Allow, Researcher, Searcher, add_routes, guarded_router
from access_api.tokens import Role
from tests.access_api.issuer import Issuer
from tests.access_api.world import ANNA, OTHER_SPE, PERMIT_A, Member, World, log_lines

ANYBODY = "anybody"
SERVICE = "service"  # the account of a secure processing environment: no role, but a caller
RELEASE_READERS = {Role.RESEARCHER, SERVICE}
CONCERNED = {Role.RESEARCHER, Role.ASSESSOR}
WHO_MAY: dict[str, set[str] | str] = {
    "GET /health": ANYBODY,
    "GET /openapi.json": ANYBODY,
    "GET /docs": ANYBODY,
    "GET /docs/start.js": ANYBODY,
    "GET /docs/swagger-ui.css": ANYBODY,
    "GET /docs/swagger-ui-bundle.js": ANYBODY,
    "POST /token": ANYBODY,  # an assertion is the proof, and no bearer token
    "GET /studies": {Role.RESEARCHER, Role.OPERATOR},
    "GET /audit/lines": {Role.AUDITOR},
    "GET /audit/export": {Role.AUDITOR},
    "GET /audit/anchor": {Role.AUDITOR},
    "GET /audit/who-saw": {Role.AUDITOR},
    "GET /audit/seen-by": {Role.AUDITOR},
    "GET /client.py": ANYBODY,
    "GET /applications": CONCERNED,
    "POST /applications": {Role.RESEARCHER},
    "GET /application-schema": CONCERNED,
    "GET /applications/{application}": CONCERNED,
    "PUT /applications/{application}": {Role.RESEARCHER},
    "POST /applications/{application}/submission": {Role.RESEARCHER},
    "POST /applications/{application}/withdrawal": {Role.RESEARCHER},
    "POST /applications/{application}/steps": {Role.ASSESSOR},
    "POST /applications/{application}/decision": {Role.ASSESSOR},
    "GET /permits": CONCERNED,
    "GET /permits/{permit}": CONCERNED,
    "POST /permits/{permit}/revocation": {Role.ASSESSOR},
    "POST /permits/{permit}/extension": {Role.ASSESSOR},
    "POST /permits/{permit}/amendment": {Role.ASSESSOR},
    "GET /deletions": {SERVICE},
    "GET /releases/{permit}/deletions": {SERVICE},
    "POST /releases/{permit}/deletions": {SERVICE},
    "POST /releases/{permit}/deletions/everything": {SERVICE},
    "GET /releases/{permit}": RELEASE_READERS,
    "GET /releases/{permit}/archive": RELEASE_READERS,
    "GET /releases/{permit}/manifest": RELEASE_READERS,
    "GET /releases/{permit}/papers": RELEASE_READERS,
    "GET /releases/{permit}/papers/{name}": RELEASE_READERS,
    "GET /releases/{permit}/studies/{study_uid}/selection": RELEASE_READERS,
    "GET /releases/{permit}/studies": RELEASE_READERS,
    "GET /releases/{permit}/studies/{study_uid}": RELEASE_READERS,
    "GET /releases/{permit}/studies/{study_uid}/archive": RELEASE_READERS,
    "GET /releases/{permit}/studies/{study_uid}/series/{series_uid}/archive": RELEASE_READERS,
    "GET /releases/{permit}/instances/{sop_uid}": RELEASE_READERS,
    "GET /releases/{permit}/instances/{sop_uid}/preview": RELEASE_READERS,
}
ASKED = {
    "GET /audit/who-saw": "?study={study_uid}",
    "GET /audit/seen-by": "?person=anna",
}
"""What a route must be asked with."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
#: Of nobody: who may see applications is told that there is none.
APPLICATION = "app-0000000000000000"


def role_for(name: str) -> str:
    """Give a role by which one may go a way; researchers first."""
    roles = WHO_MAY[name]
    return Role.RESEARCHER if roles is ANYBODY or Role.RESEARCHER in roles else min(roles)


GUARDED = [name for name, roles in WHO_MAY.items() if roles is not ANYBODY]


def test_the_table_names_every_route(app: FastAPI) -> None:
    found = {f"{method} {route.path}" for route in app.routes for method in route.methods}
    assert found == set(WHO_MAY)


def test_every_route_declares_the_table_s_roles(app: FastAPI) -> None:
    declared: dict[str, Any] = {}
    for route in app.routes:
        services = {SERVICE} if route.services else set()
        for method in route.methods:
            who = ANYBODY if route.anyone else set(route.roles) | services
            declared[f"{method} {route.path}"] = who
    assert declared == WHO_MAY


def path_of(name: str, world: World) -> str:
    member = world.of(PERMIT_A)
    asked = ASKED.get(name, "").format(study_uid=member.study)
    return name.split()[1].format(**parts_of(member, PERMIT_A)) + asked


def parts_of(member: Member, permit: str) -> dict[str, str]:
    """Give what paths are made of: a permit, UIDs of a release, names that there are."""
    uids = {"study_uid": member.study, "series_uid": member.series, "sop_uid": member.sop}
    return {"permit": permit, "application": APPLICATION, "name": "terms.txt", **uids}


@pytest.mark.parametrize("name", GUARDED)
@pytest.mark.parametrize(
    "header",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer x.y.z"},
        {"Authorization": "Basic YW5uYTpwdw=="},
        {"Authorization": "bearer  "},
        {"Cookie": "token=x"},
    ],
)
def test_no_token_no_answer(
    client: TestClient, world: World, name: str, header: dict[str, str]
) -> None:
    answer = client.request(name.split(maxsplit=1)[0], path_of(name, world), headers=header)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:mammo:problem:unauthenticated"


def test_a_token_in_the_url_is_no_token(client: TestClient, issuer: Issuer) -> None:
    assert client.get(f"/studies?access_token={issuer.token(ANNA)}").status_code == 401


WORDS = [*Role, "pacs_admin:norr", "admin", "spe", "Researcher", ""]


@pytest.mark.parametrize(("name", "role"), list(product(GUARDED, WORDS)))
def test_only_the_table_s_roles(
    client: TestClient, world: World, bearer: Callable[..., Any], name: str, role: str
) -> None:
    method, header = name.split(maxsplit=1)[0], bearer(ANNA, role)
    answer = client.request(method, path_of(name, world), headers=header)
    if role not in WHO_MAY[name]:
        assert answer.status_code == 403, answer.text
        return
    # A change that says nothing is refused for that; an application of nobody's is not found.
    said = {200} if name.startswith("GET") and "{application}" not in name else {404, 422, 428}
    assert answer.status_code in said, answer.text


@pytest.mark.parametrize("name", GUARDED)
def test_where_services_may_go(
    client: TestClient, world: World, service: Callable[..., Any], name: str
) -> None:
    """This one is named by no permit, so that the most it is told is that there is none.

    Or that it has nothing to delete; and a change that says nothing is refused for that.
    """
    method = name.split(maxsplit=1)[0]
    answer = client.request(method, path_of(name, world), headers=service(OTHER_SPE))
    changes = "POST /releases/{permit}/deletions"
    told = {"GET /deletions": 200, changes: 422, f"{changes}/everything": 422}.get(name, 404)
    assert answer.status_code == (told if SERVICE in WHO_MAY[name] else 403), answer.text


@pytest.mark.parametrize(("one", "other"), list(combinations(Role, 2)))
def test_roles_that_are_kept_apart_open_nothing_together(
    client: TestClient, bearer: Callable[..., Any], log: io.StringIO, one: Role, other: Role
) -> None:
    words = [f"{role}:norr" if role is Role.PACS_ADMIN else role for role in (one, other)]
    answer = client.get("/studies", headers=bearer(ANNA, *words))
    apart = {one, other} in KEPT_APART or Role.AUDITOR in {one, other}
    may = not apart and {one, other} & WHO_MAY["GET /studies"]
    assert answer.status_code == (200 if may else 403)
    line = list(log_lines(log.getvalue()))[-1]
    assert (line["error"] == "RolesError") is apart
    assert not apart or line["reason"]


KEPT_APART: list[set[Role]] = [
    {Role.ASSESSOR, Role.DATA_PREPARER},
    {Role.ASSESSOR, Role.SPE_OPERATOR},
    {Role.DATA_PREPARER, Role.SPE_OPERATOR},
    {Role.ASSESSOR, Role.RESEARCHER},
]


def test_no_roles_at_all(client: TestClient, issuer: Issuer) -> None:
    token = issuer.sign(issuer.claims(ANNA))
    answer = client.get("/studies", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403


@pytest.mark.parametrize("name", WHO_MAY)
@pytest.mark.parametrize("method", METHODS)
def test_no_other_method(client: TestClient, world: World, name: str, method: str) -> None:
    path = name.split()[1]
    known = [one for one in METHODS if f"{one} {path}" in WHO_MAY]
    if "GET" in known:
        known.append("HEAD")
    if method not in known:
        answer = client.request(method, path_of(name, world))
        assert answer.status_code == 405
        assert set(answer.headers["allow"].split(", ")) <= {*known}


def nothing() -> None:
    """Do nothing."""


def test_a_route_without_roles_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="one access rule"):
        guarded_router(tag="x").get("/open")(nothing)


def test_a_route_with_two_rules_cannot_be_made() -> None:
    def both(a: Researcher, b: Searcher) -> None:
        """Do nothing."""

    with pytest.raises(TypeError, match="one access rule"):
        guarded_router(tag="x").get("/both")(both)
    with pytest.raises(TypeError, match="one access rule"):
        guarded_router(tag="x").get("/both", dependencies=[ANYONE, Depends(Allow(Role.OPERATOR))])(
            nothing
        )


def test_a_rule_needs_a_role() -> None:
    with pytest.raises(TypeError):
        Allow()


@pytest.mark.parametrize(
    "route",
    [Route("/x", nothing), WebSocketRoute("/x", nothing), Mount("/x", FastAPI())],
    ids=["route", "websocket", "mount"],
)
def test_nothing_comes_in_beside(route: Any) -> None:
    app = FastAPI(openapi_url=None)
    with pytest.raises(TypeError, match="GuardedRoute"):
        add_routes(app, APIRouter(routes=[route]))
