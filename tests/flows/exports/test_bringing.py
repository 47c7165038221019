"""Studies come from a real PACS, are compared with what it says, and end in one outcome each."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from catalog.database import reading
from catalog.plans.records import (
    AnnouncedState,
    PlanState,
    WindowState,
)
from catalog.search import Query, search
from catalog.tables import outcome
from flows.errors import SourceAwayError
from flows.exports.bringing import Brought, bring
from flows.exports.content import Limits, Selection
from flows.exports.enrolling import NEVER_CAME
from flows.exports.running import export_of, next_window, wake
from flows.sources.network.pacs import Pacs
from flows.sources.network.peer import Retrieve
from flows.sources.receiver.quotas import Allowance
from flows.sources.source import FoundInstance
from flows.wiring import HubParts, RegionParts
from tests import receiving
from tests.flows.conftest import on_both
from tests.flows.exports.bringing import (
    Forgetful,
    Region,
    hospital,
    pacs,
    receiver_port,
)
from tests.flows.making import counts
from tests.flows.sources.peers import OURS, QrScp
from tests.objects import INSTANCE
from tests.servers import free_ports

__all__ = ["hospital", "pacs", "receiver_port"]


@on_both
def test_a_plan_brings_its_studies_in(
    hospital: Callable[..., Region], region: RegionParts, hub: HubParts
) -> None:
    here = hospital()
    export, brought = here.bring()
    assert brought == [Brought.SETTLED] * 2
    assert counts(region.ledger.tally(export.id)) == {"ADMITTED": 8}
    assert len(search(hub.catalogue, Query()).studies) == 2
    assert not list(region.landing.rglob("*.dcm"))
    assert [one.outcome for one in region.ledger.by_accession("ACC1")] == ["ADMITTED"] * 4
    (window,) = region.ledger.plans.windows("p-1")
    assert window.state is WindowState.DONE
    assert next_window(here.run()) is None
    assert region.ledger.plans.get("p-1").state is PlanState.DONE


def test_studies_are_moved_to_our_own_receiver(
    hospital: Callable[..., Region], region: RegionParts, pacs: QrScp, receiver_port: int
) -> None:
    source = Pacs(pacs.peer(retrieve=Retrieve.MOVE))
    none = Allowance(waiting_bytes=1)  # what a plan asked for comes all the same
    with receiving.running(region.landing, port=receiver_port, ae_title=OURS, allowance=none):
        export, brought = hospital(source).bring()
    assert brought == [Brought.SETTLED] * 2
    assert counts(region.ledger.tally(export.id)) == {"ADMITTED": 8}
    assert not list(region.landing.rglob("*.dcm"))


def test_what_a_pacs_dropped_is_fetched_again(hospital: Callable[..., Region], pacs: QrScp) -> None:
    source = Forgetful(Pacs(pacs.peer(retrieve=Retrieve.GET)), lacks=f"{INSTANCE}.1.3", tries=1)
    here = hospital(source, selection=Selection(accessions=("ACC1",)))
    export, _ = here.bring()
    assert source.asked == [4, 1]
    assert counts(here.parts.ledger.tally(export.id)) == {"ADMITTED": 4}


@on_both
def test_what_never_comes_is_unavailable(hospital: Callable[..., Region], pacs: QrScp) -> None:
    lacking = f"{INSTANCE}.1.3"
    source = Forgetful(Pacs(pacs.peer(retrieve=Retrieve.GET)), lacks=lacking, tries=99)
    limits = Limits(days=366, settling_days=0, tries=1)
    here = hospital(source, selection=Selection(accessions=("ACC1",)), limits=limits)
    export, _ = here.bring()
    ledger = here.parts.ledger
    assert counts(ledger.tally(export.id)) == {"ADMITTED": 3, "UNAVAILABLE": 1}
    (trace,) = ledger.by_instance(lacking)
    assert trace.reason == NEVER_CAME


def test_what_did_not_come_waits_for_another_try(
    hospital: Callable[..., Region], pacs: QrScp
) -> None:
    source = Forgetful(Pacs(pacs.peer(retrieve=Retrieve.GET)), lacks=f"{INSTANCE}.1.3", tries=99)
    here = hospital(source, selection=Selection(accessions=("ACC1",)))
    export, brought = here.bring()
    assert brought == [Brought.LATER]
    assert here.parts.ledger.announced.counts(export.id) == {AnnouncedState.WAITING: 1}
    assert here.parts.ledger.progress(export.id).items == 0
    assert len(list(here.parts.landing.rglob("*.dcm"))) == 3


class Mute(Forgetful):
    """A PACS that answers others, and nothing about a study."""

    def instances(self, *_: object) -> tuple[FoundInstance, ...]:
        raise SourceAwayError


def test_a_pacs_that_is_away_uses_up_no_try_of_a_study(
    hospital: Callable[..., Region], region: RegionParts, pacs: QrScp
) -> None:
    limits = Limits(days=366, settling_days=0, tries=1)
    here = hospital(selection=Selection(accessions=("ACC1",)), limits=limits)
    run = here.run()
    window = next_window(run)
    assert window is not None
    export = export_of(run, window)
    assert export is not None
    announced, job = region.ledger.announced, here.job(run, export)
    waiting = announced.lease(export.id, "worker", _soon())
    assert waiting is not None
    away = Pacs(replace(pacs.peer(retrieve=Retrieve.GET), port=free_ports(1)[0]))
    assert bring(replace(job, source=away), waiting) is Brought.LATER
    assert announced.lease(export.id, "worker", _soon()) is None  # it rests
    wake(region, "p-1")  # as one does who begins a run
    waiting = announced.lease(export.id, "worker", _soon())
    assert waiting is not None
    mute = Mute(Pacs(pacs.peer(retrieve=Retrieve.GET)), lacks="", tries=0)
    assert bring(replace(job, source=mute), waiting) is Brought.SETTLED
    # Nobody ever said how many objects it has: one at least.
    assert counts(region.ledger.tally(export.id)) == {"UNAVAILABLE": 1}


def test_a_stop_leaves_the_rest_for_the_next_night(
    hospital: Callable[..., Region], region: RegionParts
) -> None:
    here = hospital()
    export, brought = here.bring(most=1)
    assert brought == [Brought.SETTLED]
    assert region.ledger.announced.counts(export.id)[AnnouncedState.WAITING] == 1
    again, rest = here.bring()
    assert (again.id, rest) == (export.id, [Brought.SETTLED])
    assert counts(region.ledger.tally(export.id)) == {"ADMITTED": 8}


@on_both
@pytest.mark.parametrize("step", ["handed over", "claimed", "entered", "walked"])
def test_a_worker_that_dies_at_any_step_doubles_and_loses_nothing(
    hospital: Callable[..., Region],
    region: RegionParts,
    hub: HubParts,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    from flows.exports import bringing
    from flows.walk import study

    here = hospital(selection=Selection(accessions=("ACC1",)))
    run = here.run()
    window = next_window(run)
    assert window is not None
    export = export_of(run, window)
    assert export is not None
    job = here.job(run, export)
    dies = {
        "handed over": (bringing, "_came"),
        "claimed": (bringing, "enroll"),
        "entered": (bringing, "settle"),
        "walked": (study, "_record"),
    }

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    waiting = region.ledger.announced.lease(export.id, "worker", _soon())
    assert waiting is not None
    with monkeypatch.context() as patched:
        patched.setattr(*dies[step], die)
        with pytest.raises(KeyboardInterrupt):
            bring(job, waiting)
    again = region.ledger.announced.lease(export.id, "worker", _soon())
    assert again is None  # its lease is not over
    assert bring(job, waiting) is Brought.SETTLED
    assert counts(region.ledger.tally(export.id)) == {"ADMITTED": 4}
    assert len(search(hub.catalogue, Query()).studies) == 1
    assert not list(region.landing.rglob("*.dcm"))


def test_two_runs_that_have_one_study_end_it_once(
    hospital: Callable[..., Region],
    region: RegionParts,
    hub: HubParts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One lets go of the files while the other is about to read them: its lease was over."""
    from flows.walk import study

    here = hospital(selection=Selection(accessions=("ACC1",)))
    run = here.run()
    window = next_window(run)
    assert window is not None
    export = export_of(run, window)
    assert export is not None
    waiting = region.ledger.announced.lease(export.id, "worker", _soon())
    assert waiting is not None
    walk = study._walk

    def late(mine: Any, pending: Any) -> Any:
        monkeypatch.setattr(study, "_walk", walk)
        study.settle(replace(mine, run="other"))
        return walk(mine, pending)

    monkeypatch.setattr(study, "_walk", late)
    assert bring(here.job(run, export), waiting) is Brought.SETTLED
    assert counts(region.ledger.tally(export.id)) == {"ADMITTED": 4}
    with reading(hub.catalogue) as connection:
        told = connection.execute(select(outcome.c.outcome, outcome.c.instances)).tuples().all()
    assert told == [("ADMITTED", 4)]


@on_both
def test_two_runs_share_an_export(hospital: Callable[..., Region], region: RegionParts) -> None:
    one, other = hospital(who="one"), hospital(who="other")
    one.run()
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda here: here.bring(), (one, other)))
    (first, _), (second, _) = ended
    assert first.id == second.id
    assert [one.id for one in region.ledger.exports()] == [first.id]
    assert sum(len(brought) for _, brought in ended) == 2
    assert counts(region.ledger.tally(first.id)) == {"ADMITTED": 8}


def test_a_plan_that_ran_already_knows_what_it_has(
    hospital: Callable[..., Region], region: RegionParts
) -> None:
    here = hospital(selection=Selection(accessions=("ACC1",)))
    here.bring()
    plan = replace(region.ledger.plans.get("p-1"), id="p-2")
    region.ledger.plans.enter(plan)
    run = replace(here.run(), plan=plan)
    window = next_window(run)
    assert window is not None
    export = export_of(run, window)
    assert export is not None
    waiting = region.ledger.announced.lease(export.id, "worker", _soon())
    assert waiting is not None
    assert bring(here.job(run, export), waiting) is Brought.SETTLED
    assert counts(region.ledger.tally(export.id)) == {"KNOWN": 4}


def _soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=5)


def test_a_stretch_without_studies_ends_without_an_export(
    hospital: Callable[..., Region], region: RegionParts
) -> None:
    here = hospital(selection=Selection(first=date(2022, 1, 1), last=date(2022, 3, 1)))
    run = here.run()
    window = next_window(run)
    assert window is not None
    assert export_of(run, window) is None
    assert next_window(run) is None
    assert region.ledger.plans.get("p-1").state is PlanState.DONE
    assert region.ledger.exports() == ()
