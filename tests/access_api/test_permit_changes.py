"""Permits over HTTP: extended and amended by an assessor, and what tier they are served in."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from catalog import audit
from tests.access_api.applying import GRANT, NAMED, Bearer, Person, person, processed
from tests.access_api.world import PERMIT_A, World

PERMIT = dict[str, Any]
MORE = {"subject": "cecilia", "name": "Cecilia C", "function": "Statistician"}


@pytest.fixture
def applicant(client: TestClient, bearer: Bearer) -> Person:
    return person(client, bearer)


@pytest.fixture
def assessor(client: TestClient, bearer: Bearer) -> Person:
    return person(client, bearer, "assessor")


@pytest.fixture
def permit(applicant: Person, assessor: Person) -> str:
    decided = assessor.does(processed(applicant, assessor), "decision", GRANT)
    return f"/permits/{decided['permit']}"


def test_an_extension_is_a_new_permit_once(permit: str, assessor: Person, world: World) -> None:
    told = {"until": "2045-12-31", "reason": "As asked for."}
    made = assessor.ask("POST", f"{permit}/extension", told)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/permits/{made.json()['id']}"
    assert (made.json()["valid_from"], made.json()["in_force"]) == ("2036-01-01", False)
    assert made.json()["events"][-1]["reason"] == told["reason"]
    assert assessor.ask("GET", permit).json()["superseded_by"] == made.json()["id"]
    for path in (permit, made.headers["location"]):
        again = assessor.ask("POST", f"{path}/extension", told | {"until": "2050-12-31"})
        assert (again.status_code, again.json()["type"]) == (409, "urn:mammo:problem:no-such-step")
    assert list(audit.entries(world.engine))[-1].outcome == "no-such-step"


@pytest.mark.parametrize("until", ["2046-01-01", "2035-12-31", "9999-12-31"])
def test_an_extension_that_may_not_be(permit: str, assessor: Person, until: str) -> None:
    told = {"until": until, "reason": "x"}
    assert assessor.ask("POST", f"{permit}/extension", told).status_code == 409


def test_an_amendment_changes_what_it_names(permit: str, assessor: Person) -> None:
    old = assessor.ask("GET", permit).json()
    persons = [*old["content"]["persons"], MORE]
    told = {"reason": "Joined.", "persons": persons, "valid_until": "2030-12-31"}
    made = assessor.ask("POST", f"{permit}/amendment", told)
    assert made.status_code == 201, made.text
    new = made.json()
    assert [one["subject"] for one in new["content"]["persons"]][-1] == "cecilia"
    assert (new["valid_until"], new["in_force"]) == ("2030-12-31", True)
    same = ("title", "data", "tier", "purposes", "environments", "conditions", "tools")
    assert {key: new["content"][key] for key in same} == {key: old["content"][key] for key in same}
    assert assessor.ask("GET", permit).json()["in_force"] is False
    assert assessor.ask("POST", f"{permit}/amendment", told).status_code == 409


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"valid_until": "2036-01-01"}, 409),  # longer than the old one
        ({"valid_until": "2020-01-01"}, 409),  # ends before it begins
        ({"valid_from": "2026-01-02"}, 409),  # over already
        ({"persons": [MORE]}, 409),  # nobody leads
        ({"persons": [MORE | {"lead": True}] * 2}, 409),
        ({"environments": ["anna"]}, 422),
        ({"valid_until": "9999-12-31"}, 409),
        ({"tier": "ANON_DOWNLOAD"}, 422),
        ({"reason": " "}, 422),
    ],
)
def test_an_amendment_that_may_not_be(
    permit: str, assessor: Person, changes: dict[str, Any], status: int
) -> None:
    answer = assessor.ask("POST", f"{permit}/amendment", {"reason": "x"} | changes)
    assert answer.status_code == status, answer.text
    assert assessor.ask("GET", permit).json()["superseded_by"] is None


@pytest.mark.parametrize(
    ("way", "told"),
    [("extension", {"until": "2040-12-31", "reason": "x"}), ("amendment", {"reason": "x"})],
)
def test_nobody_changes_what_names_her(
    client: TestClient, bearer: Bearer, permit: str, way: str, told: PERMIT
) -> None:
    named = person(client, bearer, "assessor", name=NAMED)
    assert named.ask("POST", f"{permit}/{way}", told).status_code == 403
    nowhere = named.ask("POST", f"/permits/permit-none/{way}", told)
    assert nowhere.status_code == 404


def test_a_permit_of_development_is_not_changed(assessor: Person) -> None:
    told = {"until": "2040-12-31", "reason": "x"}
    assert assessor.ask("POST", f"/permits/{PERMIT_A}/extension", told).status_code == 409
    assert (
        assessor.ask("POST", f"/permits/{PERMIT_A}/amendment", {"reason": "x"}).status_code == 409
    )


def test_what_is_not_assessed_is_told_to_be_served_as_pseudonymised(
    applicant: Person, assessor: Person
) -> None:
    terms = GRANT["terms"] | {"tier": "ANON_DOWNLOAD"}  # type: ignore[operator]
    found = processed(applicant, assessor)
    key = assessor.does(found, "decision", GRANT | {"terms": terms})["permit"]
    one = applicant.ask("GET", f"/permits/{key}").json()
    assert (one["tier"], one["tier_in_force"]) == ("ANON_DOWNLOAD", "PSEUDO_SPE")
    listed = {each["id"]: each for each in assessor.ask("GET", "/permits?limit=200").json()}
    assert listed[key]["tier_in_force"] == "PSEUDO_SPE"
    assert listed[PERMIT_A]["tier_in_force"] == listed[PERMIT_A]["tier"] == "ANON_DOWNLOAD"
