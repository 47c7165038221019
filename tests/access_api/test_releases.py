import hashlib
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from catalog import holds
from catalog.audit import Access, entries
from catalog.holds import HoldTarget
from catalog.vocabulary import HoldKind, HoldScope
from tests.access_api.world import (
    ANNA,
    BERTIL,
    EXPIRED,
    NOBODYS,
    PERMIT_A,
    PERMIT_B,
    PERMIT_SPE,
    REVOKED,
    SPE,
    UNREADY,
    Member,
    World,
)

Bearer = Callable[..., dict[str, str]]
UNKNOWN_UID = "2.25.123456789"


def release_paths(permit: str, member: Member) -> list[str]:
    base = f"/releases/{permit}"
    return [
        base,
        f"{base}/manifest",
        f"{base}/manifest?format=sha256sum",
        f"{base}/studies",
        f"{base}/studies/{member.study}",
        f"{base}/studies/{member.study}/archive",
        f"{base}/instances/{member.sop}",
    ]


def logged(world: World, permit: str) -> list[Access]:
    return list(entries(world.engine, permit_id=permit))


def test_summary(client: TestClient, bearer: Bearer) -> None:
    body = client.get(f"/releases/{PERMIT_A}", headers=bearer(ANNA)).json()
    assert body["permit"] == PERMIT_A
    assert body["tier"] == "ANON_DOWNLOAD"
    assert body["release"] == 1
    assert body["sealed_at"].endswith("Z")
    manifest = client.get(f"/releases/{PERMIT_A}/manifest", headers=bearer(ANNA)).json()
    listed = manifest["instances"]
    assert body["studies"] == len({one["study_uid"] for one in listed})
    assert (body["instances"], body["size"]) == (len(listed), sum(one["size"] for one in listed))


def test_a_release_that_is_not_ready(client: TestClient, world: World, bearer: Bearer) -> None:
    answer = client.get(f"/releases/{UNREADY}", headers=bearer(ANNA))
    assert answer.json()["release"] is None
    assert answer.json()["instances"] is None
    for path in release_paths(UNREADY, world.of(PERMIT_A))[1:]:
        assert client.get(path, headers=bearer(ANNA)).status_code == 404


def test_manifest(client: TestClient, world: World, bearer: Bearer) -> None:
    body = client.get(f"/releases/{PERMIT_A}/manifest", headers=bearer(ANNA)).json()
    members = world.members[PERMIT_A]
    assert body["permit"] == PERMIT_A
    assert {(one["path"], one["size"], one["sha256"]) for one in body["instances"]} == {
        (member.path, len(member.data), member.sha256) for member in members
    }
    assert set(body["instances"][0]) == {
        *("path", "size", "sha256", "study_uid", "series_uid", "sop_uid"),
        *("sop_class_uid", "transfer_syntax", "modality"),
        *("previews", "derived", "derived_from", "pixel_facts"),
    }


def test_sha256sum_can_check_what_was_downloaded(
    client: TestClient, world: World, bearer: Bearer, tmp_path: Path
) -> None:
    head = bearer(ANNA)
    sums = client.get(f"/releases/{PERMIT_A}/manifest?format=sha256sum", headers=head)
    assert sums.headers["content-type"] == "text/plain; charset=utf-8"
    (tmp_path / "SHA256SUMS").write_bytes(sums.content)
    for member in world.members[PERMIT_A]:
        target = tmp_path / member.path
        target.parent.mkdir(parents=True, exist_ok=True)
        path = f"/releases/{PERMIT_A}/instances/{member.sop}"
        target.write_bytes(client.get(path, headers=head).content)
    check = subprocess.run(
        ["/usr/bin/sha256sum", "--strict", "-c", "SHA256SUMS"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert check.returncode == 0, check.stderr
    assert check.stdout.count(": OK") == len(world.members[PERMIT_A])


def test_studies_page_by_page(client: TestClient, world: World, bearer: Bearer) -> None:
    seen: list[dict[str, Any]] = []
    path = f"/releases/{PERMIT_A}/studies?limit=1"
    cursor: str | None = ""
    while cursor is not None:
        page = client.get(path + (f"&cursor={cursor}" if cursor else ""), headers=bearer(ANNA))
        seen += page.json()["studies"]
        cursor = page.json()["next_cursor"]
    assert [study["study_uid"] for study in seen] == sorted(
        {member.study for member in world.members[PERMIT_A]}
    )
    assert sum(study["size"] for study in seen) == sum(
        len(member.data) for member in world.members[PERMIT_A]
    )
    assert sum(study["instances"] for study in seen) == len(world.members[PERMIT_A])


def test_instances_of_a_study(client: TestClient, world: World, bearer: Bearer) -> None:
    study = world.of(PERMIT_A).study
    body = client.get(f"/releases/{PERMIT_A}/studies/{study}", headers=bearer(ANNA)).json()
    assert body["study_uid"] == study
    assert {one["sha256"] for one in body["instances"]} == {
        member.sha256 for member in world.members[PERMIT_A] if member.study == study
    }


REFUSED = {
    "somebody else's permit": (PERMIT_B, ANNA),
    "my permit, somebody else": (PERMIT_A, BERTIL),
    "unknown permit": ("PERMIT-X", ANNA),
    "a permit that names nobody": (NOBODYS, ANNA),
    "not quite the person": (PERMIT_A, "Anna"),
    "nearly the person": (PERMIT_A, "anna "),
}


@pytest.mark.parametrize("named", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("role", ["researcher", "spe"])
def test_all_that_is_not_yours_is_the_same_404(
    client: TestClient, world: World, bearer: Bearer, named: tuple[str, str], role: str
) -> None:
    permit, who = named
    never = client.get("/releases/NO-SUCH-PERMIT", headers=bearer(ANNA))
    for member in (world.of(PERMIT_A), world.of(PERMIT_B)):
        for path in release_paths(permit, member):
            answer = client.get(path, headers=bearer(who, role))
            assert (answer.status_code, answer.content) == (404, never.content)


@pytest.mark.parametrize("owner", [PERMIT_B, PERMIT_SPE, EXPIRED])
def test_uids_of_another_permit_are_unknown(
    client: TestClient, world: World, bearer: Bearer, owner: str
) -> None:
    """The same images lie in both releases: only under this permit's UIDs can they be had."""
    never = client.get(f"/releases/{PERMIT_A}/instances/{UNKNOWN_UID}", headers=bearer(ANNA))
    for member in world.members[owner]:
        for path in release_paths(PERMIT_A, member)[4:]:
            answer = client.get(path, headers=bearer(ANNA))
            assert (answer.status_code, answer.content) == (404, never.content)


def test_uids_of_the_space_are_unknown(client: TestClient, bearer: Bearer) -> None:
    for path in ("studies/2.25.91", "studies/2.25.91/archive", "instances/2.25.91.1.1"):
        answer = client.get(f"/releases/{PERMIT_A}/{path}", headers=bearer(ANNA))
        assert answer.status_code == 404


def test_uids_of_permits_do_not_meet(world: World) -> None:
    uids = [
        {uid for one in members for uid in (one.study, one.series, one.sop)}
        for members in world.members.values()
    ]
    assert len(set.union(*uids)) == sum(len(some) for some in uids)


@pytest.mark.parametrize("permit", [EXPIRED, REVOKED])
def test_a_permit_not_in_force(
    client: TestClient, world: World, bearer: Bearer, permit: str
) -> None:
    for path in release_paths(permit, world.of(permit)):
        answer = client.get(path, headers=bearer(ANNA))
        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:mammo:problem:permit-not-in-force"


def test_pseudonymised_data_is_not_for_a_researcher(
    client: TestClient, world: World, bearer: Bearer
) -> None:
    summary, *rest = release_paths(PERMIT_SPE, world.of(PERMIT_SPE))
    assert client.get(summary, headers=bearer(ANNA)).status_code == 200
    for path in rest:
        answer = client.get(path, headers=bearer(ANNA))
        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:mammo:problem:forbidden"
        assert client.get(path, headers=bearer(SPE, "spe")).status_code == 200
        assert client.get(path, headers=bearer("spe-other", "spe")).status_code == 404


HELD = {
    "instance": HoldTarget(HoldScope.INSTANCE, "2.25.91.1.2"),
    "study": HoldTarget(HoldScope.STUDY, "2.25.91"),
    "subject": HoldTarget(HoldScope.SUBJECT, "subject-1"),
}


@pytest.mark.parametrize("target", HELD.values(), ids=HELD.keys())
def test_a_hold_stops_everything_at_once_and_silently(
    client: TestClient, world: World, bearer: Bearer, target: HoldTarget
) -> None:
    head = bearer(ANNA)
    member = next(one for one in world.members[PERMIT_A] if one.sop.endswith(".1.2"))
    path = f"/releases/{PERMIT_A}/instances/{member.sop}"
    assert client.get(path, headers=head).status_code == 200
    number = holds.place(world.engine, HoldKind.RECALLED, target, reason="x", who="operator")
    try:
        answer = client.get(path, headers=head)
        unknown = client.get(f"/releases/{PERMIT_A}/instances/{UNKNOWN_UID}", headers=head)
        assert (answer.status_code, answer.content) == (404, unknown.content)
        assert client.get(path, headers=head | {"Range": "bytes=0-9"}).status_code == 404
        etag = {"If-None-Match": f'"{member.sha256}"'}
        assert client.get(path, headers=head | etag).status_code == 404
        for listing in release_paths(PERMIT_A, member)[1:6]:
            assert member.sop.encode() not in client.get(listing, headers=head).content
    finally:
        holds.lift(world.engine, number, who="operator")
    assert client.get(path, headers=head).status_code == 200


def test_every_access_is_in_the_audit_log(client: TestClient, world: World, bearer: Bearer) -> None:
    member = world.of(PERMIT_B)
    before = len(logged(world, PERMIT_B))
    for path in release_paths(PERMIT_B, member)[1:]:
        client.get(path, headers=bearer(BERTIL))
    client.get(release_paths(PERMIT_B, member)[-1], headers=bearer(ANNA))
    client.get(f"/releases/{PERMIT_B}/instances/{UNKNOWN_UID}", headers=bearer(BERTIL))
    found = [(e.actor, e.action, e.object, e.outcome) for e in logged(world, PERMIT_B)[before:]]
    assert found == [
        (BERTIL, "manifest", "manifest", "ALLOWED"),
        (BERTIL, "manifest", "manifest", "ALLOWED"),
        (BERTIL, "list", "studies", "ALLOWED"),
        (BERTIL, "list", member.study, "ALLOWED"),
        (BERTIL, "archive", member.study, "ALLOWED"),
        (BERTIL, "download", member.sop, "ALLOWED"),
        (ANNA, "download", member.sop, "not-found"),
        (BERTIL, "download", UNKNOWN_UID, "not-found"),
    ]


def test_an_archive_holds_the_very_files(client: TestClient, world: World, bearer: Bearer) -> None:
    import zipfile

    member = world.of(PERMIT_A)
    path = f"/releases/{PERMIT_A}/studies/{member.study}/archive"
    answer = client.get(path, headers=bearer(ANNA))
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="{member.study}.zip"'
    assert answer.headers["content-length"] == str(len(answer.content))
    assert client.get(path, headers=bearer(ANNA)).content == answer.content
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert {
            i.filename: hashlib.sha256(archive.read(i)).hexdigest() for i in archive.filelist
        } == {one.path: one.sha256 for one in world.members[PERMIT_A] if one.study == member.study}
        assert {info.compress_type for info in archive.filelist} == {zipfile.ZIP_STORED}
        assert {info.date_time for info in archive.filelist} == {(1980, 1, 1, 0, 0, 0)}


def test_a_manifest_is_json_even_when_everything_is_held(
    client: TestClient, world: World, bearer: Bearer
) -> None:
    numbers = [
        holds.place(
            world.engine,
            HoldKind.RECALLED,
            HoldTarget(HoldScope.STUDY, f"2.25.9{study}"),
            reason="x",
            who="operator",
        )
        for study in (1, 2, 3)
    ]
    try:
        answer = client.get(f"/releases/{PERMIT_A}/manifest", headers=bearer(ANNA))
        assert json.loads(answer.content) == {"permit": PERMIT_A, "instances": []}
        sums = client.get(f"/releases/{PERMIT_A}/manifest?format=sha256sum", headers=bearer(ANNA))
        assert (sums.status_code, sums.content) == (200, b"")
    finally:
        for number in numbers:
            holds.lift(world.engine, number, who="operator")
