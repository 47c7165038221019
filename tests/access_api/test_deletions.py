"""An environment asks what it must delete, and confirms it, in its own name only."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from catalog import audit, holds, permits
from catalog.holds import HoldTarget
from catalog.vocabulary import HoldKind, HoldScope, Tier
from tests.access_api.world import ANNA, OTHER_SPE, PERMIT_A, PERMIT_SPE, SPE, TODAY, World

Bearer = Callable[..., dict[str, str]]
WAY = f"/releases/{PERMIT_SPE}/deletions"
SAID: dict[str, Any] = {"deleted_at": "2026-11-22T08:00:00Z", "by": "Eva Ek"}


@pytest.fixture
def ended(world: World) -> str:
    """Release to the environment under a permit that ends at once."""
    name = f"permit-{uuid4().hex[:8]}"
    world.permit(name, SPE, tier=Tier.PSEUDO_SPE)
    world.release(name, "2.25.90000")
    world.members.pop(name)
    permits.revoke(world.engine, name, who="officer", reason="r")
    return name


@pytest.fixture
def held(world: World) -> Iterator[str]:
    """Recall one instance, and give its UID in the environment's release."""
    target = HoldTarget(HoldScope.INSTANCE, "2.25.91.1.1")
    number = holds.place(world.engine, HoldKind.RECALLED, target, reason="r", who="officer")
    yield next(one.sop for one in world.members[PERMIT_SPE] if one.sop.endswith("91.1.1"))
    holds.lift(world.engine, number, who="officer")


def test_it_is_listed_and_confirmed(
    client: TestClient, world: World, service: Bearer, held: str
) -> None:
    (due,) = client.get(WAY, headers=service(SPE)).json()["deletions"]
    assert (due["sop_uid"], due["proof"], due["when_replaced"]) == (held, False, False)
    (permit,) = [one for one in told(client, service) if one["permit"] == PERMIT_SPE]
    assert permit["due"] == 1
    body = SAID | {"sop_uids": [held]}
    for new in (1, 0):
        answer = client.post(WAY, json=body, headers=service(SPE))
        assert answer.json() == {"confirmed": new}, answer.text
    answer = client.get(WAY, headers=service(SPE))
    assert answer.json() == {"deletions": [], "next_after": None}
    lines = [(one.actor, one.action, one.outcome) for one in audit.entries(world.engine)]
    assert (SPE, "deleted", "1 deleted") in lines
    assert (SPE, "deletion.list", "ALLOWED") in lines


def test_all_of_an_ended_permit_is_told_and_confirmed(
    client: TestClient, world: World, service: Bearer, ended: str
) -> None:
    way = f"/releases/{ended}/deletions/everything"
    mine = [one for one in told(client, service) if one["permit"] == ended]
    assert [(one["due"], one["everything_confirmed"]) for one in mine] == [(0, None)]
    assert mine[0]["everything_by"] > str(TODAY)
    for wrong, status in (({}, 200), ({"deleted_at": "2099-01-01T00:00:00Z"}, 409)):
        answer = client.post(way, json=SAID | wrong, headers=service(SPE))
        assert answer.status_code == status, answer.text
    answer = client.post(way, json=SAID, headers=service(SPE))
    assert answer.json()["everything_confirmed"] is not None
    assert answer.json() in told(client, service)
    assert client.post(way, json=SAID, headers=service(OTHER_SPE)).status_code == 404
    lines = [(one.actor, one.permit_id, one.action) for one in audit.entries(world.engine)]
    assert lines.count((SPE, ended, "deleted")) == 2  # confirmed, and refused


def test_a_permit_in_force_is_not_to_be_deleted_as_a_whole(
    client: TestClient, service: Bearer, held: str
) -> None:
    way = f"/releases/{PERMIT_SPE}/deletions/everything"
    answer = client.post(way, json=SAID, headers=service(SPE))
    assert (answer.status_code, "has not ended" in answer.text) == (409, True)
    (permit,) = [one for one in told(client, service) if one["permit"] == PERMIT_SPE]
    assert permit["everything_by"] is None


def told(client: TestClient, service: Bearer) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = client.get("/deletions", headers=service(SPE)).json()
    return answer


def test_nobody_else_is_told(
    client: TestClient, service: Bearer, bearer: Bearer, held: str
) -> None:
    body = SAID | {"sop_uids": [held]}
    assert client.get(WAY, headers=bearer(ANNA)).status_code == 403
    assert client.get(WAY, headers=service(OTHER_SPE)).status_code == 404
    assert client.post(WAY, json=body, headers=service(OTHER_SPE)).status_code == 404
    assert client.get(f"/releases/{PERMIT_A}/deletions", headers=service(SPE)).status_code == 404
    assert client.get("/deletions", headers=service(OTHER_SPE)).json() == []


WRONG: dict[str, dict[str, Any]] = {
    "nothing": {"sop_uids": []},
    "no UID": {"sop_uids": ["195703129808x"]},
    "no zone": {"deleted_at": "2026-11-22T08:00:00"},
    "two lines": {"by": "Eva\nEk"},
    "no digest": {"proof_sha256": "x"},
    "more": {"reason": "asked"},
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_not_of_the_form_is_refused(
    client: TestClient, service: Bearer, held: str, what: str
) -> None:
    body = SAID | {"sop_uids": [held]} | WRONG[what]
    assert client.post(WAY, json=body, headers=service(SPE)).status_code == 422


def test_what_will_be_is_not_confirmed(client: TestClient, service: Bearer, held: str) -> None:
    body = SAID | {"sop_uids": [held], "deleted_at": "2099-01-01T00:00:00Z"}
    assert client.post(WAY, json=body, headers=service(SPE)).status_code == 409
