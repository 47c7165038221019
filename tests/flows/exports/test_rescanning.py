"""A PACS is looked at again: what is late comes in, what is gone is held; silence is no proof."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog import holds
from catalog.ledgers.records import Export
from catalog.plans.records import KnownSource, PlanState, SourceKind
from catalog.search import Query, search
from catalog.vocabulary import HoldKind, HoldScope
from flows.deidentifier import Deidentifier
from flows.errors import PlanError, SourceAwayError
from flows.exports.bringing import bring
from flows.exports.content import Limits, Selection
from flows.exports.rescanning import (
    CUT_SHORT,
    FAILED,
    FAR_FEWER,
    GONE,
    NO_LIST,
    SILENT,
    Look,
    is_due,
    rescan,
)
from flows.exports.running import next_window
from flows.sources.network.pacs import Pacs
from flows.sources.network.peer import Retrieve
from flows.wiring import HubParts, RegionParts
from tests.flows.exports.bringing import STUDY, Forgetful, Region
from tests.flows.making import counts
from tests.flows.sources.peers import QRSCP, Go, QrScp, qrscp, send
from tests.flows.test_rejected import note
from tests.objects import INSTANCE, mammogram
from tests.servers import free_ports

VIEWS = ("lcc", "rcc", "lmlo", "rmlo", "lcc")
LIMITS = Limits(days=366, settling_days=14, tries=1, rescan_days=7)
DAY = timedelta(days=1)
FAR_BACK = 3650


def view(study: int, number: int) -> Any:
    return mammogram(
        view=VIEWS[number - 1],
        SOPInstanceUID=f"{INSTANCE}.{study}.{number}",
        StudyInstanceUID=f"{STUDY}.{study}",
        SeriesInstanceUID=f"{STUDY}.{study}.1",
        StudyDate="20230302",
        AccessionNumber=f"ACC{study}",
    )


class Archive:
    """A PACS that objects come into and vanish from."""

    def __init__(self, running: QrScp, folder: Path) -> None:
        self.running, self._folder = running, folder

    def store(self, *objects: Any) -> None:
        send(self.running.port, QRSCP, objects)

    def lose(self, where: str) -> None:
        with sqlite3.connect(self._folder / "instances.sqlite") as connection:
            connection.execute(f"DELETE FROM instance WHERE {where}")

    def forget(self, study: int, number: int) -> None:
        self.lose(f"sop_instance_uid = '{INSTANCE}.{study}.{number}'")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """A study of four views, and one of one."""
    (port,) = free_ports(1)
    with qrscp(tmp_path / "pacs", int(port)) as running:
        made = Archive(running, tmp_path / "pacs")
        made.store(*(view(1, number) for number in range(1, 5)), view(2, 1))
        yield made


class Here(Region):
    """A region whose plan came in already."""

    def look(self, moment: datetime | None = None) -> Look:
        return rescan(self.run(), moment or datetime.now(UTC), FAR_BACK)

    def fetch(self, export_id: str) -> Export:
        run, export = self.run(), self.parts.ledger.export(export_id)
        until = datetime.now(UTC) + DAY
        while (
            waiting := self.parts.ledger.announced.lease(export_id, "worker", until)
        ) is not None:
            bring(self.job(run, export), waiting)
        self.parts.ledger.rescans.end(export_id, datetime.now(UTC))
        return export


@pytest.fixture
def hospital(
    region: RegionParts, deidentify_with: Deidentifier, archive: Archive
) -> Callable[..., Here]:
    def made(**more: Any) -> Here:
        source = Pacs(archive.running.peer(retrieve=Retrieve.GET))
        days = Selection(first=date(2023, 1, 1), last=date(2023, 12, 31))
        return Here(region, deidentify_with, source, days, LIMITS, **more)

    return made


@pytest.fixture
def here(hospital: Callable[..., Here]) -> Here:
    made = hospital()
    export, _ = made.bring()
    assert counts(made.parts.ledger.tally(export.id)) == {"ADMITTED": 5}
    return made


def held(hub: HubParts) -> list[str]:
    return [one.target.value for one in holds.list_holds(hub.catalogue)]


def clean(region: RegionParts, study: int, number: int) -> str | None:
    return region.ledger.by_instance(f"{INSTANCE}.{study}.{number}")[0].clean_sop_uid


def test_a_late_image_comes_into_the_same_clean_study(
    here: Here, archive: Archive, region: RegionParts, hub: HubParts
) -> None:
    nothing = here.look()
    assert (nothing.studies, nothing.late, nothing.export_id, nothing.alarms) == (2, 0, None, [])
    archive.store(view(1, 5))
    look = here.look()
    assert (look.late, look.gone) == (1, 0)
    assert look.export_id is not None
    assert region.ledger.rescans.exports("p-1", unfinished=True) == (look.export_id,)
    here.fetch(look.export_id)
    assert counts(region.ledger.tally(look.export_id)) == {"ADMITTED": 1, "KNOWN": 4}
    assert region.ledger.rescans.exports("p-1", unfinished=True) == ()
    first, late = (region.ledger.by_instance(f"{INSTANCE}.1.{n}")[0] for n in (1, 5))
    assert late.clean_study_uid == first.clean_study_uid
    found = search(hub.catalogue, Query()).studies
    assert sorted(one.images for one in found) == [1, 5]
    assert here.look().late == 0


def test_a_late_study_comes_in_and_is_looked_at_too(
    here: Here, archive: Archive, region: RegionParts
) -> None:
    archive.store(view(3, 1))
    look = here.look()
    assert (look.studies, look.late) == (2, 1)
    assert look.export_id is not None
    here.fetch(look.export_id)
    assert counts(region.ledger.tally(look.export_id)) == {"ADMITTED": 1}
    again = here.look()
    assert (again.studies, again.late) == (3, 0)


def test_what_is_gone_in_two_looks_a_day_apart_is_held(
    here: Here, archive: Archive, region: RegionParts, hub: HubParts
) -> None:
    now = datetime.now(UTC)
    archive.forget(1, 2)
    assert [here.look(now + one).held for one in (0 * DAY, 0.9 * DAY)] == [0, 0]
    assert held(hub) == []
    look = here.look(now + DAY)
    assert (look.gone, look.held, look.alarms) == (1, 1, [])
    (one,) = holds.list_holds(hub.catalogue)
    assert (one.kind, one.target.scope, one.reason) == (
        HoldKind.WITHDRAWN,
        HoldScope.INSTANCE,
        GONE,
    )
    assert one.target.value == clean(region, 1, 2)
    holds.lift(hub.catalogue, one.id, who="officer", reason="a disk of the archive's was away")
    assert here.look(now + 3 * DAY).gone == 0
    assert held(hub) == []


def test_what_is_listed_again_was_never_gone(here: Here, archive: Archive, hub: HubParts) -> None:
    now = datetime.now(UTC)
    archive.forget(1, 2)
    assert here.look(now).gone == 1
    archive.store(view(1, 2))
    assert here.look(now + DAY).gone == 0
    archive.forget(1, 2)
    assert here.look(now + 2 * DAY).held == 0
    assert held(hub) == []
    assert here.look(now + 3 * DAY).held == 1


def test_a_study_that_is_gone_is_held_image_by_image(
    here: Here, archive: Archive, region: RegionParts, hub: HubParts
) -> None:
    now = datetime.now(UTC)
    archive.lose(f"study_instance_uid = '{STUDY}.2'")
    for one in (now, now + DAY):
        assert here.look(one).alarms == []
    assert held(hub) == [clean(region, 2, 1)]


def test_a_source_that_proves_nothing_takes_nothing_back(
    here: Here, archive: Archive, hub: HubParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> Any:
        raise SourceAwayError

    def look_often(alarm: str) -> None:
        now = datetime.now(UTC)
        for one in (now, now + DAY, now + 2 * DAY):
            look = here.look(one)
            assert {said.partition(": ")[2] for said in look.alarms} == {alarm}
            assert look.export_id is None
        assert held(hub) == []

    for instead, alarm in ((fails, FAILED), (lambda *_: (), NO_LIST)):
        with monkeypatch.context() as patched:
            patched.setattr(here.source, "instances", instead)
            look_often(alarm)
    archive.lose(f"sop_instance_uid IN ('{INSTANCE}.1.2', '{INSTANCE}.1.3')")
    look_often(FAR_FEWER)
    archive.lose("1 = 1")
    look_often(SILENT)


def test_a_source_cannot_take_a_fifth_of_the_rest_again_and_again(
    hospital: Callable[..., Here], archive: Archive, hub: HubParts
) -> None:
    archive.store(*(view(3, number) for number in range(1, 6)))
    here, now = hospital(), datetime.now(UTC)
    here.bring()
    for number in (1, 2):
        archive.forget(3, number)
    assert [here.look(now + one * DAY).held for one in (0, 1)] == [0, 2]
    archive.forget(1, 1)  # one of the eight that are left
    for days in (2, 3):
        look = here.look(now + days * DAY)
        assert (look.gone, look.held, len(look.alarms)) == (1, 0, 1)
        assert FAR_FEWER in look.alarms[0]
        archive.store(*(view(3, number) for number in (1, 2)))  # held all the same
    assert len(held(hub)) == 2
    assert [here.look(now + days * DAY).held for days in (100, 101)] == [0, 1]


def test_a_note_that_comes_late_is_fetched_and_obeyed(
    here: Here, archive: Archive, region: RegionParts, hub: HubParts
) -> None:
    uids = {"StudyInstanceUID": f"{STUDY}.1", "SeriesInstanceUID": f"{STUDY}.1.90"}
    archive.store(note([view(1, 2)], **uids))
    look = here.look()
    assert look.export_id is not None
    here.fetch(look.export_id)
    assert counts(region.ledger.tally(look.export_id)) == {"KNOWN": 3, "REFUSED": 2}
    assert held(hub) == [clean(region, 1, 2)]
    archive.forget(1, 2)
    again = here.look()
    assert (again.late, again.gone) == (0, 0)


def test_a_look_that_is_cut_short_says_so(here: Here) -> None:
    here.stop = Go(after=0)
    look = here.look()
    assert (look.alarms, look.studies, look.gone) == ([CUT_SHORT], 0, 0)


def test_looks_are_due_by_the_plan_and_keep_it_going(here: Here, region: RegionParts) -> None:
    now, run = datetime.now(UTC), here.run()
    assert next_window(run) is None
    assert region.ledger.plans.get("p-1").state is PlanState.ACTIVE
    assert not is_due(run, now)
    assert not is_due(run, now + 6 * DAY)
    assert is_due(run, now + 7 * DAY - timedelta(hours=1))
    rescan(run, now + 7 * DAY, FAR_BACK)
    assert not is_due(run, now + 8 * DAY)
    assert is_due(run, now + 14 * DAY)
    content = run.content.model_copy(update={"limits": Limits(rescan_days=0)})
    assert not is_due(replace(run, content=content), now + 14 * DAY)


def test_a_folder_is_not_looked_at_again(region: RegionParts, hospital: Any) -> None:
    here = hospital()
    run = here.run()
    region.ledger.plans.set_source(KnownSource("folder", SourceKind.FOLDER, "{}"))
    with pytest.raises(PlanError):
        rescan(replace(run, plan=replace(run.plan, source="folder")), datetime.now(UTC))


def test_what_a_pacs_did_not_give_is_asked_for_again(
    hospital: Callable[..., Here], archive: Archive
) -> None:
    lacks = f"{INSTANCE}.1.3"
    source = Forgetful(Pacs(archive.running.peer(retrieve=Retrieve.GET)), lacks=lacks, tries=3)
    here = hospital()
    here.source = source
    export, _ = here.bring()
    assert counts(here.parts.ledger.tally(export.id)) == {"ADMITTED": 4, "UNAVAILABLE": 1}
    look = here.look()
    assert look.late == 1
    assert look.export_id is not None
    here.fetch(look.export_id)
    assert counts(here.parts.ledger.tally(look.export_id)) == {"ADMITTED": 1, "KNOWN": 3}
    assert here.look().late == 0
