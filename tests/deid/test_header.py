import pytest

from deid.errors import Reason, UnreadableError
from deid.headers.journal import Done
from deid.identity.pseudonym import Person, accession, uid
from deid.profiles.rules import Action
from deid.values import raw, walk
from tests.deid.headers import (
    PERSON,
    ROOT,
    SUBKEYS,
    cleaned,
    mammogram,
    parsed,
    with_options,
    written,
)

CODES = ("113100", "113103", "113104", "113105", "113107", "113108", "113111")


def test_who_and_when_are_replaced() -> None:
    header = cleaned(mammogram()).dataset
    assert header.PatientName == header.PatientID == PERSON.pseudonym
    assert header.PatientBirthDate == header.ReferringPhysicianName == ""
    assert (header.PatientAge, header.PatientSex, header.PatientWeight) == ("075Y", "F", 61)
    assert header.AccessionNumber == accession(SUBKEYS, "SE2300012345")
    assert header.StudyInstanceUID == uid(SUBKEYS, f"{ROOT}.1")
    for keyword in (
        "InstitutionName",
        "InstitutionAddress",
        "StationName",
        "OperatorsName",
        "IssuerOfPatientID",
        "OtherPatientIDs",
        "DeviceSerialNumber",
        "TimezoneOffsetFromUTC",
        "RequestAttributesSequence",
    ):
        assert keyword not in header
    assert "Åsa" not in header.get("PatientComments", "")


def test_what_makes_it_a_mammogram_stays() -> None:
    original, header = parsed(mammogram()).header, cleaned(mammogram()).dataset
    for keyword in (
        "ImageType",
        "PresentationIntentType",
        "Manufacturer",
        "ManufacturerModelName",
        "SeriesDescription",
        "ProtocolName",
        "ImageLaterality",
        "PatientOrientation",
        "KVP",
        "StudyTime",
        "ViewCodeSequence",
        "AnatomicRegionSequence",
        "SOPClassUID",
        "BurnedInAnnotation",
        "WindowCenter",
    ):
        assert header[keyword].value == original[keyword].value


def test_references_keep_their_meaning_under_new_uids() -> None:
    header = cleaned(mammogram()).dataset
    source = header.SourceImageSequence[0]
    assert source.ReferencedSOPInstanceUID == uid(SUBKEYS, f"{ROOT}.3.2")
    assert source.ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.1.2.1"
    step = header.ReferencedPerformedProcedureStepSequence[0]
    assert step.ReferencedSOPInstanceUID == uid(SUBKEYS, f"{ROOT}.9.1")


def test_the_object_says_what_was_done() -> None:
    clean = cleaned(mammogram(DeidentificationMethod="by Åsa"))
    header = clean.dataset
    assert tuple(code for code, _ in clean.applied) == CODES
    assert header.PatientIdentityRemoved == "YES"
    assert header.LongitudinalTemporalInformationModified == "MODIFIED"
    items = header.DeidentificationMethodCodeSequence
    assert tuple((item.CodeValue, item.CodeMeaning) for item in items) == clean.applied
    method = list(header.DeidentificationMethod)
    assert method[:2] == ["mammography/6", "PS3.15 2026d"]
    assert method[3] == "key 1"


def test_clean_pixels_are_claimed_only_where_somebody_looked() -> None:
    made = mammogram(BurnedInAnnotation="")
    looked, passed = cleaned(made, pixels_looked_at=True), cleaned(made)
    assert ("113101", "Clean Pixel Data Option") in looked.applied
    assert [code for code, _ in looked.applied] == sorted({*CODES, "113101"})
    assert looked.dataset.BurnedInAnnotation == "NO"
    assert "113101" not in dict(passed.applied)
    assert passed.dataset.BurnedInAnnotation == ""
    yes = cleaned(mammogram(BurnedInAnnotation="YES"))
    assert yes.dataset.BurnedInAnnotation == "YES"


def test_only_the_basic_profile_is_claimed_without_options() -> None:
    clean = cleaned(mammogram(), profile=with_options())
    assert [code for code, _ in clean.applied] == ["113100"]


def test_file_meta_is_ours() -> None:
    clean = cleaned(mammogram())
    assert clean.meta.MediaStorageSOPInstanceUID == clean.dataset.SOPInstanceUID
    assert str(clean.meta.ImplementationClassUID).startswith("2.25.")
    assert "SourceApplicationEntityTitle" not in clean.meta


def test_the_journal_says_of_each_attribute_what_became_of_it() -> None:
    clean = cleaned(mammogram(ImageComments="Sjöström Åsa"))
    entries = {entry.path: entry for entry in clean.journal}
    ends = {
        (0x00080005,): (Action.KEEP, Done.KEPT),
        (0x00080018,): (Action.UID, Done.REPLACED),
        (0x00080020,): (Action.SHIFT, Done.REPLACED),
        (0x00080050,): (Action.ACCESSION, Done.REPLACED),
        (0x00080080,): (Action.REMOVE, Done.REMOVED),
        (0x00080090,): (Action.EMPTY, Done.EMPTIED),
        (0x00081030,): (Action.CLEAN, Done.CLEANED),
        (0x00091001,): (Action.REMOVE, Done.REMOVED),
        (0x00100010,): (Action.PSEUDONYM, Done.REPLACED),
        (0x00204000,): (Action.REMOVE, Done.REMOVED),
        (0x00540220,): (Action.CLEAN, Done.KEPT),
        (0x00540220, 0, 0x00080100): (Action.KEEP, Done.KEPT),
    }
    for path, expected in ends.items():
        assert (entries[path].action, entries[path].done) == expected
    assert entries[0x00204000,].rule.action is Action.CLEAN
    assert entries[0x00204000,].words == 2
    assert "Sj" not in repr(clean)
    assert "Sj" not in repr(clean.journal)


def test_the_original_is_not_changed() -> None:
    original = parsed(written(mammogram()))
    before = [(path, raw(element)) for path, element, _ in walk(original.header)]
    cleaned(original)
    assert before == [(path, raw(element)) for path, element, _ in walk(original.header)]


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
def test_without_its_uids_it_is_no_instance(keyword: str) -> None:
    original = parsed(mammogram())
    del original.header[keyword]
    with pytest.raises(UnreadableError) as caught:
        cleaned(original)
    assert caught.value.reason is Reason.MALFORMED


def test_another_woman_is_another_pseudonym() -> None:
    assert cleaned(mammogram(), person=Person("ANOTHER")).dataset.PatientID == "ANOTHER"
