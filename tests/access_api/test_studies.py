from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from catalog.vocabulary import QualityFlag
from deid.derived.facts import Flag
from tests.access_api.world import ANNA, World

Bearer = Callable[..., dict[str, str]]


def ask(client: TestClient, header: dict[str, str], **wanted: Any) -> Any:
    answer = client.get("/studies", params=wanted, headers=header)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("wanted", "sizes"),
    [
        ({}, [1, 2, 2, 3]),
        ({"view": "CC"}, [1, 1, 1, 2]),
        ({"view": "MLO"}, [1, 1, 1]),
        ({"laterality": "L"}, [1, 2, 2, 3]),
        ({"laterality": "R"}, []),
        ({"vendor": "HOLOGIC"}, [1, 2, 2, 3]),
        ({"vendor": "GE"}, []),
        ({"kind": "FFDM"}, [1, 2, 2, 3]),
        ({"kind": "DBT"}, []),
        ({"age_band": "50-54"}, [3]),
        ({"exam_year_from": 2020}, [1, 2, 2]),
        ({"exam_year_to": 2019}, [3]),
        ({"exam_year_from": 2020, "exam_year_to": 2020}, [2]),
        ({"holder": "vg-mammography"}, [1, 2, 2, 3]),
        ({"holder": "other"}, []),
        ({"view": "CC", "age_band": "55-59"}, [1]),
    ],
)
def test_filters(
    client: TestClient, bearer: Bearer, wanted: dict[str, Any], sizes: list[int]
) -> None:
    found = ask(client, bearer(ANNA), **wanted)
    assert sorted(study["instances"] for study in found["studies"]) == sizes


def test_page_by_page(client: TestClient, bearer: Bearer) -> None:
    whole = ask(client, bearer("op", "operator"))["studies"]
    paged, cursor = [], None
    for _ in range(4):
        wanted = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = ask(client, bearer(ANNA), **wanted)
        paged += page["studies"]
        cursor = page["next_cursor"]
    assert cursor is None
    assert paged == whole


def test_no_uid_and_no_pseudonym_comes_out(
    client: TestClient, world: World, bearer: Bearer
) -> None:
    text = client.get("/studies", headers=bearer(ANNA)).text
    assert "2.25." not in text
    assert "subject-" not in text
    for members in world.members.values():
        assert not any(member.sop in text or member.study in text for member in members)


@pytest.mark.parametrize("wanted", [{}, {"view": "CC"}, {"view": "MLO"}, {"kind": "FFDM"}])
def test_a_size_is_no_mark_by_which_a_release_study_finds_its_handle(
    client: TestClient, world: World, bearer: Bearer, wanted: dict[str, str]
) -> None:
    told = [study["size"] for study in ask(client, bearer(ANNA), **wanted)["studies"]]
    assert told
    assert all(size > 0 and str(size)[1:].strip("0") == "" for size in told)


BAD = {
    "view": ["XX", "cc", "CC;DROP TABLE study", "A" * 1500],
    "laterality": ["LEFT", "l"],
    "vendor": ["hologic", "GE%", "A" * 33, "'", "GE\nX"],
    "kind": ["MG"],
    "age_band": ["50", "50-55", "*"],
    "exam_year_from": ["-1", "99999", "x", "1e3", "9" * 400],
    "exam_year_to": ["2020.5"],
    "holder": ["../x", "A", "a" * 65],
    "cursor": ["x y", "", "é", "A" * 513, "AAAA", "aGVq"],
    "flag": ["nonsense", "Saturated"],
    "limit": ["0", "-1", "201", "all", "1" * 30],
    "lateralty": ["L"],
    "__class__": ["x"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD.items() for value in values]
)
def test_what_is_not_valid_is_refused_and_never_repeated(
    client: TestClient, bearer: Bearer, name: str, value: str
) -> None:
    answer = client.get("/studies", params={name: value}, headers=bearer(ANNA))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == "urn:mammo:problem:invalid-request"
    for entry in body.get("errors", ()):
        assert {"in", "name", "reason"} <= set(entry) <= {"in", "name", "reason", "allowed"}
        assert entry["name"] in {*BAD, ""} - {"lateralty", "__class__"}
        assert value not in entry.values()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("flag", "nonsense", "'saturated'"),
        ("laterality", "x", "'L'"),
        ("limit", "201", "at most 200"),
        ("lateralty", "L", "view, laterality, vendor"),
    ],
)
def test_what_is_allowed_is_said(
    client: TestClient, bearer: Bearer, name: str, value: str, said: str
) -> None:
    answer = client.get("/studies", params={name: value}, headers=bearer(ANNA))
    assert said in answer.json()["errors"][0]["allowed"]


def test_the_flags_are_those_that_the_pixels_get() -> None:
    assert [*map(str, QualityFlag)] == [*map(str, Flag)]


def test_a_cursor_of_another_query(client: TestClient, bearer: Bearer) -> None:
    cursor = ask(client, bearer(ANNA), limit=1)["next_cursor"]
    answer = client.get("/studies", params={"cursor": cursor, "view": "CC"}, headers=bearer(ANNA))
    assert answer.status_code == 422
