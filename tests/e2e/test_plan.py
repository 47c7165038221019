"""A plan on a whole stack: scheduled, run by the worker, its process killed, and nothing lost."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from infra.environment import read_environment_file
from tests import receiving
from tests.flows.sources.peers import OURS, QRSCP, qrscp, send
from tests.objects import INSTANCE, mammogram
from tests.servers import free_block, free_ports

ROOT = Path(__file__).parents[2]
STUDIES = 6
SECONDS = 240


@dataclass
class Stack:
    """A local stack, spoken to by the command line."""

    state: Path
    base: int

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.state.parent),
            "MAMMO_STATE": str(self.state),
            "MAMMO_PORT_BASE": str(self.base),
            "COLUMNS": "120",
        }

    def mammo(self, *words: str) -> str:
        return self.python("-m", "flows.cli", *words)

    def python(self, *words: str, region: bool = False) -> str:
        settings = read_environment_file(self.state / "region.env") if region else {}
        done = subprocess.run(
            [sys.executable, *words],
            env={**self.environment, **settings},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    def flow_runs(self) -> list[dict[str, Any]]:
        told = self.python("-c", _LIST, region=True)
        return list(json.loads(told.splitlines()[-1]))


_LIST = """
import json
from prefect import get_client
with get_client(sync_client=True) as client:
    runs = client.read_flow_runs()
    print(json.dumps([{"name": r.name, "state": r.state_type.value, "tags": r.tags} for r in runs]))
"""
_SWEEP = """
from datetime import UTC, datetime
from flows import wiring
from flows.ingest import janitor
print(janitor.sweep(wiring.region(), datetime.now(UTC)))
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    made = Stack(tmp_path_factory.mktemp("plan") / "var", free_block(20))
    made.mammo("up")
    try:
        yield made
    finally:
        made.mammo("reset", "--yes")


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    (port,) = free_ports(1)
    with qrscp(tmp_path_factory.mktemp("pacs"), port) as running:
        for study in range(1, STUDIES + 1):
            views = [
                mammogram(
                    view=view,
                    SOPInstanceUID=f"{INSTANCE}.{study}.{number}",
                    StudyInstanceUID=f"{INSTANCE}.9.{study}",
                    SeriesInstanceUID=f"{INSTANCE}.9.{study}.1",
                    StudyDate="20230302",
                    AccessionNumber=f"ACC{study}",
                )
                for number, view in enumerate(("lcc", "rcc"), 1)
            ]
            send(running.port, QRSCP, views)
        yield running.port


@pytest.fixture(scope="module")
def plan(stack: Stack, pacs: int, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("told")
    (folder / "pacs.toml").write_text(
        f'kind = "DICOM"\nae_title = "{QRSCP}"\nhost = "127.0.0.1"\nport = {pacs}\n'
        f'our_ae_title = "{OURS}"\nretrieve = "get"\n'
    )
    (folder / "plan.toml").write_text("[selection]\nfirst = 2023-03-01\n[limits]\ndays = 366\n")
    until = (datetime.now(UTC) + timedelta(9)).date()
    (folder / "decision.toml").write_text(
        'reference = "D-1"\nlegal_basis = "EHDS Article 60"\npurpose = "test"\n'
        f'controller = "Prov"\nvalid_until = {until}\nprotection_source = "FILTERED_EXPORT"\n'
    )
    stack.mammo("catalog", "add-holder", "prov", "Provsjukhuset", "--region", "norr")
    stack.mammo("sources", "add", "pacs", str(folder / "pacs.toml"))
    said = stack.mammo("exports", "preview", "pacs", str(folder / "plan.toml"))
    assert f"studies     {STUDIES}," in said
    decision = ("--decision", str(folder / "decision.toml"))
    said = stack.mammo("exports", "schedule", "prov", "pacs", str(folder / "plan.toml"), *decision)
    return said.split()[1]


def test_a_plan_and_the_upkeep_are_scheduled(stack: Stack, plan: str) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        scheduled = [run for run in stack.flow_runs() if run["state"] == "SCHEDULED"]
        if len(scheduled) >= 2:
            return
        time.sleep(3)
    pytest.fail("no run was ever scheduled")


def test_a_run_whose_process_is_killed_is_begun_again_and_doubles_nothing(
    stack: Stack, plan: str
) -> None:
    words = [sys.executable, "-m", "flows.cli", "exports", "run", plan]
    watching = subprocess.Popen(words, env=stack.environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        _kill_when_busy(stack)
        assert int(stack.python("-c", _SWEEP, region=True).splitlines()[-1]) == 1
        assert watching.wait(SECONDS) != 0  # the run that it watched has crashed
        _wait_until_settled(stack)
    finally:
        watching.kill()
    listed = stack.mammo("exports", "list")
    assert f"{2 * STUDIES}/{2 * STUDIES}" in listed
    assert f"ADMITTED {2 * STUDIES}" in listed
    assert listed.count("ADMITTED") == 1
    for number in range(1, STUDIES + 1):
        assert stack.mammo("trace", f"ACC{number}").count("ADMITTED") == 2
    again = [run for run in stack.flow_runs() if "again-1" in run["tags"]]
    assert len(again) == 1
    assert {"holder:prov", f"plan:{plan}"} < {*again[0]["tags"]}
    assert not list((stack.state / "region" / "landing").rglob("*.dcm"))


def test_a_late_image_comes_in_after_a_look(stack: Stack, pacs: int, plan: str) -> None:
    late = mammogram(
        view="lmlo",
        SOPInstanceUID=f"{INSTANCE}.1.3",
        StudyInstanceUID=f"{INSTANCE}.9.1",
        SeriesInstanceUID=f"{INSTANCE}.9.1.1",
        StudyDate="20230302",
        AccessionNumber="ACC1",
    )
    send(pacs, QRSCP, [late])
    said = stack.mammo("exports", "rescan", plan, "--days", "3650")
    assert f"{STUDIES} compared, 1 with something late" in said
    assert "alarm" not in said
    stack.mammo("exports", "run", plan)
    assert "ADMITTED 1, KNOWN 2" in stack.mammo("exports", "list")
    assert "0 with something late" in stack.mammo("exports", "rescan", plan, "--days", "3650")


def test_what_is_pushed_comes_in_by_a_plan(stack: Stack, plan: str, tmp_path: Path) -> None:
    pushed = [
        mammogram(
            view=view,
            SOPInstanceUID=f"{INSTANCE}.70.{number}",
            StudyInstanceUID=f"{INSTANCE}.9.70",
            SeriesInstanceUID=f"{INSTANCE}.9.70.1",
            AccessionNumber="PUSHED",
        )
        for number, view in enumerate(("lcc", "rcc"), 1)
    ]
    with receiving.running(stack.state / "region" / "landing") as here:
        assert receiving.send(here.address, *pushed, calling="MODALITY") == [0, 0]
    assert "no plan covers them: 1 study, 2 objects" in stack.mammo("receiver", "--waiting")
    (tmp_path / "source.toml").write_text(
        'kind = "PUSHED"\ncalling = ["MODALITY"]\nquiet_seconds = 0.1\n'
    )
    (tmp_path / "plan.toml").write_text("[selection]\neverything = true\n")
    until = (datetime.now(UTC) + timedelta(9)).date()
    (tmp_path / "decision.toml").write_text(
        'reference = "D-2"\nlegal_basis = "EHDS Article 60"\npurpose = "test"\n'
        f'controller = "Prov"\nvalid_until = {until}\nprotection_source = "FILTERED_EXPORT"\n'
    )
    stack.mammo("sources", "add", "pushes", str(tmp_path / "source.toml"))
    assert "nothing was moved" in stack.mammo(
        "exports", "preview", "pushes", str(tmp_path / "plan.toml")
    )
    decision = ("--decision", str(tmp_path / "decision.toml"))
    told = ("prov", "pushes", str(tmp_path / "plan.toml"), *decision)
    mine = stack.mammo("exports", "schedule", *told).split()[1]
    assert "prov/pushes: 1 study, 2 objects" in stack.mammo("status")
    stack.mammo("exports", "run", mine)
    assert stack.mammo("trace", "PUSHED").count("ADMITTED") == 2
    assert "prov/pushes: nothing waits" in stack.mammo("receiver", "--waiting")
    assert "everything" in stack.mammo("exports", "show", mine)


def _kill_when_busy(stack: Stack) -> None:
    """Kill the worker and the flow run's process once a study has landed; start a worker again."""
    landing = stack.state / "region" / "landing"
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if any(landing.rglob("*.dcm")):
            theirs = [one for one in psutil.process_iter() if _is_of(one, landing)]
            for process in theirs:
                process.kill()
            psutil.wait_procs(theirs, 10)
            assert len(theirs) >= 2
            stack.mammo("up")
            return
        time.sleep(0.05)
    pytest.fail("no study ever landed")


def _is_of(process: psutil.Process, landing: Path) -> bool:
    """Tell whether a process is the worker of a stack, or runs a flow for it."""
    try:
        words, environ = " ".join(process.cmdline()), process.environ()
    except psutil.Error:
        return False
    runs = "worker start" in words or "flow_engine" in words or "prefect.engine" in words
    return runs and environ.get("MAMMO_REGION_LANDING") == str(landing)


def _wait_until_settled(stack: Stack) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if f"ADMITTED {2 * STUDIES}" in stack.mammo("exports", "list"):
            return
        time.sleep(2)
    pytest.fail(stack.mammo("exports", "list"))
