"""A region to whose receiver systems push, and what they push."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from catalog.ledgers.records import Export
from catalog.plans.records import Plan, PlanState
from flows.deidentifier import Deidentifier
from flows.exports.asking import Asked
from flows.exports.bringing import Brought, bring
from flows.exports.content import Content, Selection
from flows.exports.job import Job
from flows.exports.pushed import announce
from flows.exports.running import Run
from flows.exports.sharing import Quota, is_settled, share_out
from flows.sources.definition import describe
from flows.sources.landing import Landing
from flows.sources.opening import open_source
from flows.wiring import RegionParts
from tests import receiving
from tests.flows.conftest import DECISION
from tests.flows.making import counts
from tests.flows.sources.peers import Go
from tests.objects import INSTANCE, mammogram

EVERYTHING = Content(selection=Selection(everything=True))
STUDY = "1.2.826.0.1.3680043.8.498.752.78"
SOON = timedelta(minutes=5)


def views(study: int, *names: str, **more: Any) -> list[Any]:
    return [
        mammogram(
            view=view,
            SOPInstanceUID=f"{INSTANCE}.{study}.{number}",
            StudyInstanceUID=f"{STUDY}.{study}",
            SeriesInstanceUID=f"{STUDY}.{study}.1",
            AccessionNumber=f"ACC{study}",
            **more,
        )
        for number, view in enumerate(names or ("lcc", "rcc"), 1)
    ]


@dataclass
class Pushed:
    """A region to whose receiver systems push."""

    parts: RegionParts
    deidentifier: Deidentifier
    address: tuple[str, int]

    def plan(self, *calling: str, quiet: float = 0.001, name: str = "pushes") -> None:
        told = {"kind": "PUSHED", "calling": calling, "quiet_seconds": quiet}
        self.parts.ledger.plans.set_source(describe(name, told))
        entered = Plan(
            f"p-{name}",
            "prov",
            name,
            DECISION,
            EVERYTHING.model_dump_json(),
            PlanState.ACTIVE,
            "Eva",
        )
        self.parts.ledger.plans.enter(entered)

    def run(self, name: str = "pushes") -> tuple[Run, Any]:
        plans = self.parts.ledger.plans
        opened = open_source(plans.source(name), Landing(self.parts.landing))
        asked = Asked(opened.source, EVERYTHING.selection, (), nearline=False)
        plan = plans.get(f"p-{name}")
        return Run(self.parts, plan, EVERYTHING, asked, Go(), "worker", timedelta(0)), opened

    def take(self, name: str = "pushes") -> Export | None:
        """Take what came to rest, as one run of the plan does."""
        run, opened = self.run(name)
        export_id = announce(run)
        return None if export_id is None else self.bring(run, opened, export_id)

    def bring(self, run: Run, opened: Any, export_id: str) -> Export:
        export = self.parts.ledger.export(export_id)
        job = Job(
            parts=self.parts,
            deidentifier=self.deidentifier,
            protection=None,
            export=export,
            region="norr",
            source=opened.source,
            landing=Landing(self.parts.landing),
            stop=Go(),
            breaker=opened.breaker,
            who=run.who,
            run="run",
            tries=1,
            place=opened.place,
        )

        def end(_ordinal: int, brought: Brought) -> bool:
            assert brought is Brought.SETTLED
            return True

        with ThreadPoolExecutor(2) as pool:
            begin = partial(pool.submit, bring, job)
            share_out(run, export, begin, end, at_a_time=2, quota=Quota(0))
        assert is_settled(run, export)
        self.parts.ledger.rescans.end(export_id, datetime.now(UTC))
        return export

    def tally(self, export: Export | None) -> dict[str, int]:
        assert export is not None
        return counts(self.parts.ledger.tally(export.id))

    def left(self) -> list[Path]:
        return list(self.parts.landing.rglob("*.dcm"))


@pytest.fixture
def here(region: RegionParts, deidentify_with: Deidentifier) -> Iterator[Pushed]:
    with receiving.running(region.landing) as running:
        yield Pushed(region, deidentify_with, running.address)


def push(here: Pushed, *objects: Any, calling: str = "PACS") -> None:
    assert receiving.send(here.address, *objects, calling=calling) == [0] * len(objects)


def push_odd(here: Pushed, dataset: bytes, uid: str = "9.9.9") -> int:
    """Announce one object, and send another."""
    with receiving.raw(here.address) as peer:
        command = receiving.data(receiving.store_command(uid), 3)
        peer.sendall(command + receiving.data(dataset, 2))
        return receiving.status_of(receiving.read_unit(peer)[1])
