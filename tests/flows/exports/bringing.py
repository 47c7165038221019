"""A region that brings studies in from a real PACS, without Prefect."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest

from catalog.ledgers.records import Export
from catalog.plans.records import (
    KnownSource,
    Plan,
    PlanState,
    SourceKind,
)
from flows.deidentifier import Deidentifier
from flows.exports.asking import Asked
from flows.exports.bringing import Brought, bring
from flows.exports.content import Content, Limits, Selection
from flows.exports.job import Job
from flows.exports.running import Run, export_of, next_window
from flows.exports.sharing import Quota, is_settled, share_out
from flows.sources.landing import Landing
from flows.sources.limits import Breaker
from flows.sources.network.pacs import Pacs
from flows.sources.network.peer import Retrieve
from flows.sources.source import Ended, Fetched, FoundInstance
from flows.wiring import RegionParts
from tests.flows.conftest import DECISION
from tests.flows.sources.peers import QRSCP, Go, QrScp, qrscp, send
from tests.objects import INSTANCE, mammogram
from tests.servers import free_ports

STUDY = "1.2.826.0.1.3680043.8.498.752.77"
LIMITS = Limits(days=366, settling_days=0, tries=2)
DAYS = Selection(first=date(2023, 1, 1), last=date(2023, 12, 31))


@pytest.fixture(scope="module")
def receiver_port() -> int:
    """Where the PACS sends to when it is asked to move."""
    return int(free_ports(1)[0])


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory, receiver_port: int) -> Iterator[QrScp]:
    """Two women's studies of four views each."""
    with qrscp(tmp_path_factory.mktemp("pacs"), receiver_port) as running:
        for study, day in ((1, "20230302"), (2, "20230420")):
            views = [
                mammogram(
                    view=view,
                    SOPInstanceUID=f"{INSTANCE}.{study}.{number}",
                    StudyInstanceUID=f"{STUDY}.{study}",
                    SeriesInstanceUID=f"{STUDY}.{study}.1",
                    StudyDate=day,
                    AccessionNumber=f"ACC{study}",
                )
                for number, view in enumerate(("lcc", "rcc", "lmlo", "rmlo"), 1)
            ]
            send(running.port, QRSCP, views)
        yield running


class Forgetful:
    """A PACS that gives some objects only after it was asked for them again, or never."""

    def __init__(self, pacs: Pacs, *, lacks: str, tries: int) -> None:
        self._pacs, self._lacks, self._left = pacs, lacks, tries
        self.asked: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pacs, name)

    def fetch(
        self, study_uid: str, only: tuple[FoundInstance, ...] | None, landed: Any, stop: Any
    ) -> Fetched:
        listed = self._pacs.instances(study_uid, stop)
        wanted = listed if only is None else only
        self.asked.append(len(wanted))
        if self._left:
            self._left -= 1
            wanted = tuple(one for one in wanted if one.sop_uid != self._lacks)
        if not wanted:
            return Fetched(Ended.PARTIAL, 0, 1, 0, 0.0, 0)
        return self._pacs.fetch(study_uid, wanted, landed, stop)


@dataclass
class Region:
    """All that a plan's run needs, without Prefect."""

    parts: RegionParts
    deidentifier: Deidentifier
    source: Any
    selection: Selection = DAYS
    limits: Limits = LIMITS
    stop: Any = None
    who: str = "worker"

    def run(self) -> Run:
        content = Content(selection=self.selection, limits=self.limits)
        plans = self.parts.ledger.plans
        if not plans.all():
            plans.set_source(KnownSource("pacs", SourceKind.DICOM, "{}"))
            plan = Plan(
                "p-1", "prov", "pacs", DECISION, content.model_dump_json(), PlanState.ACTIVE, "Eva"
            )
            plans.enter(plan)
        asked = Asked(self.source, self.selection, (), nearline=False)
        plan, stop = plans.get("p-1"), self.stop or Go()
        return Run(self.parts, plan, content, asked, stop, self.who, timedelta(0))

    def job(self, run: Run, export: Export) -> Job:
        return Job(
            parts=self.parts,
            deidentifier=self.deidentifier,
            protection=None,
            export=export,
            region="norr",
            source=self.source,
            landing=Landing(self.parts.landing),
            stop=run.stop,
            breaker=Breaker(60, 3, 60),
            who=run.who,
            run="run",
            tries=self.limits.tries,
        )

    def bring(self, most: int = 0) -> tuple[Export, list[Brought]]:
        run = self.run()
        window = next_window(run) or self.parts.ledger.plans.windows("p-1")[0]
        export = export_of(run, window)
        assert export is not None
        job = self.job(run, export)
        ended: list[Brought] = []

        def end(_ordinal: int, brought: Brought) -> bool:
            ended.append(brought)
            return brought is Brought.SETTLED

        with ThreadPoolExecutor(2) as pool:
            share_out(
                run,
                export,
                lambda waiting: pool.submit(bring, job, waiting),
                end,
                at_a_time=2,
                quota=Quota(most),
            )
        if is_settled(run, export):
            self.parts.ledger.plans.end_window(replace(window, export_id=export.id))
        return export, ended


@pytest.fixture
def hospital(
    region: RegionParts, deidentify_with: Deidentifier, pacs: QrScp
) -> Callable[..., Region]:
    def made(source: Any = None, **more: Any) -> Region:
        return Region(
            region, deidentify_with, source or Pacs(pacs.peer(retrieve=Retrieve.GET)), **more
        )

    return made
