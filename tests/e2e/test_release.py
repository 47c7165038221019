"""A release on the hub's own Prefect: asked for by a command, built by the worker with the key."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest

from infra.process import MARKER
from tests.e2e.apart import ROOT, Apart, objects
from tests.infra.killing import end

WHO = "researcher-karin-ek"
# A shell lets what it starts in the background ignore Ctrl-C; a terminal does not.
INTERRUPTED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from flows.cli import main
main(sys.argv[1:])
"""


@pytest.fixture
def permit(apart: Apart, delivered: str) -> str:
    said = apart.mammo("permit", "issue", WHO, "--title", "Bröstprojekt Ö", "--tier", "PSEUDO_SPE")
    return said.split()[0]


def family(apart: Apart, part: str) -> list[psutil.Process]:
    """Give the processes of one of the hub's parts, those it started too."""
    found = []
    for one in psutil.process_iter():
        try:
            told = one.environ()
        except psutil.Error:
            continue
        mine = told.get("HOME") == str(apart.hub / "home")
        if mine and told.get(MARKER, "").endswith(f":{part}"):
            found.append(one)
    return found


@contextmanager
def halted(apart: Apart) -> Iterator[None]:
    """Let the hub's store answer nobody for a while."""
    store = family(apart, "s3")
    for one in store:
        one.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for one in store:
            one.send_signal(signal.SIGCONT)


def until(condition: Callable[[], Any], seconds: float = 240) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return found


def states(apart: Apart, permit: str) -> list[tuple[str, str]]:
    """Give id and state of a permit's releases, as they lie in the catalogue."""
    rows = apart.rows(apart.catalogue)["release"]
    return [(row[0], row[3]) for row in rows if permit in row]


def runs(apart: Apart, permit: str) -> list[dict[str, Any]]:
    with apart.prefect(apart.hub) as server:
        wanted = {"flow_runs": {"tags": {"all_": [f"permit:{permit}"]}}}
        found: list[dict[str, Any]] = server.post("flow_runs/filter", json=wanted).json()
    return found


def test_the_command_asks_the_worker_and_waits(apart: Apart, permit: str) -> None:
    said = apart.mammo("release", permit, "--images-only")
    assert said.startswith(f"release 1 of {permit}: 4 objects of 2 studies")
    (run,) = runs(apart, permit)
    assert (run["state_type"], run["work_pool_name"]) == ("COMPLETED", "release")
    assert run["parameters"]["images_only"] is True
    headers = objects(apart.store(apart.hub, "MAMMO_HUB"), "mammo-releases")
    assert sum(name.endswith(".header") for name in headers if permit in name) == 4


def test_prefect_knows_nothing_of_a_person(apart: Apart, permit: str) -> None:
    apart.mammo("release", permit)
    with apart.prefect(apart.hub) as server:
        kept = [
            server.post(f"{what}/filter", json={}).text
            for what in ("flow_runs", "artifacts", "logs", "task_runs")
        ]
    told = "".join(kept)
    rows = apart.rows(apart.catalogue)
    uids = {str(value) for row in rows["instance"] for value in row if str(value)[:5] == "2.25."}
    assert uids
    for secret in (WHO, "karin", "Bröstprojekt", json.dumps("Bröstprojekt")[1:-1], *uids):
        assert secret not in told
    assert f"Release 1 of {permit}" in told
    assert f"progress-{permit}" in told


def test_ctrl_c_leaves_it_and_a_killed_worker_s_run_goes_on(apart: Apart, permit: str) -> None:
    with halted(apart):
        asking = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTED, "release", permit],
            env={"PATH": "/usr/bin:/bin", "MAMMO_STATE": str(apart.state)},
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        until(lambda: [state for _, state in states(apart, permit)] == ["BUILDING"])
        asking.send_signal(signal.SIGINT)
        assert "goes on at the hub's worker" in asking.communicate(timeout=60)[1]
        assert asking.returncode == 130
        ((begun, _),) = states(apart, permit)
        for one in family(apart, "release-worker"):
            end(one.pid)
    assert [run["state_type"] for run in runs(apart, permit)] == ["RUNNING"]
    apart.mammo("up")
    with apart.prefect(apart.hub) as server:
        upkeep = server.get("deployments/name/release-upkeep/hub").json()["id"]
        server.post(f"deployments/{upkeep}/create_flow_run", json={}).raise_for_status()
    until(lambda: states(apart, permit) == [(begun, "SEALED")])
    until(lambda: {run["state_type"] for run in runs(apart, permit)} == {"CRASHED", "COMPLETED"})
