import fcntl
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from infra import process
from infra.environment import read_environment_file
from infra.errors import BusyError, DiskShortError, StackError, StateError
from infra.stack import OWNED, Plan, Stack
from tests.infra.killing import end


def pids(stack: Stack) -> dict[str, int]:
    return {part.name: part.pid for part in stack.status()}


def environ(stack: Stack, name: str) -> dict[str, str]:
    return psutil.Process(pids(stack)[name]).environ()


def names(told: dict[str, str]) -> set[str]:
    return {name for name in told if name.startswith(("MAMMO_", "PREFECT_"))} - {"MAMMO_PART"}


def test_every_part_is_up_and_well(whole: Any) -> None:
    stack, lines = whole
    status = stack.status()
    assert [part.name for part in status] == [
        "s3",
        "prefect",
        "worker",
        "api",
        "console",
        "errands",
    ]
    assert all(part.healthy and part.pid and part.log.exists() for part in status)
    assert {line.split()[0] for line in lines} == {
        "s3",
        "prefect",
        "worker",
        "api",
        "console",
        "errands",
        "prepare",
        "deploy",
    }


def test_a_second_up_is_quick_and_changes_nothing(whole: Any) -> None:
    stack, _ = whole
    before, begun = pids(stack), time.monotonic()
    assert Stack(stack.state, plan=stack.plan).up() == stack.endpoints
    assert time.monotonic() - begun < 5
    assert pids(stack) == before


def test_each_part_is_told_its_own_and_nothing_of_the_caller(whole: Any) -> None:
    stack, _ = whole
    told = {name: environ(stack, name) for name in pids(stack)}
    assert not [name for name, seen in told.items() if "CANARY_OF_THE_CALLER" in seen]
    assert names(told["s3"]) == set()
    assert not [name for name in names(told["prefect"]) if name.startswith("MAMMO_")]
    assert {name.split("_")[1] for name in names(told["worker"]) if "MAMMO" in name} == {"REGION"}
    assert {name.split("_")[1] for name in names(told["errands"]) if "MAMMO" in name} == {"REGION"}
    assert {name.split("_")[1] for name in names(told["api"])} == {"API"}
    assert {name.split("_")[1] for name in names(told["console"])} == {"CONSOLE"}
    secret = read_environment_file(stack.state / "admin.env")["MAMMO_ADMIN_S3_SECRET_KEY"]
    assert not [name for name, seen in told.items() if secret in seen.values()]


def test_prefect_answers_nobody_without_its_login(whole: Any) -> None:
    stack, _ = whole
    url = f"{stack.endpoints.prefect_api}/flow_runs/filter"
    assert httpx.post(url, json={}).status_code == 401
    login = stack.environment("region")["PREFECT_API_AUTH_STRING"].split(":")
    assert httpx.post(url, json={}, auth=(login[0], login[1])).status_code == 200


def test_prefect_and_the_door_listen_on_loopback_only(whole: Any) -> None:
    stack, _ = whole
    for name in ("prefect", "worker", "api", "console"):
        family = [psutil.Process(pids(stack)[name])]
        family += family[0].children(recursive=True)
        sockets = [place for one in family for place in one.net_connections("inet")]
        listening = {place.laddr.ip for place in sockets if place.status == psutil.CONN_LISTEN}
        assert listening <= {"127.0.0.1"}


def test_everything_in_the_state_is_its_owners_alone(whole: Any) -> None:
    stack, _ = whole
    assert stack.state.stat().st_mode & 0o077 == 0
    assert {path.name for path in stack.state.iterdir()} <= OWNED
    private = [
        *stack.state.glob("*.env"),
        *stack.state.glob("secrets/*"),
        *stack.state.glob("log/*"),
    ]
    assert len(private) > 8
    assert not [path for path in private if path.stat().st_mode & 0o177]


def test_what_was_killed_comes_back_and_the_rest_is_left_alone(whole: Any) -> None:
    stack, _ = whole
    before = pids(stack)
    for name in ("worker", "api"):
        end(before[name])
    assert not [part for part in stack.status() if part.name in {"worker", "api"} and part.healthy]
    stack.up()
    after = pids(stack)
    assert all(part.healthy for part in stack.status())
    assert {name for name in after if after[name] != before[name]} == {"worker", "api"}


def test_the_stack_remembers_where_it_runs(whole: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stack, _ = whole
    monkeypatch.delenv("MAMMO_PORT_BASE", raising=False)
    assert Stack(stack.state).ports == stack.ports


def test_two_commands_do_not_work_on_one_stack_at_once(tmp_path: Path, ports: Any) -> None:
    stack = Stack(tmp_path, ports, plan=Plan(lock_seconds=0.3))
    with (tmp_path / "lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BusyError, match="at work"):
            stack.up()
        with pytest.raises(BusyError, match="at work"):
            stack.down()


def test_a_short_disk_is_said_before_anything_starts(tmp_path: Path, ports: Any) -> None:
    stack = Stack(tmp_path / "state", ports, plan=Plan(free_bytes=10**18))
    with pytest.raises(DiskShortError, match="GiB are needed"):
        stack.up()
    assert not (tmp_path / "state" / "secrets").exists()


def test_a_directory_with_other_things_is_not_taken_over(tmp_path: Path, ports: Any) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StateError, match="MAMMO_STATE"):
        Stack(tmp_path, ports).up()
    Stack(tmp_path, ports).reset()
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_stack_that_never_was_is_down_already(tmp_path: Path, ports: Any) -> None:
    stack = Stack(tmp_path / "state", ports)
    stack.down()
    stack.reset()
    assert not stack.state.exists()
    assert {part.pid for part in stack.status()} == {0}
    with pytest.raises(StackError, match="mammo up"):
        stack.environment("region")


def test_down_ends_what_a_crashed_command_left_and_reset_forgets_it(store: Any) -> None:
    record = process.read_record(store.state / "run" / "s3.json")
    fresh = Stack(store.state)
    fresh.down()
    assert record is not None
    assert not process.alive(record)
    assert not list(Path("/tmp").glob(f"seaweedfs-*-{store.ports.s3}.sock"))
    fresh.reset()
    assert not store.state.exists()
