"""How files end: each in one named outcome, and the others go on."""

import pytest

from catalog.holders import add_holder
from catalog.outcome import Outcome
from catalog.publishing.study_rows import clean_key
from catalog.records import Holder
from flows.errors import ExportRefusedError
from flows.exports import registry
from flows.walk import admit as module
from flows.walk.standing import MOVED
from tests import archives, objects
from tests.flows.conftest import DECISION
from tests.flows.making import counts, enrolled, four_views, put, registered, walked
from tests.objects import mammogram, part10


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


def test_what_is_claimed_and_not_there_is_unavailable(ingest, export_folder):
    put(export_folder, *four_views())
    assert counts(ingest(claimed=6)) == {"ADMITTED": 4, "UNAVAILABLE": 2}


def test_more_than_was_claimed_is_refused(region, export_folder):
    put(export_folder, *four_views())
    with pytest.raises(ExportRefusedError, match="claims 3 instances and holds 4"):
        registered(region, export_folder, DECISION, 3)
    assert region.ledger.exports() == ()
    export = registered(region, export_folder, DECISION, 4)
    put(export_folder, part10(mammogram()), start=5)
    with pytest.raises(ExportRefusedError, match="claims 4 instances and holds 5"):
        enrolled(region, export)


def test_a_bomb_and_a_slip_end_in_named_outcomes(region, ingest, export_folder):
    (export_folder / "bomb.zip").write_bytes(archives.zip_bomb(100))
    (export_folder / "slip.zip").write_bytes(archives.zip_slip())
    assert counts(ingest()) == {"ADMITTED": 1, "UNREADABLE": 3}
    assert not list(region.landing.parent.glob("slipped*"))


def test_a_study_of_two_women_over_two_exports_is_a_conflict(region, ingest, export_folder):
    """A PACS that corrects or merges a patient must not end an export for good."""
    put(export_folder, *four_views())
    ingest()
    put(export_folder, *four_views(PatientID="19490805-9829", PatientName="Annanström^Ebba"))
    assert counts(ingest()) == {"CONFLICT": 4}
    reasons = region.ledger.reasons(region.ledger.exports()[0].id)
    assert {reason for _, reason in reasons} == {MOVED}


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


def test_a_sibling_s_identifier_in_a_header_is_taken_out(region, ingest, export_folder):
    """Both eyes know all that is known of a woman, whichever of her images says it."""
    one = mammogram(OtherPatientNames="Flicknamn^Zäta")
    other = mammogram(
        view="rcc", SOPInstanceUID=f"{objects.INSTANCE}.2", FilterMaterial="ZATA FLICKNAMN"
    )
    put(export_folder, part10(one), part10(other))
    assert counts(ingest()) == {"ADMITTED": 2}
    (trace,) = region.ledger.by_instance(f"{objects.INSTANCE}.2")
    key = clean_key(region.publisher._engine, trace.clean_sop_uid)
    assert b"FLICKNAMN" not in b"".join(region.clean.get(key))


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
