"""What single values must be to stay: text, codes and numbers."""

import pytest
from pydicom.dataset import Dataset

from deid.headers.journal import Done
from deid.headers.made import made as element
from deid.values import raw
from tests.deid.headers import (
    cleaned,
    code,
    dataset,
    head_of,
    mammogram,
    parsed,
    profile,
    with_options,
    written,
)


def clean_with(tag: int, vr: str, value: str | bytes, **changes: object) -> Dataset:
    original = parsed(mammogram(**changes))
    original.header[tag] = element(tag, vr, value)
    return cleaned(original).dataset


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00200013, "IS", b"SJOSTROM ASA"),
        (0x00200013, "IS", b"4708022980"),
        (0x00180060, "DS", b"Sjostrom"),
        (0x00181164, "DS", b"0.07\\Asa "),
        (0x00080030, "TM", b"20230417101112"),
        (0x00080030, "TM", b"470802"),
        (0x00080033, "TM", b"SJOSTROM"),
        (0x00180015, "CS", "SJÖSTRÖM".encode("latin-1")),
        (0x00180015, "CS", b"Ring 070-1234567"),
        (0x00180015, "CS", b"SJOSTROM"),
        (0x00280010, "US", b"Sjostrom"),
        (0x00181020, "AS", b"Asa S"),
        (0x00181164, "DS", b"194708022980"),
    ],
)
def test_a_value_that_breaks_its_vr_does_not_stay(tag: int, vr: str, value: bytes) -> None:
    clean = clean_with(tag, vr, value)
    assert tag not in clean or not raw(clean.get_item(tag))


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00200013, "IS", "+12"),
        (0x00180060, "DS", "2.9e+01"),
        (0x00180050, "DS", "0.069999998807907104"),
        (0x00080030, "TM", "10:11:12.5"),
        (0x00080030, "TM", "10"),
        (0x00080030, "TM", "235960"),
        (0x00181191, "CS", "TUNGSTEN"),
    ],
)
def test_a_value_that_keeps_to_its_vr_stays(tag: int, vr: str, value: str) -> None:
    assert raw(clean_with(tag, vr, value).get_item(tag)) == raw(element(tag, vr, value))


def test_of_codes_those_stay_that_are() -> None:
    clean = clean_with(0x00080008, "CS", "ORIGINAL\\PRIMARY\\by Åsa\\SJOSTROM")
    assert list(clean.ImageType) == ["ORIGINAL", "PRIMARY", "", ""]


def test_a_defined_term_stays_even_if_someone_has_that_name() -> None:
    clean = cleaned(mammogram(PatientName="Breast^Original")).dataset
    assert clean.BodyPartExamined == "BREAST"
    assert list(clean.ImageType) == ["ORIGINAL", "PRIMARY"]


@pytest.mark.parametrize("change", [(b"CS", b"PN"), (b"CS", b"LO")])
def test_a_vr_in_disguise_does_not_pass(change: tuple[bytes, bytes]) -> None:
    data = written(mammogram(BodyPartExamined="SJOSTROM"))
    before, after = (b"\x18\0\x15\0" + vr for vr in change)
    assert before in data
    assert b"SJOSTROM" not in head_of(cleaned(data.replace(before, after)))


def test_a_sequence_in_disguise_does_not_pass() -> None:
    hidden = written(mammogram()).replace(b"\x54\0\x20\x02SQ", b"\x54\0\x20\x02OB")
    assert "ViewCodeSequence" not in cleaned(hidden).dataset


def test_a_description_keeps_its_harmless_words() -> None:
    clean = cleaned(mammogram(ProtocolName="Screening mammografi 470802-2980"))
    assert clean.dataset.StudyDescription == "Screening"
    assert clean.dataset.SeriesDescription == "L CC"
    assert clean.dataset.ProtocolName == "Screening mammografi"
    entries = {entry.path: entry for entry in clean.journal}
    assert entries[0x00081030,].done is Done.CLEANED
    assert entries[0x00081030,].words == 2
    assert entries[0x0008103E,].done is Done.KEPT


def test_text_of_which_nothing_is_left_goes_as_its_type_lets_it() -> None:
    header = cleaned(
        mammogram(StudyDescription="Sjöström Åsa", PositionReferenceIndicator="Sjöström")
    ).dataset
    assert "StudyDescription" not in header
    assert header.PositionReferenceIndicator == ""


@pytest.mark.parametrize(
    ("charset", "text"),
    [("ISO_IR 100", "vänster bröst"), ("ISO_IR 192", "vänster bröst"), (None, "left breast")],
)
def test_cleaned_text_is_written_in_its_character_set(charset: str | None, text: str) -> None:
    made = mammogram(SpecificCharacterSet=charset, ProtocolName=f"{text} Bergqvist")
    if charset is None:
        for keyword in (
            "PatientName",
            "OperatorsName",
            "PatientComments",
            "ReferringPhysicianName",
        ):
            delattr(made, keyword)
        made.OperatorsName, made.InstitutionName = "Bergqvist", "X"
        made.StudyDescription = "y"
        del made[0x00091001]
    assert cleaned(made).dataset.ProtocolName == text


def test_escape_sequences_hide_nothing() -> None:
    clean = clean_with(0x00181030, "LO", b"\x1b(BScreening\x1b$Ba")
    assert "ProtocolName" not in clean


FREE = [
    (0x00400400, "LT"),
    (0x0040A160, "UT"),
    (0x00420010, "ST"),
    (0x00081190, "UR"),
    (0x00181003, "LO"),
    (0x00100033, "LO"),
    (0x0074100C, "LO"),
    (0x21000160, "SH"),
    (0x04000520, "OB"),
    (0x54001010, "OW"),
    (0x00282000, "OB"),
    (0x00283006, "OW"),
    (0x00181160, "SH"),
    (0x00741000, "CS"),
    (0x00720218, "US"),
]


@pytest.mark.parametrize(("tag", "vr"), FREE, ids=[f"{tag:08X}" for tag, _ in FREE])
def test_names_in_text_and_bytes_stay_nowhere(tag: int, vr: str) -> None:
    deep = dataset()
    deep[tag] = element(tag, vr, "KALLE RANG" if vr != "US" else b"KA")
    item = dataset(ReferencedImageSequence=[deep])
    made = mammogram(ReferencedImageSequence=[item])
    made[tag] = element(tag, vr, raw(deep.get_item(tag)))
    clean = cleaned(made)
    assert tag not in clean.dataset
    if tag != 0x00283006:  # lookup tables stand in sequences
        assert b"KALLE" not in head_of(clean)


def test_no_type_of_text_is_lost() -> None:
    made = mammogram(
        PositionReferenceIndicator="Kalle",
        RescaleType="Kalle",
        PixelSpacingCalibrationDescription="Kalle",
        DetectorManufacturerName="Hologic",
    )
    made.VOILUTSequence = [dataset(LUTDescriptor=[2, 0, 16], LUTExplanation="Kalle")]
    made.VOILUTSequence[0].add_new(0x00283006, "OW", b"\1\2\3\4")
    header = cleaned(made).dataset
    assert header.PositionReferenceIndicator == ""
    assert header.RescaleType == header.PixelSpacingCalibrationDescription == "REMOVED"
    assert header.DetectorManufacturerName == "Hologic"
    table = header.VOILUTSequence[0]
    assert table.LUTData == b"\1\2\3\4"
    assert table.LUTDescriptor == [2, 0, 16]
    assert table.LUTExplanation in {"REMOVED", ""}


@pytest.mark.parametrize(
    ("scheme", "meaning", "told"),
    [
        ("SCT", "Breast", "Breast"),
        ("99LBG", "Screening mammografi", "Screening mammografi"),
        ("99LBG", "Screening Bergqvist", "Screening"),
        ("99LBG", "Kalle", "REMOVED"),
        ("SCT", "Åsa Sjöström", "REMOVED"),
    ],
)
def test_what_a_code_means_stays_if_it_is_published_or_harmless(
    scheme: str, meaning: str, told: str
) -> None:
    item = code("76752008", scheme, meaning)
    header = cleaned(mammogram(AnatomicRegionSequence=[item])).dataset
    assert header.AnatomicRegionSequence[0].CodeMeaning == told


@pytest.mark.parametrize(
    ("form", "told"),
    [("FLAT", "FLAT"), ("left breast", "left breast"), ("left Bergqvist", "left"), ("Kalle", "")],
)
def test_text_of_another_form_than_expected_keeps_its_harmless_words(form: str, told: str) -> None:
    assert cleaned(mammogram(FilterType=form)).dataset.get("FilterType", "") == told


@pytest.mark.parametrize("value", ["Sjöström", "left breast"])
def test_of_half_a_code_nothing_is_left(value: str) -> None:
    item = code("76752008", "SCT", "Breast")
    item.CodeValue = value
    header = cleaned(mammogram(AnatomicRegionSequence=[item])).dataset
    assert header.AnatomicRegionSequence[0].CodeValue == "REMOVED"


def test_a_maker_stays_and_a_name_in_its_place_goes() -> None:
    header = cleaned(mammogram(ManufacturerModelName="Åsa Sjöström")).dataset
    assert header.Manufacturer == "HOLOGIC, Inc."
    assert "ManufacturerModelName" not in header


def test_a_class_uid_is_kept_only_if_it_is_one() -> None:
    private = dataset(ReferencedSOPClassUID="1.2.840.113619.4.26", ReferencedSOPInstanceUID="1.2.3")
    hers = dataset(
        ReferencedSOPClassUID="1.2.840.10008.194708022980", ReferencedSOPInstanceUID="1.2.4"
    )
    new = dataset(
        ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.66.7", ReferencedSOPInstanceUID="1.2.5"
    )
    made = mammogram(ReferencedImageSequence=[private, hers, new])
    found = [item.ReferencedSOPClassUID for item in cleaned(made).dataset.ReferencedImageSequence]
    assert found[0].startswith("2.25.")
    assert found[1].startswith("2.25.")
    assert found[2] == "1.2.840.10008.5.1.4.1.1.66.7"


OPTIONS = {
    "retain_uids": ("SOPInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID"),
    "retain_device_identity": ("DeviceSerialNumber", "DetectorID", "StationName"),
    "retain_institution_identity": (
        "InstitutionName",
        "InstitutionAddress",
        "InstitutionalDepartmentName",
    ),
    "retain_patient_characteristics": ("PatientSex", "PatientWeight", "PatientAge"),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_what_an_option_retains_stays_as_it_is(option: str) -> None:
    made = mammogram()
    kept = cleaned(made, profile=with_options(option)).dataset
    for keyword in OPTIONS[option]:
        assert kept[keyword].value == made[keyword].value, keyword
        other = cleaned(made, profile=with_options()).dataset
        assert keyword not in other or other[keyword].value != made[keyword].value


def test_retained_uids_stay_in_references_too() -> None:
    kept = cleaned(mammogram(), profile=with_options("retain_uids"))
    made = mammogram()
    assert kept.dataset.SourceImageSequence == made.SourceImageSequence
    assert kept.meta.MediaStorageSOPInstanceUID == made.SOPInstanceUID


def test_a_code_of_the_institution_stays_where_it_is_retained() -> None:
    item = code("4711", "99LBG", "Östra sjukhuset Lundberga")
    made = mammogram(InstitutionCodeSequence=[item])
    kept = cleaned(made, profile=with_options("retain_institution_identity")).dataset
    assert kept.InstitutionCodeSequence[0].CodeMeaning == "Östra sjukhuset Lundberga"
    assert "InstitutionCodeSequence" not in cleaned(made, profile=profile()).dataset


@pytest.mark.parametrize(
    ("vr", "value"), [("DS", "191212121212"), ("DS", "1212121212.0"), ("IS", "1212121212")]
)
def test_a_number_that_could_be_anybodys_personal_number_goes(vr: str, value: str) -> None:
    tag = {"DS": "DistanceSourceToDetector", "IS": "ImagesInAcquisition"}[vr]
    clean = cleaned(mammogram(**{tag: value})).dataset
    assert raw(clean.get_item(tag)).strip() == b"" if tag in clean else True


@pytest.mark.parametrize("word", ["Zetterqvist", "Q-Zetterqvist"])
def test_a_code_that_is_a_word_somebody_typed_is_replaced(word: str) -> None:
    item = code(word, "99LBG", "Mammografi")
    clean = cleaned(mammogram(ProcedureCodeSequence=[item])).dataset
    assert "etterqvist" not in clean.ProcedureCodeSequence[0].CodeValue


def test_a_units_own_code_stays() -> None:
    item = code("MAM02", "99LBG", "Mammografi")
    clean = cleaned(mammogram(ProcedureCodeSequence=[item])).dataset
    assert clean.ProcedureCodeSequence[0].CodeValue == "MAM02"


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00209157, "UL", b"Anna Andersson\0\0"),
        (0x00181006, "FD", b"Anna Andersson\x01\0"),
        (0x00209157, "UL", "Andersson".encode("utf-16-le") + b"\0\0"),
    ],
)
def test_words_in_binary_numbers_go(tag: int, vr: str, value: bytes) -> None:
    clean = clean_with(tag, vr, value)
    assert tag not in clean or b"ersson" not in raw(clean.get_item(tag)).replace(b"\0", b"")
