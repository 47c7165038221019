"""A Mammography CAD SR comes out as useful as it went in (PS3.3 §A.35.5, PS3.16 TID 4000)."""

from functools import lru_cache

import pytest
from pydicom.dataset import Dataset

from deid.headers.header import CleanHeader
from deid.serialise import serialise
from tests.deid.headers import ROOT, cleaned, code, dataset, found, joined, parsed, written

CAD_SR = "1.2.840.10008.5.1.4.1.1.88.50"
MG = "1.2.840.10008.5.1.4.1.1.1.2"


def item(value_type: str, relationship: str, name: Dataset | None, **values: object) -> Dataset:
    made = dataset(RelationshipType=relationship, ValueType=value_type, **values)
    if name is not None:
        made.ConceptNameCodeSequence = [name]
    if value_type == "CONTAINER":
        made.ContinuityOfContent = "SEPARATE"
    return made


def dcm(value: str, meaning: str) -> Dataset:
    return code(value, "DCM", meaning)


def text(value: str, meaning: str, said: str, relationship: str = "HAS PROPERTIES") -> Dataset:
    return item("TEXT", relationship, dcm(value, meaning), TextValue=said)


def number(value: str, meaning: str, count: str, unit: str) -> Dataset:
    measured = dataset(NumericValue=count)
    measured.MeasurementUnitsCodeSequence = [code(unit, "UCUM", unit)]
    return item("NUM", "HAS PROPERTIES", dcm(value, meaning), MeasuredValueSequence=[measured])


def image(number: int) -> Dataset:
    reference = dataset(ReferencedSOPClassUID=MG, ReferencedSOPInstanceUID=f"{ROOT}.3.{number}")
    return item("IMAGE", "CONTAINS", None, ReferencedSOPSequence=[reference])


def finding() -> Dataset:
    """A single image finding: a density, its centre and outline, and how sure the algorithm is."""
    centre = item("SCOORD", "HAS PROPERTIES", dcm("111010", "Center"))
    centre.GraphicType, centre.GraphicData = "POINT", [1024.5, 880.25]
    outline = item("SCOORD", "HAS PROPERTIES", dcm("111041", "Outline"))
    outline.GraphicType, outline.GraphicData = "POLYLINE", [1.0, 2.0, 3.0, 4.0, 1.0, 2.0]
    made = item("CODE", "CONTAINS", dcm("111059", "Single Image Finding"))
    made.ConceptCodeSequence = [code("129793001", "SCT", "Mammography breast density")]
    made.ContentSequence = [
        item(
            "CODE",
            "HAS CONCEPT MOD",
            dcm("111056", "Rendering Intent"),
            ConceptCodeSequence=[dcm("111150", "Presentation Required")],
        ),
        text("111001", "Algorithm Name", "Density"),
        text("111003", "Algorithm Version", "5.1"),
        number("111012", "Certainty of Finding", "87", "%"),
        centre,
        outline,
        text("121106", "Comment", "Åsa Sjöström: klipp i vä bröst"),
        text("112050", "Anatomic Identifier", "470802-2980"),
    ]
    return made


@lru_cache(maxsize=1)
def report() -> Dataset:
    made = dataset(
        SpecificCharacterSet="ISO_IR 100",
        SOPClassUID=CAD_SR,
        SOPInstanceUID=f"{ROOT}.5.1",
        StudyInstanceUID=f"{ROOT}.1",
        SeriesInstanceUID=f"{ROOT}.5",
        Modality="SR",
        StudyDate="20230417",
        StudyTime="101112",
        ContentDate="20230417",
        ContentTime="102030",
        AccessionNumber="SE2300012345",
        ReferringPhysicianName="",
        Manufacturer="R2 Technology, Inc.",
        PatientName="Sjöström^Åsa Viola",
        PatientID="19470802-2980",
        PatientBirthDate="19470802",
        PatientSex="F",
        StudyID="S77001",
        SeriesNumber="9",
        InstanceNumber="1",
        CompletionFlag="COMPLETE",
        VerificationFlag="UNVERIFIED",
        ValueType="CONTAINER",
        ContinuityOfContent="SEPARATE",
        ReferencedPerformedProcedureStepSequence=[],
        PerformedProcedureCodeSequence=[],
    )
    made.ConceptNameCodeSequence = [dcm("111036", "Mammography CAD Report")]
    made.ContentTemplateSequence = [dataset(MappingResource="DCMR", TemplateIdentifier="4000")]
    library = item("CONTAINER", "CONTAINS", dcm("111028", "Image Library"))
    library.ContentSequence = [image(1), image(2)]
    summary = item("CODE", "CONTAINS", dcm("111017", "CAD Processing and Findings Summary"))
    summary.ConceptCodeSequence = [dcm("111242", "All algorithms succeeded; with findings")]
    summary.ContentSequence = [finding()]
    observer = item("PNAME", "HAS OBS CONTEXT", dcm("121008", "Person Observer Name"))
    observer.PersonName = "Wikander^Tove"
    started = item("DATETIME", "HAS OBS CONTEXT", dcm("111526", "DateTime Started"))
    started.DateTime = "20230417102000"
    subject = item("UIDREF", "HAS OBS CONTEXT", dcm("121028", "Subject UID"))
    subject.UID = f"{ROOT}.77"
    made.ContentSequence = [observer, started, subject, library, summary]
    return made


@lru_cache(maxsize=1)
def result() -> CleanHeader:
    return cleaned(report())


def content(name: str) -> Dataset:
    """The item of a concept, wherever it is."""

    def look(within: Dataset) -> Dataset | None:
        for child in within.get("ContentSequence", ()):
            named = child.get("ConceptNameCodeSequence")
            if named and named[0].CodeValue == name:
                return child
            deeper = look(child)
            if deeper is not None:
                return deeper
        return None

    child = look(result().dataset)
    assert child is not None, name
    return child


def test_findings_keep_their_codes_numbers_and_geometry():
    density = content("111059")
    assert density.ConceptCodeSequence[0].CodeMeaning == "Mammography breast density"
    assert content("111010").GraphicData == [1024.5, 880.25]
    assert len(content("111041").GraphicData) == 6
    assert content("111012").MeasuredValueSequence[0].NumericValue == 87
    units = content("111012").MeasuredValueSequence[0].MeasurementUnitsCodeSequence
    assert units[0].CodeValue == "%"
    assert content("111017").ConceptCodeSequence[0].CodeValue == "111242"
    assert content("111056").ConceptCodeSequence[0].CodeValue == "111150"


def test_algorithms_are_named():
    assert content("111001").TextValue == "Density"
    assert content("111003").TextValue == "5.1"


def test_words_of_a_comment_stay_and_who_it_is_about_does_not():
    said = content("121106").TextValue
    assert "bröst" in said
    assert "Sjöström" not in said
    assert "Åsa" not in said
    assert "2980" not in str(content("111059"))


def test_observers_dates_and_subjects_follow_the_table():
    assert content("121008").PersonName != "Wikander^Tove"
    assert content("121008").PersonName
    moved = content("111526").DateTime
    assert moved != "20230417102000"
    assert str(moved)[8:] == "102000"
    with pytest.raises(AssertionError):
        content("121028")


def test_images_of_the_library_are_those_of_the_space():
    first, second = content("111028").ContentSequence
    uids = {
        first.ReferencedSOPSequence[0].ReferencedSOPInstanceUID,
        second.ReferencedSOPSequence[0].ReferencedSOPInstanceUID,
    }
    assert len(uids) == 2
    assert all(not uid.startswith(ROOT) for uid in uids)
    assert first.ReferencedSOPSequence[0].ReferencedSOPClassUID == MG


def test_the_second_eye_finds_nothing():
    source = written(report())
    pieces, _ = serialise(result(), ())
    assert parsed(source).pixels is None
    assert found(source, joined(pieces, source)) == {}
