"""A release's papers: for whom the release is, and never of what is held."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pyarrow.parquet
import pydicom
import pytest
from starlette.testclient import TestClient

from catalog import holds, releases
from catalog.audit import entries
from catalog.holds import HoldTarget
from catalog.releases import Paper
from catalog.releases.columns import COLUMNS
from catalog.vocabulary import Finding, HoldKind, HoldScope
from tests.access_api.world import (
    ANNA,
    BERTIL,
    EXPIRED,
    PERMIT_A,
    PERMIT_B,
    PERMIT_SPE,
    REVOKED,
    SPE,
    UNREADY,
    World,
)

Bearer = Callable[..., dict[str, str]]
BASE = f"/releases/{PERMIT_A}/papers"
TABLES = ("metadata.csv", "metadata.parquet", "dictionary.json", "dictionary.csv")
NAMES = (*TABLES, "release.json", "changes.csv", "terms.txt")


@pytest.fixture
def held(world: World) -> Iterator[str]:
    """Hold one object of a study; give its UID in the release."""
    member = next(one for one in world.members[PERMIT_A] if one.sop.endswith(".1.2"))
    target = HoldTarget(HoldScope.INSTANCE, "2.25.91.1.2")
    number = holds.place(world.engine, HoldKind.WITHDRAWN, target, reason="x", who="operator")
    yield member.sop
    holds.lift(world.engine, number, who="operator")


def table(client: TestClient, head: dict[str, str]) -> list[dict[str, str]]:
    answer = client.get(f"{BASE}/metadata.csv", headers=head)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text)))


def parquet_of(client: TestClient, head: dict[str, str]) -> list[dict[str, object]]:
    data = client.get(f"{BASE}/metadata.parquet", headers=head).content
    found: list[dict[str, object]] = pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist()
    return found


def test_every_paper_that_is_listed_can_be_read(client: TestClient, bearer: Bearer) -> None:
    head = bearer(ANNA)
    listed = client.get(BASE, headers=head).json()
    assert listed["release"] == 1
    assert {one["name"] for one in listed["papers"]} == {*NAMES, "citation.txt", "CITATION.cff"}
    kinds = {one["name"]: one["media_type"] for one in listed["papers"]}
    for name in NAMES:
        answer = client.get(f"{BASE}/{name}", headers=head)
        assert (answer.status_code, answer.headers["content-type"]) == (200, kinds[name])
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        etag = answer.headers["etag"]
        again = client.get(f"{BASE}/{name}", headers=head | {"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")
    assert client.get(f"{BASE}/terms.txt", headers=head).text == f"Terms of {PERMIT_A}\n"


def test_both_tables_tell_the_same_and_the_dictionary_explains_each_column(
    client: TestClient, world: World, bearer: Bearer
) -> None:
    head = bearer(ANNA)
    rows, same = table(client, head), parquet_of(client, head)
    names = [column.name for column in COLUMNS]
    assert list(rows[0]) == list(same[0]) == names
    members = {one.sop: one for one in world.members[PERMIT_A]}
    assert {row["sop_uid"]: row["sha256"] for row in rows} == {
        uid: one.sha256 for uid, one in members.items()
    }
    for row, other in zip(rows, same, strict=True):
        assert row["size"] == str(other["size"]) == str(len(members[row["sop_uid"]].data))
        assert {name for name in names if row[name] == ""} == {
            name for name in names if other[name] is None
        }
        assert (row["view"], row["laterality_agrees"]) == (other["view"], "true")
    told = json.loads(client.get(f"{BASE}/dictionary.json", headers=head).content)
    assert [one["name"] for one in told["columns"]] == names
    assert all(one["meaning"] for one in told["columns"])


def test_no_paper_tells_of_what_is_held(
    client: TestClient, world: World, bearer: Bearer, held: str
) -> None:
    head = bearer(ANNA)
    for name in NAMES:
        assert held.encode() not in client.get(f"{BASE}/{name}", headers=head).content
    assert held not in {row["sop_uid"] for row in parquet_of(client, head)}
    assert len(table(client, head)) == len(world.members[PERMIT_A]) - 1
    told = client.get(f"{BASE}/release.json", headers=head).json()
    assert told["instances"] == len(world.members[PERMIT_A]) - 1


def test_a_hold_makes_another_table(client: TestClient, world: World, bearer: Bearer) -> None:
    head = bearer(ANNA)
    before = client.get(f"{BASE}/metadata.csv", headers=head).headers["etag"]
    target = HoldTarget(HoldScope.INSTANCE, "2.25.91.1.2")
    number = holds.place(world.engine, HoldKind.RECALLED, target, reason="x", who="operator")
    answer = client.get(f"{BASE}/metadata.csv", headers=head | {"If-None-Match": before})
    holds.lift(world.engine, number, who="operator")
    assert (answer.status_code, answer.headers["etag"] != before) == (200, True)
    again = client.get(f"{BASE}/metadata.csv", headers=head | {"If-None-Match": before})
    assert again.status_code == 304


def selection(client: TestClient, world: World, head: dict[str, str], sop: str) -> bytes:
    study = next(one.study for one in world.members[PERMIT_A] if one.sop == sop)
    answer = client.get(f"/releases/{PERMIT_A}/studies/{study}/selection", headers=head)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/dicom")
    return answer.content


def test_a_selection_lists_what_may_be_served(
    client: TestClient, world: World, bearer: Bearer, held: str
) -> None:
    shown = selection(client, world, bearer(ANNA), held)
    document = pydicom.dcmread(io.BytesIO(shown))
    study = {one.sop for one in world.members[PERMIT_A] if one.study == document.StudyInstanceUID}
    listed = {
        item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        for item in document.ContentSequence
        if "ReferencedSOPSequence" in item
    }
    assert listed == study - {held}
    assert held.encode() not in shown


def test_a_selection_that_an_erasure_wrote_anew_meanwhile_is_found(
    client: TestClient, world: World, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sop = world.members[PERMIT_A][0].sop
    whole, look_up, early = selection(client, world, bearer(ANNA), sop), releases.selection, [1]

    def looked_up(*of: Any, **words: Any) -> tuple[Paper, frozenset[str]]:
        found, free = look_up(*of, **words)
        return replace(found, key="gone" if early and early.pop() else found.key), free

    monkeypatch.setattr(releases, "selection", looked_up)
    assert selection(client, world, bearer(ANNA), sop) == whole
    assert not early


def test_papers_are_for_whom_the_release_is(
    client: TestClient, bearer: Bearer, service: Bearer
) -> None:
    never = client.get("/releases/NO-SUCH-PERMIT", headers=bearer(ANNA)).content
    for name in NAMES:
        for permit, who in ((PERMIT_A, BERTIL), (PERMIT_B, ANNA), (UNREADY, ANNA)):
            answer = client.get(f"/releases/{permit}/papers/{name}", headers=bearer(who))
            ours = permit == UNREADY and name.startswith("dictionary")
            assert ours or (answer.status_code, answer.content) == (404, never)
        for permit in (EXPIRED, REVOKED, PERMIT_SPE):
            answer = client.get(f"/releases/{permit}/papers/{name}", headers=bearer(ANNA))
            assert answer.status_code == 403
        path = f"/releases/{PERMIT_SPE}/papers/{name}"
        assert client.get(path, headers=service(SPE)).status_code == 200
    for name in ("manifest.sha256", "selection", "x", "%2e%2e%2fterms.txt"):
        answer = client.get(f"{BASE}/{name}", headers=bearer(ANNA))
        assert (answer.status_code, answer.content) == (404, never)


def test_reading_a_paper_is_recorded(client: TestClient, world: World, bearer: Bearer) -> None:
    study = world.of(PERMIT_B).study
    before = len(list(entries(world.engine, permit_id=PERMIT_B)))
    for path in ("papers", "papers/metadata.csv", f"studies/{study}/selection"):
        client.get(f"/releases/{PERMIT_B}/{path}", headers=bearer(BERTIL))
    client.get(f"/releases/{PERMIT_B}/papers/terms.txt", headers=bearer(ANNA))
    found = list(entries(world.engine, permit_id=PERMIT_B))[before:]
    assert [(one.actor, one.action, one.object, one.outcome) for one in found] == [
        (BERTIL, "list", "papers", "ALLOWED"),
        (BERTIL, "paper", "metadata.csv", "ALLOWED"),
        (BERTIL, "selection", study, "ALLOWED"),
        (ANNA, "paper", "terms.txt", "not-found"),
    ]


def test_what_nobody_finds_anonymous_any_more_is_for_no_researcher(
    client: TestClient, world: World, bearer: Bearer
) -> None:
    world.assess(PERMIT_B, Finding.NOT_ANONYMOUS)
    member = world.of(PERMIT_B)
    try:
        for path in ("papers/terms.txt", "manifest", f"instances/{member.sop}"):
            answer = client.get(f"/releases/{PERMIT_B}/{path}", headers=bearer(BERTIL))
            assert answer.json()["type"] == "urn:mammo:problem:forbidden"
        summary = client.get(f"/releases/{PERMIT_B}", headers=bearer(BERTIL)).json()
        assert summary["tier"] == "PSEUDO_SPE"
    finally:
        world.assess(PERMIT_B)
    answer = client.get(f"/releases/{PERMIT_B}/instances/{member.sop}", headers=bearer(BERTIL))
    assert answer.status_code == 200
