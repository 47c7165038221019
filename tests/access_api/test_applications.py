"""Applications and permits over HTTP: to each what is hers, and nothing is written over."""

import io

import pytest
from starlette.testclient import TestClient

from catalog import audit
from tests.access_api.applying import (
    CANARY,
    GRANT,
    NAMED,
    REFUSE,
    Bearer,
    Person,
    person,
    processed,
    written,
)
from tests.access_api.world import World


@pytest.fixture
def applicant(client: TestClient, bearer: Bearer) -> Person:
    return person(client, bearer)


@pytest.fixture
def assessor(client: TestClient, bearer: Bearer) -> Person:
    return person(client, bearer, "assessor")


@pytest.fixture
def stranger(client: TestClient, bearer: Bearer) -> Person:
    return person(client, bearer)


def test_from_a_draft_to_a_permit_and_its_end(
    client: TestClient, bearer: Bearer, applicant: Person, assessor: Person
) -> None:
    drafted = applicant.draft(ethics=None)
    assert drafted["gaps"] == [{"clause": "67(2)(j)", "field": "ethics"}]
    path = f"/applications/{drafted['id']}"
    lacking = applicant.ask("POST", f"{path}/submission", version=1)
    assert lacking.status_code == 422
    assert lacking.json()["gaps"] == drafted["gaps"]
    edited = applicant.ask("PUT", path, written(), version=1).json()
    assert (edited["version"], edited["gaps"]) == (2, [])
    found = applicant.does(edited, "submission")
    for event in ("screen", "process"):
        found = assessor.does(found, "steps", {"event": event})
    decided = assessor.does(found, "decision", GRANT)
    assert (decided["state"], decided["verdict"]) == ("DECISION_ISSUED", "GRANTED")

    permit = f"/permits/{decided['permit']}"
    named = person(client, bearer, name=NAMED)
    for who in (applicant, named, assessor):
        told = who.ask("GET", permit).json()
        assert (told["state"], told["in_force"]) == ("GRANTED", True)
        assert told["content"]["persons"][0]["subject"] == NAMED
        assert told["application"] == drafted["id"]
        assert decided["permit"] in [one["id"] for one in who.ask("GET", "/permits").json()]
    ended = assessor.ask("POST", f"{permit}/revocation", {"reason": "Article 63"})
    assert (ended.json()["state"], ended.json()["in_force"]) == ("REVOKED", False)
    assert assessor.ask("POST", f"{permit}/revocation", {"reason": "again"}).status_code == 200
    assert named.ask("GET", permit).json()["in_force"] is False


def test_a_refusal_has_its_reasons(applicant: Person, assessor: Person) -> None:
    decided = assessor.does(processed(applicant, assessor), "decision", REFUSE)
    told = applicant.ask("GET", f"/applications/{decided['id']}").json()
    assert (told["verdict"], told["permit"]) == ("REFUSED", None)
    assert told["events"][-1]["reason"] == REFUSE["justification"]
    assert {one["who"] for one in told["events"]} == {None}
    assert {one["by"] for one in told["events"]} == {"applicant", "assessor"}
    assert decided["events"][-1]["who"] == assessor.name


def test_what_is_somebody_else_s_is_not_there(
    applicant: Person, stranger: Person, assessor: Person
) -> None:
    drafted = applicant.draft()
    nowhere = "app-ffffffffffffffff"
    found = processed(applicant, assessor)
    permit = assessor.does(found, "decision", GRANT)["permit"]
    for method, tail, told in (
        ("GET", "", None),
        ("PUT", "", written()),
        ("POST", "/submission", None),
        ("POST", "/withdrawal", None),
    ):
        answers = [
            stranger.ask(method, f"/applications/{key}{tail}", told, version=1)
            for key in (drafted["id"], found["id"], nowhere)
        ]
        assert {one.status_code for one in answers} == {404}
        assert len({one.text for one in answers}) == 1
    assert stranger.ask("GET", "/applications").json() == []
    assert stranger.ask("GET", f"/applications?before={drafted['id']}").status_code == 422
    answers = [stranger.ask("GET", f"/permits/{one}") for one in (permit, "permit-unknown")]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].text == answers[1].text
    assert assessor.ask("GET", f"/applications/{drafted['id']}").status_code == 404
    step = {"event": "screen"}
    hidden = assessor.ask("POST", f"/applications/{drafted['id']}/steps", step, version=1)
    assert hidden.status_code == 404


@pytest.mark.parametrize(
    ("tag", "status", "name"),
    [
        (None, 428, "precondition-required"),
        ('"2"', 412, "changed"),
        ("*", 412, "changed"),
        ('W/"1"', 412, "changed"),
        ('"1", "2"', 412, "changed"),
        ("1", 412, "changed"),
        ('"99999999999999999999"', 412, "changed"),
        ('"' + "1" * 70 + '"', 422, "invalid-request"),
    ],
)
def test_a_change_names_the_version_that_was_read(
    client: TestClient, applicant: Person, tag: str | None, status: int, name: str
) -> None:
    drafted = applicant.draft()
    header = applicant.header | ({"If-Match": tag} if tag else {})
    path = f"/applications/{drafted['id']}"
    answers = [
        client.put(path, json=written(), headers=header),
        client.post(f"{path}/submission", headers=header),
        client.post(f"{path}/withdrawal", headers=header),
    ]
    assert {(one.status_code, one.json()["type"]) for one in answers} == {
        (status, f"urn:mammo:problem:{name}")
    }
    assert applicant.ask("GET", path).headers["etag"] == '"1"'


def test_nobody_decides_on_what_names_her(client: TestClient, bearer: Bearer) -> None:
    applicant = person(client, bearer)
    assessor = person(client, bearer, "assessor")
    found = processed(applicant, assessor)
    path = f"/applications/{found['id']}/decision"
    for name in (NAMED, applicant.name):
        named = person(client, bearer, "assessor", name=name)
        answer = named.ask("POST", path, GRANT, version=found["version"])
        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:mammo:problem:conflict-of-interest"
    assert assessor.does(found, "decision", REFUSE)["verdict"] == "REFUSED"


def test_a_step_that_cannot_be_is_a_conflict_with_its_reason(
    applicant: Person, assessor: Person
) -> None:
    submitted = applicant.does(applicant.draft(), "submission")
    path = f"/applications/{submitted['id']}"
    early = assessor.ask("POST", f"{path}/decision", GRANT, submitted["version"])
    assert (early.status_code, early.json()["detail"]) == (
        409,
        "it takes no such step as it stands",
    )
    found = assessor.does(submitted, "steps", {"event": "screen"})
    silent = assessor.ask("POST", f"{path}/steps", {"event": "ask"}, found["version"])
    assert (silent.status_code, silent.json()["detail"]) == (409, "say why")
    long = GRANT | {"terms": {"valid_from": "2026-01-01", "valid_until": "2036-01-01"}}
    found = assessor.does(found, "steps", {"event": "process"})
    answer = assessor.ask("POST", f"{path}/decision", long, found["version"])
    assert answer.json()["detail"] == "a permit lasts ten years at most"


BODIES: tuple[tuple[bytes, str], ...] = (
    (b"", "json_invalid"),
    (b"{", "json_invalid"),
    (b'{"title": "%s", "title": 7}' % CANARY.encode(), "string_type"),
    (b"[" * 100_000, "json_invalid"),
    (b'["%s"]' % CANARY.encode(), "model_type"),
    (b'{"title": "\\ud800"}', "json_invalid"),
    (b'{"title": "a\\u0000%s"}' % CANARY.encode(), "string_pattern_mismatch"),
    (b'{"title": "t", "%s": 1}' % CANARY.encode(), "unknown parameter"),
    (b'{"title": "t", "purposes": ["%s"]}' % CANARY.encode(), "enum"),
    (b'{"title": "t", "applicant": {"%s": 1}}' % CANARY.encode(), "unknown parameter"),
    (b'{"title": "\xff"}', "json_invalid"),
    (b'{"title": "t", "period": {"months": 1e400}}', "finite_number"),
)


@pytest.mark.parametrize(("body", "reason"), BODIES, ids=range(len(BODIES)))
def test_a_body_that_is_not_valid_is_refused_and_not_repeated(
    client: TestClient, applicant: Person, body: bytes, reason: str
) -> None:
    answer = client.post("/applications", content=body, headers=applicant.header)
    assert answer.status_code == 422, answer.text
    told = answer.json()["errors"]
    assert reason in [one["reason"] for one in told], told
    assert CANARY not in answer.text
    assert CANARY not in str(answer.headers)


def test_a_body_is_bounded_and_read_for_nobody_unknown(
    client: TestClient, applicant: Person
) -> None:
    chunked = (b" " * 65536 for _ in range(100))
    answer = client.post("/applications", content=chunked, headers=applicant.header)
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:mammo:problem:too-large")
    assert client.post("/applications", content=b" " * 10**6).status_code == 401
    largest = written(
        **dict.fromkeys(("intended_use", "expected_benefit", "safeguards", "tools"), "å" * 10_000)
    )
    assert applicant.ask("POST", "/applications", largest).status_code == 201


def test_what_was_written_is_in_no_log_and_each_access_is_recorded(
    world: World, log: io.StringIO, applicant: Person, assessor: Person, stranger: Person
) -> None:
    found = processed(applicant, assessor)
    path = f"/applications/{found['id']}"
    stranger.ask("GET", path)
    assessor.ask("GET", path)
    stranger.ask("PUT", path, written(), version=1)
    assert CANARY in assessor.ask("GET", path).text
    lines = [
        one for one in audit.entries(world.engine) if one.object == f"application:{found['id']}"
    ]
    assert [(one.actor, one.action, one.outcome) for one in lines] == [
        (applicant.name, "application.edit", "DRAFT"),
        (applicant.name, "application.submit", "SUBMITTED"),
        (assessor.name, "application.screen", "PRE_SCREENING"),
        (assessor.name, "application.process", "PROCESSING"),
        (stranger.name, "application.read", "not-found"),
        (assessor.name, "application.read", "ALLOWED"),
        (stranger.name, "application.edit", "not-found"),
        (assessor.name, "application.read", "ALLOWED"),
    ]
    assert CANARY not in log.getvalue() + repr(lines)
    assert found["id"] not in log.getvalue()


def test_a_reading_is_one_line(world: World, stranger: Person) -> None:
    for path in ("/applications", "/permits", "/applications/app-0000000000000000", "/permits/x"):
        stranger.ask("GET", path)
    lines = [one for one in audit.entries(world.engine) if one.actor == stranger.name]
    assert [(one.action, one.outcome) for one in lines] == [
        ("application.list", "ALLOWED"),
        ("permit.list", "ALLOWED"),
        ("application.read", "not-found"),
        ("permit.read", "not-found"),
    ]


def test_the_form_is_published(applicant: Person) -> None:
    told = applicant.ask("GET", "/application-schema").json()
    assert told["$id"] == "urn:mammo:application:1"
    assert any(one["clause"] == "53(2)" for one in told["x-required-to-submit"])


def test_bodies_are_described_with_their_parts_written_out(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path, method in (
        ("/applications", "post"),
        ("/applications/{application}/decision", "post"),
    ):
        body = paths[path][method]["requestBody"]["content"]["application/json"]["schema"]
        assert "$ref" not in str(body)
        assert body["additionalProperties"] is False
