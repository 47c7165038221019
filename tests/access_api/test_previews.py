"""A preview is a picture of a woman: it is had as her image is, or not at all."""

import hashlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from starlette.testclient import TestClient

from catalog import audit, holds
from catalog.holds import HoldTarget
from catalog.vocabulary import HoldKind, HoldScope
from tests.access_api.world import (
    ANNA,
    BERTIL,
    EXPIRED,
    PERMIT_A,
    PERMIT_B,
    PERMIT_SPE,
    REVOKED,
    SPE,
    Member,
    World,
)

Bearer = Callable[..., dict[str, str]]


def url(member: Member, permit: str = PERMIT_A, size: object = 256) -> str:
    return f"/releases/{permit}/instances/{member.sop}/preview?size={size}"


def test_a_preview_is_a_picture(client: TestClient, world: World, bearer: Bearer) -> None:
    for size in (256, 512):
        answer = client.get(url(world.of(PERMIT_A), size=size), headers=bearer(ANNA))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-length"] == str(len(answer.content))
        picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
        assert picture.shape == (size, size // 2)


def test_the_smallest_is_given_unless_asked(
    client: TestClient, world: World, bearer: Bearer
) -> None:
    path = url(world.of(PERMIT_A))
    plain = client.get(path.removesuffix("?size=256"), headers=bearer(ANNA))
    assert plain.content == client.get(path, headers=bearer(ANNA)).content


def test_if_none_match(client: TestClient, world: World, bearer: Bearer) -> None:
    path = url(world.of(PERMIT_A))
    etag = client.get(path, headers=bearer(ANNA)).headers["etag"]
    answer = client.get(path, headers=bearer(ANNA) | {"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("size", [0, 255, 2048, "x", "256.5", ""])
def test_other_sizes_are_not_valid(
    client: TestClient, world: World, bearer: Bearer, size: object
) -> None:
    answer = client.get(url(world.of(PERMIT_A), size=size), headers=bearer(ANNA))
    assert answer.status_code == 422


def test_a_size_there_is_not_is_not_found(client: TestClient, world: World, bearer: Bearer) -> None:
    answer = client.get(url(world.of(PERMIT_A), size=1024), headers=bearer(ANNA))
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("permit", "of", "status"),
    [(PERMIT_B, PERMIT_B, 404), (PERMIT_A, PERMIT_B, 404), (EXPIRED, EXPIRED, 403)],
)
def test_only_under_a_permit_in_force_that_names_one(
    client: TestClient, world: World, bearer: Bearer, permit: str, of: str, status: int
) -> None:
    answer = client.get(url(world.of(of), permit), headers=bearer(ANNA))
    assert answer.status_code == status


def test_a_revoked_permit_shows_nothing(client: TestClient, world: World, bearer: Bearer) -> None:
    assert client.get(url(world.of(REVOKED), REVOKED), headers=bearer(ANNA)).status_code == 403


def test_pseudonymised_pictures_stay_in_the_secure_environment(
    client: TestClient, world: World, bearer: Bearer, service: Bearer
) -> None:
    path = url(world.of(PERMIT_SPE), PERMIT_SPE)
    assert client.get(path, headers=bearer(ANNA)).status_code == 403
    assert client.get(path, headers=service(SPE)).status_code == 200


def test_a_held_image_is_not_shown(client: TestClient, world: World, bearer: Bearer) -> None:
    path = url(world.of(PERMIT_B), PERMIT_B)
    assert client.get(path, headers=bearer(BERTIL)).status_code == 200
    sop = world.of(PERMIT_B).sop.replace("2.25.2000.", "2.25.")
    target = HoldTarget(HoldScope.INSTANCE, sop)
    number = holds.place(world.engine, HoldKind.RECALLED, target, reason="text", who="officer")
    try:
        assert client.get(path, headers=bearer(BERTIL)).status_code == 404
    finally:
        holds.lift(world.engine, number, who="officer")
    assert client.get(path, headers=bearer(BERTIL)).status_code == 200


def test_every_look_is_recorded(client: TestClient, world: World, bearer: Bearer) -> None:
    member = world.of(PERMIT_B)
    client.get(url(member, PERMIT_B), headers=bearer(BERTIL))
    client.get(url(member, PERMIT_B), headers=bearer(ANNA))
    lines = [
        line
        for line in audit.entries(world.engine, permit_id=PERMIT_B)
        if (line.action, line.object) == ("preview", member.sop)
    ]
    assert (lines[-2].actor, lines[-2].outcome) == (BERTIL, "ALLOWED")
    assert (lines[-1].actor, lines[-1].outcome) == (ANNA, "not-found")


def test_the_list_says_which_previews_there_are_and_what_the_pixels_tell(
    client: TestClient, world: World, bearer: Bearer
) -> None:
    member = world.of(PERMIT_A)
    path = f"/releases/{PERMIT_A}/studies/{member.study}"
    listed = client.get(path, headers=bearer(ANNA)).json()["instances"]
    shown = client.get(f"/releases/{PERMIT_A}/manifest", headers=bearer(ANNA)).json()["instances"]
    assert {one["sop_uid"] for one in listed} <= {one["sop_uid"] for one in shown}
    for one in (*listed, *shown):
        assert one["previews"] == [256, 512]
        assert (one["derived"], one["derived_from"]) == (False, None)
        assert one["pixel_facts"] == {
            "breast_area_mm2": 812.5,
            "breast_share": 0.25,
            "laterality": "L",
            "laterality_agrees": True,
            "saturated_share": 0.0,
            "flags": ["saturated"],
        }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("flag=saturated", True),
        ("flag=low+contrast", False),
        ("laterality_agrees=true", True),
        ("laterality_agrees=false", False),
    ],
)
def test_studies_are_found_by_what_the_pixels_tell(
    client: TestClient, bearer: Bearer, asked: str, *, found: bool
) -> None:
    studies = client.get(f"/studies?{asked}", headers=bearer(ANNA)).json()["studies"]
    assert bool(studies) is found
