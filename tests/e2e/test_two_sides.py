"""Region and hub apart on one machine: files walk from the one to the other by the intake alone."""

import httpx
import psutil

from infra.process import MARKER
from infra.stack import OWNED
from tests.e2e.apart import Apart, objects
from tests.e2e.conftest import STUDIES

IMAGES = 2 * STUDIES


def processes(apart: Apart) -> dict[str, list[dict[str, str]]]:
    """Give what the processes of each side are told, by side."""
    found: dict[str, list[dict[str, str]]] = {"hub": [], "region": []}
    for one in psutil.process_iter():
        try:
            told = one.environ()
        except psutil.Error:
            continue
        for name, side in (("hub", apart.hub), ("region", apart.region)):
            if MARKER in told and told.get("HOME") == str(side / "home"):
                found[name].append(told)
    return found


def test_every_file_has_its_outcome_and_both_sides_agree(apart: Apart, delivered: str) -> None:
    assert f"ADMITTED {IMAGES:10}" in delivered
    assert "UNREADABLE" in delivered
    listed = apart.mammo("exports", "list")
    assert f"ADMITTED {IMAGES}, UNREADABLE 1" in listed
    hub = apart.rows(apart.catalogue)
    ((_, holder, _, claimed, foreign, *_),) = hub["export"]
    assert (holder, claimed, foreign) == ("prov", IMAGES, 1)
    ended = [(outcome, number) for _, _, outcome, number in hub["outcome"]]
    assert sum(number for _, number in ended) == claimed + foreign
    assert sum(number for outcome, number in ended if outcome == "ADMITTED") == IMAGES
    arrived = apart.mammo("arrivals", "list").split()
    assert arrived[3:] == ["norr", "PUBLISHED", str(STUDIES + 1)]  # with what belongs to no study


def test_what_came_is_checked_published_and_gone_from_the_arrivals(
    apart: Apart, delivered: str
) -> None:
    store = apart.store(apart.hub, "MAMMO_ARRIVALS")
    assert objects(store, "mammo-arrivals") == {}
    clean = objects(store, "mammo-clean")
    assert sum(name.endswith(".dcm") for name in clean) >= IMAGES
    assert all(name.startswith("prov/") for name in clean)
    quarantined = objects(apart.store(apart.region, "MAMMO_REGION"), "mammo-quarantine")
    assert quarantined
    assert not any(b"DICM" in one for one in quarantined.values())


def test_it_is_found_at_the_door(apart: Apart, delivered: str) -> None:
    token = apart.mammo("token", "somebody", "--role", "researcher").strip()
    url = f"http://127.0.0.1:{apart.base}/studies?companions=false"
    told = httpx.get(url, headers={"Authorization": f"Bearer {token}"}).raise_for_status().json()
    assert len(told["studies"]) == STUDIES
    assert httpx.get(url).status_code == 401


def test_neither_side_is_told_anything_of_the_other(apart: Apart, delivered: str) -> None:
    told = processes(apart)
    assert len(told["hub"]) >= 5
    assert len(told["region"]) >= 3
    for side, other in (("hub", apart.region), ("region", apart.hub)):
        said = {value for one in told[side] for value in one.values()}
        assert not [value for value in said if str(other) in value]
        secret = {
            value
            for path in other.glob("*.env")
            for name, value in apart.told(other, path.stem).items()
            if "SECRET" in name or "AUTH" in name
        }
        assert len(secret) >= 3
        assert not secret & said
    named = {name for one in told["region"] for name in one}
    assert not [name for name in named if "CATALOGUE" in name or "CLEAN" in name]
    kinds = {name.split("_")[1] for one in told["hub"] for name in one if "MAMMO_" in name}
    assert kinds == {"PART", "API", "INTAKE", "ARRIVALS", "HUB", "RELEASE"}


def test_the_release_key_is_with_the_release_worker_alone(apart: Apart, delivered: str) -> None:
    key = str(apart.hub / "secrets" / "release.key")
    told = processes(apart)["hub"]
    holders = [one for one in told if key in one.values()]
    assert holders
    assert {one[MARKER].partition(":")[2] for one in holders} == {"release-worker"}
    for one in told:
        kinds = {name.split("_")[1] for name in one if name.startswith("MAMMO_")} - {"PART"}
        assert not {"HUB", "ARRIVALS"} <= kinds
    secret = apart.told(apart.hub, "hub")["MAMMO_HUB_S3_SECRET_KEY"]
    assert all(secret not in one.values() for one in told if one not in holders)


def test_each_has_a_prefect_server_of_its_own(apart: Apart, delivered: str) -> None:
    wanted = {
        "region": {"ingest", "export", "upkeep"},
        "hub": {"publish-arrivals", "release", "release-upkeep", "release-nightly"},
    }
    pools_of = {"region": {"region"}, "hub": {"hub", "release"}}
    for name, side in (("region", apart.region), ("hub", apart.hub)):
        with apart.prefect(side) as server:
            flows = {one["name"] for one in server.post("flows/filter", json={}).json()}
            pools = {one["name"] for one in server.post("work_pools/filter", json={}).json()}
            runs = server.post("flow_runs/filter", json={}).json()
        assert flows == wanted[name]
        assert pools == pools_of[name]
        assert {"SCHEDULED"} < {run["state_type"] for run in runs}


def test_it_is_well_and_a_second_up_changes_nothing(apart: Apart, delivered: str) -> None:
    before = sorted(one[MARKER] for side in processes(apart).values() for one in side)
    assert "introduce" not in apart.mammo("up")
    after = sorted(one[MARKER] for side in processes(apart).values() for one in side)
    assert set(before) & set(after) == set(after)
    said = apart.mammo("status")
    assert said.count(" well ") == 11
    for side in (apart.hub, apart.region):
        assert {path.name for path in side.iterdir()} <= OWNED
    apart.mammo("demo", "--once", fails=True)
