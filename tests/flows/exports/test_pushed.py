"""What is pushed unasked comes in by a plan, and each object of it ends in exactly one outcome."""

import dataclasses
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from catalog.changes.rescans import Looked
from catalog.ledgers.records import Export
from catalog.outcome import Outcome
from catalog.plans.records import Announced, PlanState
from catalog.search import Query, search
from flows.cli.status_lines import region_lines
from flows.errors import PlanError, SourceError
from flows.exports import planning
from flows.exports.content import Content, Selection
from flows.exports.pushed import announce, end_unasked, require_own, standing
from flows.ingest.pushes import next_pushed
from flows.review import reviews
from flows.sources.awaiting import awaiting
from flows.sources.definition import describe
from flows.sources.landing import Landing
from flows.status import metrics
from flows.status.region import region_status
from flows.walk.verdict import NOT_AS_ANNOUNCED
from flows.wiring import HubParts, RegionParts
from tests import receiving
from tests.flows.conftest import DECISION, on_both
from tests.flows.exports.pushing import EVERYTHING, SOON, STUDY, Pushed, here, push, push_odd, views
from tests.objects import INSTANCE

__all__ = ["here"]


@on_both
def test_what_was_pushed_comes_in_and_the_landing_is_empty(here: Pushed, hub: HubParts) -> None:
    here.plan("PACS", "MODALITY")
    push(here, *views(1))
    push(here, *views(2), calling="MODALITY")
    assert here.tally(here.take()) == {"ADMITTED": 4}
    assert len(search(hub.catalogue, Query()).studies) == 2
    assert not here.left()
    assert here.take() is None
    notes = (here.parts.landing / "senders").rglob("[0-9a-f]*")
    assert not [one for one in notes if one.is_file()]


def test_late_images_are_the_same_study_and_corrected_headers_revisions(
    here: Pushed, hub: HubParts
) -> None:
    here.plan("PACS")
    push(here, *views(1))
    here.take()
    push(here, *views(1, "lcc", "rcc", "lmlo"))
    assert here.tally(here.take()) == {"ADMITTED": 1, "KNOWN": 2}
    push(here, *views(1, "lcc", PatientAge="051Y"))
    assert here.tally(here.take()) == {"REVISED": 1}
    assert len(search(hub.catalogue, Query()).studies) == 1


def test_a_study_that_still_comes_is_left(here: Pushed) -> None:
    here.plan("PACS", quiet=3600)
    push(here, *views(1))
    assert here.take() is None
    assert len(here.left()) == 2


def aged(here: Pushed, days: int) -> None:
    """Let what lies here be so old."""
    for path in here.left():
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - days * 86_400))


def test_a_study_that_never_gets_quiet_is_taken_a_day_after_its_first_object(here: Pushed) -> None:
    here.plan("PACS", quiet=3600)
    first, later = views(1)
    push(here, first)
    aged(here, 1)
    push(here, later)
    assert here.tally(here.take()) == {"ADMITTED": 2}
    push(here, *views(1, "lmlo", "rmlo", "lcc")[2:])
    assert here.take() is None  # it counts anew
    aged(here, 1)
    assert here.tally(here.take()) == {"ADMITTED": 1}


def test_what_nobody_asked_for_ends_by_its_first_object_unless_it_is_fetched(
    here: Pushed, region: RegionParts
) -> None:
    first, later = views(1)
    push(here, first)
    aged(here, 31)
    push(here, later)
    with awaiting(Landing(region.landing), first.StudyInstanceUID):
        assert end_unasked(region) == 0
    assert end_unasked(region) == 2
    assert not here.left()


def test_what_came_by_c_move_is_not_taken(here: Pushed) -> None:
    here.plan("PACS")
    (image,) = views(1, "lcc")
    transfer = image.file_meta.TransferSyntaxUID
    with receiving.associated(here.address, image.SOPClassUID, (transfer,)) as peer:
        assert receiving.stored(peer, image, originator_aet="MAMMO", originator_id=3) == 0
    assert here.take() is None
    assert len(here.left()) == 1


def test_what_an_export_fetches_now_is_left_to_it(here: Pushed, region: RegionParts) -> None:
    here.plan("PACS")
    push(here, *views(1))
    path = str(region.landing / "e-1" / "received")
    region.ledger.register_export(Export("e-1", "prov", path, 0, DECISION))
    region.ledger.announced.announce("e-1", [Announced(f"{STUDY}.1")])
    assert region.ledger.announced.lease("e-1", "other", datetime.now(UTC) + SOON)
    assert here.take() is None
    region.ledger.announced.release("other")
    assert here.tally(here.take()) == {"ADMITTED": 2}


def test_a_run_that_died_is_gone_on_with(here: Pushed, region: RegionParts) -> None:
    here.plan("PACS")
    push(here, *views(1))
    run, opened = here.run()
    export_id = announce(run)
    assert region.ledger.rescans.exports("p-pushes", unfinished=True) == (export_id,)
    assert export_id is not None
    assert here.tally(here.bring(run, opened, export_id)) == {"ADMITTED": 2}


def test_what_is_not_as_announced_ends_in_quarantine(here: Pushed, region: RegionParts) -> None:
    here.plan("PACS")
    (image,) = views(1, "lcc")
    image.SOPInstanceUID = f"{INSTANCE}.77"
    body = receiving.bare(image)
    assert push_odd(here, body) == 0xA900
    assert push_odd(here, b"\xff" * 4000, "9.9.8") == 0xC000
    export = here.take()
    assert here.tally(export) == {"SUSPECT": 1, "UNREADABLE": 1}
    assert export is not None
    assert NOT_AS_ANNOUNCED in {why for _, why in region.ledger.reasons(export.id)}
    assert len(reviews.waiting(region)) == 2
    assert not here.left()


def test_what_no_plan_covers_is_shown_and_ends(here: Pushed, region: RegionParts) -> None:
    here.plan("PACS")
    push(here, *views(1), calling="STRANGER")
    push_odd(here, b"\xff" * 400)
    landing = Landing(region.landing)
    assert here.tally(here.take()) == {"UNREADABLE": 1}
    assert standing(region.ledger, landing).unasked.files == 2
    told = region_status(region.ledger, region.landing, datetime.now(UTC))
    text = "\n".join(region_lines(told))
    assert "prov/pushes: nothing waits" in text
    assert "no plan covers them: 1 study, 2 objects: the oldest waits" in text
    assert "mammo_unasked_objects 2.0" in metrics.text(told)
    assert "STRANGER" not in text + metrics.text(told)
    assert end_unasked(region) == 0
    gone = dataclasses.replace(region, unasked=timedelta(0))
    assert end_unasked(gone) == 2
    assert region.ledger.unasked.ended() == {Outcome.REFUSED: 2}
    assert not here.left()
    assert standing(region.ledger, landing).unasked.files == 0
    told = region_status(region.ledger, region.landing, datetime.now(UTC))
    assert 'mammo_unasked_ended_total{outcome="REFUSED"} 2.0' in metrics.text(told)


def test_a_paused_plan_still_covers_and_a_cancelled_one_does_not(
    here: Pushed, region: RegionParts
) -> None:
    here.plan("PACS")
    push(here, *views(1))
    landing = Landing(region.landing)
    region.ledger.plans.move("p-pushes", PlanState.PAUSED)
    assert standing(region.ledger, landing).covered[("prov", "pushes")].files == 2
    assert end_unasked(dataclasses.replace(region, unasked=timedelta(0))) == 0
    region.ledger.plans.move("p-pushes", PlanState.CANCELLED)
    assert standing(region.ledger, landing).unasked.files == 2


def test_what_an_export_waits_for_is_left_to_it_until_its_plan_is_over(
    here: Pushed, region: RegionParts
) -> None:
    here.plan("PACS")
    (image,) = views(1, "lcc")
    transfer = image.file_meta.TransferSyntaxUID
    with receiving.associated(here.address, image.SOPClassUID, (transfer,)) as peer:
        assert receiving.stored(peer, image, originator_aet="MAMMO", originator_id=3) == 0
    push(here, *views(2), calling="STRANGER")
    path = str(region.landing / "e-1" / "received")
    looked = Looked("p-pushes", 1, datetime.now(UTC))
    found = [Announced(f"{STUDY}.1")]
    region.ledger.begin_look(Export("e-1", "prov", path, 0, DECISION), found, looked)
    region.ledger.plans.move("p-pushes", PlanState.PAUSED)
    gone = dataclasses.replace(region, unasked=timedelta(0))
    assert end_unasked(gone) == 2
    assert len(here.left()) == 1
    region.ledger.plans.move("p-pushes", PlanState.CANCELLED)
    assert end_unasked(gone) == 1
    assert not here.left()


def test_a_study_that_two_sources_push_is_neithers(here: Pushed, region: RegionParts) -> None:
    here.plan("PACS")
    here.plan("OTHER", name="others")
    push(here, *views(1, "lcc"))
    push(here, *views(1, "lcc", "rcc")[1:], calling="OTHER")
    assert here.take() is None
    assert here.take("others") is None
    assert standing(region.ledger, Landing(region.landing)).unasked.files == 2


def test_two_runs_at_once_announce_a_study_once(here: Pushed, region: RegionParts) -> None:
    here.plan("PACS")
    push(here, *views(1))
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(next_pushed, [here.run()[0] for _ in range(4)]))
    (export_id,) = region.ledger.rescans.exports("p-pushes")
    assert len(region.ledger.announced.studies(export_id)) == 1


def test_two_upkeeps_at_once_count_once(here: Pushed, region: RegionParts) -> None:
    push(here, *(image for study in range(20) for image in views(study)))
    for study in (region.landing / "received").iterdir():  # so that it goes file by file
        (study / ".0.0.partial").touch()
    gone = dataclasses.replace(region, unasked=timedelta(0))
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(end_unasked, [gone] * 4)) == 40
    assert region.ledger.unasked.ended() == {Outcome.REFUSED: 40}
    assert not here.left()


def test_what_another_moves_into_a_pushed_study_makes_it_neithers(
    here: Pushed, region: RegionParts
) -> None:
    """Any peer may say that it answers a C-MOVE."""
    here.plan("PACS")
    mine, others = views(1)
    push(here, mine)
    transfer = others.file_meta.TransferSyntaxUID
    with receiving.associated(
        here.address, others.SOPClassUID, (transfer,), calling="OTHER"
    ) as peer:
        assert receiving.stored(peer, others, originator_aet="MAMMO", originator_id=3) == 0
    assert here.take() is None
    assert standing(region.ledger, Landing(region.landing)).unasked.files == 2
    assert end_unasked(dataclasses.replace(region, unasked=timedelta(0))) == 2
    assert not [one for one in region.landing.rglob("senders/*/*[0-9a-f]") if one.is_file()]


def test_what_another_pushes_after_a_study_was_announced_is_not_taken(
    here: Pushed, region: RegionParts
) -> None:
    """Between the two may lie a night, or a pause."""
    here.plan("PACS")
    mine, others = views(1)
    push(here, mine)
    run, opened = here.run()
    export_id = announce(run)
    assert export_id is not None
    push(here, others, calling="OTHER")
    assert here.tally(here.bring(run, opened, export_id)) == {"UNAVAILABLE": 1}
    assert standing(region.ledger, Landing(region.landing)).unasked.files == 2


def test_a_crash_while_it_ends_counts_once(
    here: Pushed, region: RegionParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(here, *views(1))
    gone = dataclasses.replace(region, unasked=timedelta(0))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("flows.exports.pushed.shutil.rmtree", die)
        with pytest.raises(KeyboardInterrupt):
            end_unasked(gone)
    assert end_unasked(gone) == 2
    assert region.ledger.unasked.ended() == {Outcome.REFUSED: 2}
    assert not here.left()


def test_a_sender_has_one_source_and_a_source_one_plan(
    here: Pushed, region: RegionParts, tmp_path: Path
) -> None:
    here.plan("PACS")
    other = describe("others", {"kind": "PUSHED", "calling": ["X", "PACS"]})
    with pytest.raises(SourceError, match="another source"):
        require_own(region.ledger, other)
    require_own(region.ledger, describe("pushes", {"kind": "PUSHED", "calling": ["PACS"]}))
    decision = tmp_path / "decision.toml"
    decision.write_text(
        'reference = "D"\nlegal_basis = "b"\npurpose = "p"\ncontroller = "c"\n'
        f"valid_until = {DECISION.valid_until}\n"
    )
    enter = planning.enter
    with pytest.raises(PlanError, match="one plan"):
        enter(region, "prov", "pushes", EVERYTHING, decision=decision, who="Eva")
    dated = Content(selection=Selection(first=date(2026, 1, 1)))
    with pytest.raises(PlanError, match="taken whole"):
        enter(region, "prov", "pushes", dated, decision=decision, who="Eva")
