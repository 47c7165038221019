import contextlib
import dataclasses
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import JPEGLSLossless, RLELossless

from catalog.errors import RetriableError, StorageError
from catalog.holders import add_holder
from catalog.outcome import Outcome, Tally
from catalog.publish import export_tally
from catalog.records import ExportSummary, Holder
from catalog.search import Query, search
from catalog.study_rows import clean_key
from catalog.vocabulary import ProtectionSource
from flows import admit as module
from flows import registry, verdict
from flows.deidentifier import Deidentifier
from flows.errors import DiskFullError, ExportRefusedError, SourceError
from flows.seal import unseal
from flows.study import StudyRun, settle
from flows.wiring import RegionParts
from tests import archives, objects
from tests.flows.conftest import DECISION, decision
from tests.flows.making import enrolled, four_views, put, registered, walked
from tests.objects import mammogram, part10
from tests.servers import S3Server

Ingest = Callable[..., Tally]


@pytest.fixture
def ingest(
    region: RegionParts, deidentify_with: Deidentifier, export_folder: Path
) -> Callable[..., Tally]:
    def run(claimed: int | None = None) -> Tally:
        export = registered(region, export_folder, DECISION, claimed)
        return walked(region, deidentify_with, export)

    return run


def counts(tally: Tally) -> dict[str, int]:
    assert tally.matches
    return {outcome.value: number for outcome, number in tally.counts.items() if number}


def test_a_study_is_stored_catalogued_and_accounted_for(region, ingest, export_folder):
    put(export_folder, *four_views())
    assert counts(ingest()) == {"ADMITTED": 4}
    (found,) = search(region.publisher._engine, Query()).studies
    assert (found.instances, found.views, found.exam_year) == (4, ("CC", "MLO"), 2023)
    assert not list(region.landing.rglob("*.dcm"))


def test_what_is_stored_names_nobody(region, ingest, export_folder):
    original = mammogram(syntax=JPEGLSLossless)
    put(export_folder, part10(original))
    ingest()
    (trace,) = region.ledger.by_instance(original.SOPInstanceUID)
    key = clean_key(region.publisher._engine, trace.clean_sop_uid)
    stored = b"".join(region.clean.get(key))
    clean = pydicom.dcmread(io.BytesIO(stored))
    assert clean.PixelData == original.PixelData
    for secret in objects.secrets_of(original):
        assert secret not in key
        assert secret.encode("latin-1") not in stored.replace(clean.PixelData, b"")


def test_running_twice_stores_nothing_twice(region, ingest, export_folder):
    put(export_folder, *four_views())
    assert counts(ingest()) == {"ADMITTED": 4}
    keys = sorted(region.clean.keys())
    assert counts(ingest()) == {"KNOWN": 4}
    assert sorted(region.clean.keys()) == keys


def test_another_header_is_a_revision(ingest, export_folder):
    put(export_folder, *four_views())
    ingest()
    put(export_folder, *four_views(KVP="31"))
    assert counts(ingest()) == {"REVISED": 4}
    assert counts(ingest()) == {"KNOWN": 4}


def test_other_pixels_are_a_conflict_and_never_stored(region, ingest, export_folder):
    one, other = map(part10, objects.same_uid_other_pixels())
    put(export_folder, one)
    ingest()
    keys = set(region.clean.keys())
    put(export_folder, other)
    assert counts(ingest()) == {"CONFLICT": 1}
    assert set(region.clean.keys()) == keys


def test_the_same_uid_twice_in_one_export(ingest, export_folder):
    one, other = map(part10, objects.same_uid_other_pixels())
    put(export_folder, one, other, one)
    assert counts(ingest()) == {"ADMITTED": 1, "CONFLICT": 1, "KNOWN": 1}


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        (objects.not_dicom(), "UNREADABLE"),
        (b"", "UNREADABLE"),
        (objects.truncated(), "UNREADABLE"),
        (part10(objects.no_pixel_data()), "REFUSED"),
        (part10(objects.no_identity()), "REFUSED"),
        (part10(objects.ultrasound()), "REFUSED"),
        (part10(objects.screen_save()), "REFUSED"),
        (part10(objects.encapsulated_pdf()), "REFUSED"),
        (part10(mammogram(BurnedInAnnotation="YES")), "REFUSED"),
    ],
)
def test_bad_input_ends_in_a_named_outcome_and_others_go_on(
    ingest, export_folder, content, outcome
):
    good = part10(mammogram(SOPInstanceUID=f"{objects.INSTANCE}.9"))
    put(export_folder, good, content)
    assert counts(ingest()) == {"ADMITTED": 1, outcome: 1}


def test_two_patients_in_one_study_are_both_refused(ingest, export_folder):
    put(export_folder, *map(part10, objects.two_patients_study()))
    assert counts(ingest()) == {"REFUSED": 2}


def test_one_woman_written_in_two_ways_is_one_person(ingest, export_folder):
    other = mammogram(view="rcc", SOPInstanceUID=f"{objects.INSTANCE}.2", PatientID="195703129808")
    put(export_folder, part10(mammogram()), part10(other))
    assert counts(ingest()) == {"ADMITTED": 2}


def test_text_in_the_pixels_is_blanked(region, ingest, export_folder):
    frame = objects.phantom(1200, 900)
    plain = mammogram(pixels=frame)
    texts = mammogram(pixels=frame, text="ÖHRSTRÖM ÅSA 570312-9808", syntax=RLELossless)
    put(export_folder, part10(texts))
    assert counts(ingest()) == {"ADMITTED": 1}
    (trace,) = region.ledger.by_instance(plain.SOPInstanceUID)
    key = clean_key(region.publisher._engine, trace.clean_sop_uid)
    clean = pydicom.dcmread(io.BytesIO(b"".join(region.clean.get(key)))).pixel_array
    drawn = texts.pixel_array != frame
    assert drawn.sum() > 1000
    assert (clean[drawn] == clean[drawn][0]).all()
    assert (clean[~drawn] == frame[~drawn]).mean() > 0.95


def test_what_may_be_wrong_waits_sealed_and_once(region, deidentify_with, ingest, export_folder):
    one, other = map(part10, objects.same_uid_other_pixels())
    put(export_folder, one)
    ingest()
    put(export_folder, other, objects.truncated())
    export = registered(region, export_folder, DECISION)
    ordinals = enrolled(region, export)
    broken = dataclasses.replace(region, publisher=Flaky(region.publisher, 2))
    for parts in (broken, broken, region):
        for ordinal in ordinals:
            with contextlib.suppress(RetriableError):
                settle(StudyRun(parts, deidentify_with, export, ordinal, "norr", "run"))
    sealed = [b"".join(region.quarantine.get(key)) for key in region.quarantine.keys(export.id)]
    opened = [b"".join(unseal(io.BytesIO(one), region.keys.quarantine())) for one in sealed]
    assert sorted(opened) == sorted([other, objects.truncated()])


def test_a_vanished_file_is_unavailable(region, deidentify_with, export_folder):
    put(export_folder, *four_views())
    export = registered(region, export_folder, DECISION)
    ordinals = enrolled(region, export)
    (export_folder / "IM00003").unlink()
    for ordinal in ordinals:
        settle(StudyRun(region, deidentify_with, export, ordinal, "norr", "run"))
    assert counts(region.ledger.tally(export.id)) == {"ADMITTED": 3, "UNAVAILABLE": 1}


def test_what_is_claimed_and_not_there_is_unavailable(ingest, export_folder):
    put(export_folder, *four_views())
    assert counts(ingest(claimed=6)) == {"ADMITTED": 4, "UNAVAILABLE": 2}


def test_more_than_was_claimed_is_refused(region, export_folder):
    put(export_folder, *four_views())
    export = registered(region, export_folder, DECISION, 3)
    with pytest.raises(ExportRefusedError, match="claims 3 instances and holds 4"):
        enrolled(region, export)


def test_an_examination_is_found_by_its_accession_number(region, ingest, export_folder):
    put(export_folder, *four_views())
    ingest()
    found = region.ledger.by_accession(objects.IDENTITY["AccessionNumber"])
    assert [trace.outcome for trace in found] == [Outcome.ADMITTED] * 4
    assert [trace.revision for trace in found] == [1] * 4


def test_the_hub_s_tally_agrees_with_the_ledger_s(region, ingest, export_folder):
    put(export_folder, *four_views(), objects.not_dicom(), objects.truncated())
    tally = ingest(claimed=6)
    (export,) = region.ledger.exports()
    region.publisher.record_tally(ExportSummary(export.id, "prov", "D-1", tally))
    there = export_tally(region.publisher._engine, export.id)
    assert {k: v for k, v in there.counts.items() if v} == {
        k: v for k, v in tally.counts.items() if v
    }
    assert counts(tally) == {"ADMITTED": 4, "UNREADABLE": 2, "UNAVAILABLE": 1}


@pytest.mark.parametrize("source", [ProtectionSource.UNKNOWN, ProtectionSource.SIDE_TABLE])
def test_without_a_protection_flag_nothing_passes(region, deidentify_with, export_folder, source):
    put(export_folder, *four_views(), objects.truncated(), objects.not_dicom())
    export = registered(region, export_folder, decision(protection_source=source))
    before = set(region.quarantine.keys())
    tally = walked(region, deidentify_with, export)
    assert counts(tally) == {"REFUSED": 5, "UNREADABLE": 1}
    assert set(region.quarantine.keys()) == before


def test_a_zip_in_a_folder_is_ingested_and_the_landing_emptied(region, ingest, export_folder):
    members = {f"Provström/IM{n}": content for n, content in enumerate(four_views())}
    (export_folder / "cd.zip").write_bytes(archives.zip_of(members))
    assert counts(ingest()) == {"ADMITTED": 4}
    assert [path for path in region.landing.rglob("*") if path.is_file()] == []


def test_a_bomb_and_a_slip_end_in_named_outcomes(region, ingest, export_folder):
    (export_folder / "bomb.zip").write_bytes(archives.zip_bomb(100))
    (export_folder / "slip.zip").write_bytes(archives.zip_slip())
    assert counts(ingest()) == {"ADMITTED": 1, "UNREADABLE": 3}
    assert not list(region.landing.parent.glob("slipped*"))


class Flaky:
    """A store or publisher that fails as often as it is told to, and else is the real one."""

    def __init__(self, store, failures):
        self._store, self.failures = store, failures

    def __getattr__(self, name):
        return getattr(self._store, name)

    def put(self, *arguments):
        self._fail()
        self._store.put(*arguments)

    def publish(self, *arguments):
        self._fail()
        return self._store.publish(*arguments)

    def _fail(self):
        if self.failures:
            self.failures -= 1
            raise RetriableError


def test_a_study_of_two_women_over_two_exports_is_a_conflict(ingest, export_folder):
    """A PACS that corrects or merges a patient must not end an export for good."""
    put(export_folder, *four_views())
    ingest()
    put(export_folder, *four_views(PatientID="19490805-9829", PatientName="Annanström^Ebba"))
    assert counts(ingest()) == {"CONFLICT": 4}


def test_the_same_instance_in_two_studies_is_a_conflict(ingest, export_folder):
    other = mammogram(StudyInstanceUID=f"{objects.STUDY}.2", SeriesInstanceUID=f"{objects.STUDY}.3")
    put(export_folder, part10(mammogram()), part10(other))
    # Whichever study is published first has it; the other is looked at again, and told.
    assert counts(ingest()) == {"ADMITTED": 1, "CONFLICT": 1}


def test_a_study_that_another_holder_has_is_a_conflict(
    region, deidentify_with, ingest, export_folder
):
    add_holder(region.publisher._engine, Holder("annan", "norr", "Annat sjukhus"))
    put(export_folder, *four_views())
    ingest()
    export_id = registry.register_decided(region, "annan", export_folder, DECISION)
    tally = walked(region, deidentify_with, region.ledger.export(export_id))
    assert counts(tally) == {"CONFLICT": 4}
    reasons = {reason for _, reason in region.ledger.reasons(export_id)}
    assert reasons == {"the record belongs to another holder"}


def test_a_file_nobody_may_read_is_unavailable(ingest, export_folder, monkeypatch):
    put(export_folder, *four_views())
    genuine = os.open

    def denied(path, *arguments, **options):
        if Path(path).name == "IM00002":
            raise PermissionError(13, "Permission denied", str(path))
        return genuine(path, *arguments, **options)

    monkeypatch.setattr(os, "open", denied)
    assert counts(ingest()) == {"ADMITTED": 3, "UNAVAILABLE": 1}


@pytest.mark.parametrize("become", ["link", "pipe", "folder"])
def test_a_file_that_became_something_else_is_not_followed(
    region, deidentify_with, export_folder, tmp_path, become
):
    put(export_folder, *four_views())
    export = registered(region, export_folder, DECISION)
    ordinals = enrolled(region, export)
    path = export_folder / "IM00003"
    path.rename(tmp_path / "elsewhere")
    if become == "link":
        path.symlink_to(tmp_path / "elsewhere")
    elif become == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    for ordinal in ordinals:
        settle(StudyRun(region, deidentify_with, export, ordinal, "norr", "run"))
    assert counts(region.ledger.tally(export.id)) == {"ADMITTED": 3, "UNAVAILABLE": 1}


def test_a_file_swapped_for_another_woman_s_is_refused(
    region, deidentify_with, export_folder, monkeypatch
):
    put(export_folder, *four_views())
    export = registered(region, export_folder, DECISION)
    ordinals = enrolled(region, export)
    genuine = verdict.look

    def look(paths):
        people = genuine(paths)
        if paths:
            put(export_folder, part10(mammogram(PatientID="19490805-9829")), start=3)
        return people

    monkeypatch.setattr(verdict, "look", look)
    for ordinal in ordinals:
        settle(StudyRun(region, deidentify_with, export, ordinal, "norr", "run"))
    assert counts(region.ledger.tally(export.id)) == {"ADMITTED": 3, "REFUSED": 1}


def test_names_that_no_encoding_has_are_names(ingest, export_folder):
    odd = os.fsdecode(b"Provstr\xf6m.dcm")
    (export_folder / odd).write_bytes(part10(mammogram()))
    assert counts(ingest()) == {"ADMITTED": 1}


def test_trouble_with_our_own_disk_is_no_outcome(
    region, deidentify_with, export_folder, monkeypatch
):
    put(export_folder, objects.truncated())
    export = registered(region, export_folder, DECISION)
    ordinals = enrolled(region, export)

    def full(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tempfile.TemporaryFile", full)
        with pytest.raises(DiskFullError, match="disk is full"):
            settle(StudyRun(region, deidentify_with, export, ordinals[0], "norr", "run"))
    assert region.ledger.progress(export.id).done == 0
    assert counts(walked(region, deidentify_with, export)) == {"UNREADABLE": 1}


def test_what_is_expanded_of_a_refused_archive_is_not_kept(region, deidentify_with, export_folder):
    members = {f"IM{n}": content for n, content in enumerate(four_views())}
    (export_folder / "cd.zip").write_bytes(archives.zip_of(members))
    export = registered(region, export_folder, decision(protection_source=ProtectionSource.UNKNOWN))
    assert counts(walked(region, deidentify_with, export)) == {"REFUSED": 4}
    assert [path for path in region.landing.rglob("*") if path.is_file()] == []
    enrolled(region, export)
    assert [path for path in region.landing.rglob("*") if path.is_file()] == []


def test_an_archive_is_expanded_again_for_what_is_not_settled(
    region, deidentify_with, export_folder
):
    members = {f"IM{n}": content for n, content in enumerate(four_views())}
    (export_folder / "cd.zip").write_bytes(archives.zip_of(members))
    export = registered(region, export_folder, DECISION)
    enrolled(region, export)
    shutil.rmtree(region.landing / export.id)
    assert counts(walked(region, deidentify_with, export)) == {"ADMITTED": 4}


def test_a_sibling_s_identifier_in_a_header_is_found(ingest, export_folder):
    """The second eye seeks all that is known of a woman, whichever of her images says it."""
    one = mammogram(OtherPatientNames="Flicknamn^Zäta")
    other = mammogram(
        view="rcc", SOPInstanceUID=f"{objects.INSTANCE}.2", FilterMaterial="ZATA FLICKNAMN"
    )
    put(export_folder, part10(one), part10(other))
    assert counts(ingest()) == {"ADMITTED": 1, "SUSPECT": 1}


def test_a_failed_upload_publishes_nothing_and_the_next_try_ends_the_same(
    region, deidentify_with, export_folder
):
    put(export_folder, *four_views())
    export = registered(region, export_folder, DECISION)
    ordinals = enrolled(region, export)
    broken = dataclasses.replace(region, clean=Flaky(region.clean, 1))
    with pytest.raises(RetriableError):
        settle(StudyRun(broken, deidentify_with, export, ordinals[1], "norr", "run"))
    assert search(region.publisher._engine, Query()).studies == ()
    assert region.ledger.progress(export.id).done == 0
    assert counts(walked(region, deidentify_with, export)) == {"ADMITTED": 4}


def test_a_crash_between_publish_and_record_ends_as_without_one(
    region, deidentify_with, export_folder, monkeypatch
):
    put(export_folder, *four_views())
    export = registered(region, export_folder, DECISION)
    ordinals = enrolled(region, export)

    def crash(*_endings, **_run):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(region.ledger, "record", crash)
        with pytest.raises(KeyboardInterrupt):
            settle(StudyRun(region, deidentify_with, export, ordinals[1], "norr", "run"))
    assert counts(walked(region, deidentify_with, export)) == {"ADMITTED": 4}
    assert search(region.publisher._engine, Query()).studies[0].instances == 4


def test_an_export_that_is_gone_says_so(region, export_folder):
    put(export_folder, *four_views())
    export = registered(region, export_folder, DECISION)
    shutil.rmtree(export_folder)
    with pytest.raises(SourceError, match="not there any more"):
        enrolled(region, export)


def test_a_bug_met_by_one_object_stops_nobody_else(
    region, deidentify_with, export_folder, monkeypatch
):
    put(export_folder, *four_views())
    original = module.deidentify
    calls = []

    def sometimes(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            message = "Provström Åsa"
            raise ZeroDivisionError(message)
        return original(*arguments, **options)

    monkeypatch.setattr(module, "deidentify", sometimes)
    export = registered(region, export_folder, DECISION)
    assert counts(walked(region, deidentify_with, export)) == {"ADMITTED": 3, "SUSPECT": 1}
    assert Outcome.SUSPECT in {outcome for outcome, _ in region.ledger.reasons(export.id)}


def test_the_store_killed_in_mid_ingest_and_back_again(
    region, deidentify_with, export_folder, tmp_path
):
    folder = tmp_path / "s3"
    folder.mkdir()
    server = S3Server(folder)
    server.start()

    class Doomed(Flaky):
        def put(self, *arguments):
            self.failures += 1
            if self.failures == 2:
                server.kill()
            self._store.put(*arguments)

    put(export_folder, *four_views())
    try:
        clean = server.store("clean", timeout=2.0)
        parts = dataclasses.replace(region, clean=clean)
        doomed = dataclasses.replace(region, clean=Doomed(clean, 0))
        export = registered(parts, export_folder, DECISION)
        with pytest.raises(StorageError):
            walked(doomed, deidentify_with, export)
        assert search(region.publisher._engine, Query()).studies == ()
        server.start()
        assert counts(walked(parts, deidentify_with, export)) == {"ADMITTED": 4}
        assert len(list(clean.keys())) == 4
    finally:
        server.kill()
