"""The region's side: quarantine, landing, exports, and what the hub knows."""

import io
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog import database
from catalog.changes.rescans import Looked
from catalog.holders import add_holder, add_region
from catalog.ledgers.records import Export
from catalog.ledgers.tables import export
from catalog.plans.records import Announced, KnownSource, Plan, PlanState, SourceKind
from catalog.publishing.publish import CataloguePublisher
from catalog.records import Holder, Region
from flows.quarantine.originals import quarantine
from flows.reconcile.kinds import Kind
from flows.review import reviews
from flows.sources.landing import Landing
from flows.walk.study import StudyRun, settle
from tests import objects
from tests.flows.conftest import DECISION, on_both
from tests.flows.making import counts, enrolled, put, registered, walked
from tests.flows.reconcile.conftest import WEEK, later

LATER = later(hours=2)  # by then nobody is at work any more


def sealed(region, name: str) -> str:
    return quarantine(
        io.BytesIO(b"an original"),
        region.quarantine,
        region.keys.quarantine(),
        name=name,
        scratch=region.landing,
    )


def first(region) -> tuple[str, int]:
    (export,) = region.ledger.exports()
    _, published = region.ledger.inventory.published()
    return export.id, min(one.item_id for one in published)


@pytest.fixture
def done(stocked):
    """An export that ended as it should, its folder in the landing gone."""
    for path in stocked.landing.iterdir():
        shutil.rmtree(path)
    return stocked


@on_both
def test_where_all_is_as_it_should_be_nothing_is_found(done, waits_too, look_here):
    for changes in ({}, {"mend": True}):
        report = look_here(moment=LATER, **changes)
        assert (report.found, report.is_well) == ({}, True)


@pytest.fixture
def waits_too(region, deidentify_with, tmp_path):
    """Beside it, an original in quarantine that people are to look at."""
    folder = tmp_path / "other"
    folder.mkdir()
    put(folder, objects.truncated())
    walked(region, deidentify_with, registered(region, folder, DECISION, 1))
    for path in region.landing.iterdir():
        shutil.rmtree(path)
    (one,) = reviews.waiting(region)
    return one.review


@on_both
def test_what_is_sealed_of_a_file_that_ended_otherwise_goes(done, look_here):
    export_id, item = first(done)
    key = sealed(done, f"{export_id}/{item}")
    assert look_here(mend=True, older=WEEK).found == {Kind.YOUNG: 1}
    assert look_here().found == {Kind.SEALED_ORPHAN: 1}
    report = look_here(mend=True)
    assert (report.mended, report.is_well) == ({Kind.SEALED_ORPHAN: 1}, True)
    assert key not in list(done.quarantine.keys())
    assert look_here(mend=True).found == {}


def test_what_a_run_sealed_and_could_not_record_waits_for_it(
    region, deidentify_with, export_folder, look_here
):
    put(export_folder, objects.truncated())
    export = registered(region, export_folder, DECISION, 1)
    ordinals = enrolled(region, export)
    this = StudyRun(region, deidentify_with, export, ordinals[-1], "norr", "run")

    def die(*_endings, **_run):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(region.ledger, "record", die)
        with pytest.raises(KeyboardInterrupt):
            settle(this)
    assert len(list(region.quarantine.keys())) == 1
    report = look_here(mend=True, moment=LATER)
    assert report.found == {Kind.UNENDED: 1}
    assert len(list(region.quarantine.keys())) == 1
    assert counts(walked(region, deidentify_with, export)) == {"UNREADABLE": 1}


def test_what_the_ledger_does_not_know_is_told_and_kept(done, look_here):
    sealed(done, "lost-export/7")
    sealed(done, "side-tables/p-none")
    sealed(done, "strange")
    sealed(done, f"lost-export/{'9' * 30}")
    report = look_here(mend=True)
    assert (report.found, report.is_well) == ({Kind.SEALED_UNKNOWN: 4}, False)
    assert len(list(done.quarantine.keys())) == 4


@on_both
def test_a_review_whose_original_is_gone_is_told(region, waits_too, look_here):
    region.quarantine.remove(waits_too.original_key)
    report = look_here(mend=True, moment=LATER)
    assert (report.found, report.is_well) == ({Kind.SEALED_LOST: 1}, False)
    assert report.named[Kind.SEALED_LOST] == [f"review {waits_too.id}"]
    reviews.reject(region, waits_too.id, who="anna", reason="its original is lost")
    assert look_here(mend=True, moment=LATER).found == {}


def test_a_sealed_original_with_a_flipped_byte_is_told(region, waits_too, look_here):
    key = waits_too.original_key
    data, label = bytearray(b"".join(region.quarantine.get(key))), region.quarantine.stat(key)
    data[9] ^= 1
    region.quarantine._client.put_object(
        "own-quarantine",
        key,
        io.BytesIO(bytes(data)),
        len(data),
        metadata={"sha256": label.sha256},
    )
    assert look_here(moment=LATER).found == {}
    assert look_here(moment=LATER, sums=True).found == {Kind.SEALED_LOST: 1}


@on_both
def test_an_export_that_stopped_is_told_and_nothing_of_it_is_touched(
    crash, region, look_here, deidentify_with
):
    export_id = crash()
    left = region.landing / export_id
    left.mkdir(exist_ok=True)
    assert look_here(mend=True).found == {Kind.UNDER_WAY: 1}
    report = look_here(mend=True, moment=LATER)
    assert (report.found, report.is_well) == ({Kind.UNENDED: 1}, False)
    assert report.named[Kind.UNENDED] == [f"export {export_id}"]
    assert left.is_dir()
    walked(region, deidentify_with, region.ledger.export(export_id))
    report = look_here(mend=True, moment=LATER)
    assert (report.found, report.is_well) == ({Kind.LEFTOVER: 1}, True)
    assert not left.exists()


def test_an_export_of_which_less_came_than_claimed(done, look_here):
    with database.writing(done.ledger._engine) as connection:
        connection.execute(export.update().values(claimed=5))
    report = look_here(moment=LATER, mend=True)
    assert (report.found, report.is_well) == ({Kind.SUMS: 1}, False)


def test_an_export_that_was_registered_and_never_begun(region, export_folder, four, look_here):
    registered(region, export_folder, DECISION, 4)
    assert look_here(moment=LATER).found == {Kind.UNENDED: 1}


@on_both
def test_an_export_with_which_no_plan_goes_on_is_told(region, look_here):
    plans = region.ledger.plans
    plans.set_source(KnownSource("pacs", SourceKind.DICOM, "{}"))
    plans.enter(Plan("p-1", "prov", "pacs", DECISION, "{}", PlanState.ACTIVE, "Eva"))
    path = str(region.landing / "e-1" / "received")
    looked = Looked("p-1", 1, datetime.now(UTC))
    region.ledger.begin_look(Export("e-1", "prov", path, 0, DECISION), [Announced("1.2")], looked)
    plans.move("p-1", PlanState.PAUSED)
    report = look_here(moment=LATER)
    assert (report.found, report.is_well) == ({Kind.UNDER_WAY: 1}, True)
    plans.move("p-1", PlanState.CANCELLED)
    assert look_here().found == {Kind.UNDER_WAY: 1}
    report = look_here(moment=LATER)
    assert (report.found, report.is_well) == ({Kind.UNENDED: 1}, False)
    region.ledger.register_export(Export("e-2", "prov", path, 0, DECISION))
    region.ledger.announced.announce("e-2", [Announced("1.3")])
    assert look_here(moment=LATER).named[Kind.UNENDED] == ["export e-1", "export e-2"]


@on_both
def test_images_that_the_hub_forgot_are_told(done, look_here, region_databases):
    other = database.connect(region_databases("catalogue"))
    add_region(other, Region("norr", "Region Norr"))
    add_holder(other, Holder("prov", "norr", "Provsjukhuset"))
    restored = replace(done, publisher=CataloguePublisher(other))
    report = look_here(of=restored, mend=True)
    assert (report.found, report.is_well) == ({Kind.UNPUBLISHED: 4}, False)
    assert look_here(of=restored, since=later(days=1)).found == {}
    other.dispose()


def test_a_folder_of_nobody_is_not_named(region, look_here):
    (region.landing / "look-x7").mkdir()
    (region.landing / "look-x7" / "original").write_bytes(b"an original")
    waits = region.landing / "kept" / "received"
    waits.mkdir(parents=True)
    assert look_here(mend=True, older=WEEK).found == {}
    report = look_here(mend=True)
    assert (report.mended, report.named) == ({Kind.LEFTOVER: 1}, {Kind.LEFTOVER: []})
    assert sorted(path.name for path in region.landing.iterdir()) == ["kept"]


WRITING = """
import sys, time
from pathlib import Path
from flows.sources.landing import Landing
with Landing(Path(sys.argv[1])).study("1.2.3").store("1.2.3.4") as sink:
    sink.write(b"part")
    print("writes", flush=True)
    time.sleep(60)
"""


def writer(landing: Path) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-c", WRITING, str(landing)]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, env=os.environ)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_what_a_dead_writer_left_goes_and_a_living_one_is_not_disturbed(region, look_here):
    living, dead = writer(region.landing), writer(region.landing)
    try:
        dead.kill()
        dead.wait()
        assert look_here().found == {Kind.PARTIAL: 1}
        report = look_here(mend=True)
        assert (report.found, report.is_well) == ({Kind.PARTIAL: 1}, True)
        assert look_here(mend=True).found == {}
        assert len(list(region.landing.rglob(".*.partial"))) == 1
    finally:
        for one in (living, dead):
            one.kill()
            one.wait()
            one.stdout.close()


def test_what_was_received_and_not_taken_is_told_and_stays(region, look_here):
    with Landing(region.landing).study("1.2.3").store("1.2.3.4") as sink:
        sink.write(b"an object")
    assert look_here(older=WEEK).found == {}
    report = look_here(mend=True)
    assert (report.found, report.is_well) == ({Kind.RECEIVED: 1}, True)
    assert len(list(Landing(region.landing).studies())) == 1
