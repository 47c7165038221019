"""Plans that run on machines which break, and what an operator does meanwhile."""

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType

from catalog.plans.records import AnnouncedState, KnownSource, PlanState, SourceKind
from flows.exports import planning
from flows.exports.content import read_content
from flows.ingest import janitor
from flows.ingest.alive import is_alive
from flows.ingest.names import DEPLOYMENT, PLANNED
from flows.sources.definition import DicomSource
from infra import process
from tests.faults.machines import HOLDER, Machines
from tests.faults.women import Held, fill
from tests.flows.sources.peers import OURS, QRSCP

PATIENCE_SECONDS = 240
_UNDER_WAY = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
_DECISION = """
reference = "D-1"
legal_basis = "EHDS Article 60"
purpose = "test"
controller = "Prov"
protection_source = "FILTERED_EXPORT"
valid_until = {until}
"""


class Rig(Machines):
    """Machines with plans on them.

    Attributes:
        held: What the PACS holds, by day.
    """

    def __init__(self, folder: Path, **more: Any) -> None:
        super().__init__(folder, **more)
        self.held: dict[date, tuple[Held, ...]] = {}

    def up(self) -> None:
        """Start everything, and enter the PACS as a source."""
        super().up()
        self.source("pacs", self.wires.pacs.port, QRSCP)

    @contextlib.contextmanager
    def halted(self, step: str, plan: str, seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
        """Wait until a worker halts at a step of a plan, and let it go on at the end."""
        (self.halts / step).touch()
        reached = self.halts / f"{step}.reached"

        def halts() -> bool:
            return reached.exists() or (self.tend(plan) and False)

        try:
            self.wait(halts, seconds, f"nothing halted at {step}", pause=0.5)
            yield
        finally:
            (self.halts / step).unlink(missing_ok=True)
            reached.unlink(missing_ok=True)

    # ---- plans and their runs -------------------------------------------------------------

    def source(self, name: str, port: int, title: str, **more: Any) -> None:
        """Enter a PACS as a source."""
        told = DicomSource(
            **{
                "ae_title": title,
                "host": "127.0.0.1",
                "port": port,
                "our_ae_title": OURS,
                "retrieve": "get",
                "most_answers": 0,
                "care": {"associations": self.at_a_time, "rest_seconds": 5},
                "connect_seconds": 5,
                "answer_seconds": 5,
            }
            | more
        )
        known = KnownSource(name, SourceKind.DICOM, told.model_dump_json())
        self.region.ledger.plans.set_source(known)

    def fill(self, day: date, studies: int) -> tuple[Held, ...]:
        """Put studies of one day into the PACS."""
        self.held[day] = fill(self.archive.running.port, day, studies)
        return self.held[day]

    def plan(self, day: date, source: str = "pacs", **limits: int) -> str:
        """Enter a plan for one day's studies."""
        told = {
            "selection": {"first": day, "last": day},
            "schedule": {"cron": ""},
            "limits": {"days": 1} | limits,
        }
        decision = self.folder / "decision.toml"
        until = datetime.now(UTC).date() + timedelta(9)
        decision.write_text(_DECISION.format(until=until))
        entered = planning.enter(
            self.region, HOLDER, source, read_content(told), decision=decision, who="tester"
        )
        return entered.id

    def begin(self, plan: str) -> str:
        """Begin a run of a plan, as `mammo exports run` does."""
        with get_client(sync_client=True) as client:
            found = client.read_deployment_by_name(f"{PLANNED}/{DEPLOYMENT}")
            run = client.create_flow_run_from_deployment(
                found.id, parameters={"plan_id": plan, "at_once": True}
            )
        return str(run.id)

    def under_way(self, plan: str) -> list[FlowRun]:
        """Give the runs of a plan that Prefect takes for living."""
        wanted = FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_UNDER_WAY))
        )
        with get_client(sync_client=True) as client:
            runs = client.read_flow_runs(flow_run_filter=wanted)
        mine = [run for run in runs if run.parameters.get("plan_id") == plan]
        return [run for run in mine if not self._is_over(run)]

    def _is_over(self, run: FlowRun) -> bool:
        """Tell whether a run ended while Prefect was away, which upkeep believes after a while."""
        assert run.state is not None
        old = datetime.now(UTC) - run.state.timestamp > timedelta(seconds=20)
        return old and run.state.is_running() and not is_alive(self.region.landing, str(run.id))

    def is_done(self, plan: str) -> bool:
        return self.region.ledger.plans.get(plan).state is PlanState.DONE

    def tend(self, plan: str) -> bool:
        """Do once what upkeep and an operator do for a plan; tell whether it is done."""
        if self.is_done(plan):
            return True
        self.keep_workers()
        janitor.sweep(self.region, datetime.now(UTC))
        if not self.under_way(plan):
            self.begin(plan)
        return False

    def recover(self, plan: str, seconds: float = PATIENCE_SECONDS) -> float:
        """Tend a plan until it is done; give the seconds it took."""
        began = time.monotonic()
        self.wait(lambda: self.tend(plan), seconds, f"{plan} never ended", pause=1.0)
        return time.monotonic() - began

    def settled_studies(self, plan: str) -> int:
        """Count the studies of a plan that have ended."""
        counts = (self.region.ledger.announced.counts(one) for one in self.exports(plan))
        return sum(one.get(AnnouncedState.SETTLED, 0) for one in counts)

    def exports(self, plan: str) -> list[str]:
        """Give the exports of a plan."""
        windows = self.region.ledger.plans.windows(plan)
        return [one.export_id for one in windows if one.export_id is not None]

    def wait(
        self, until: Callable[[], bool], seconds: float, message: str, *, pause: float = 0.1
    ) -> None:
        """Wait for something; fail with the ends of all logs."""
        deadline = time.monotonic() + seconds
        while not until():
            if time.monotonic() > deadline:
                pytest.fail(f"{message}\n{self.logs()}")
            time.sleep(pause)

    def logs(self) -> str:
        """Give the end of each part's log."""
        found = sorted((self.stack.state / "log").glob("*.log"))
        return "\n".join(f"---- {log.name}\n{process.tail(log)}" for log in found)
