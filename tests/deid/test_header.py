import csv
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from struct import pack
from typing import Any

import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ImplicitVRLittleEndian

from deid.dates import parse_date
from deid.elements import known_vr
from deid.errors import Reason, UnreadableError
from deid.header import clean_header
from deid.made import made as element
from deid.pseudonym import Person, accession, uid, weeks
from deid.rules import Action, Rule
from deid.serialise import serialise
from deid.values import items, raw, walk
from tests.deid.headers import (
    PERSON,
    ROOT,
    SUBKEYS,
    cleaned,
    code,
    dataset,
    finished,
    mammogram,
    parsed,
    profile,
    tomosynthesis,
    written,
)

TABLE = {
    row["tag"]: row["name"]
    for row in csv.DictReader(
        line
        for line in (files("deid") / "data" / "ps3_15_e1_1.csv").read_text("utf-8").splitlines()
        if line[0] != "#"
    )
}
PLANTED = {
    "AE": "ASAS",
    "AS": "075Y",
    "CS": "ASA",
    "DA": "20230417",
    "DS": "61",
    "DT": "20230417101112",
    "IS": "75",
    "TM": "101112",
    "UI": f"{ROOT}.88",
    "UR": "http://sjostrom.se",
}
BINARY = {"OB": b"Sjostrom", "UN": b"Sjostrom", "US": 1}


def planted(tag: str) -> tuple[int, str, Any]:
    """A tag of a row with a value that gives a woman away."""
    private = {"PRIVATE": 0x00110010}
    number = private.get(tag) or int(tag.replace("X", "0"), 16)
    number += 0x10 if tag == "50XXXXXX" else 0
    unknown = "DT" if TABLE[tag].endswith("DateTime") else "LO"
    vr = (known_vr(number) or unknown).split(" or ", maxsplit=1)[0]
    if vr == "SQ":
        return number, vr, [dataset(ReferencedSOPInstanceUID=f"{ROOT}.77")]
    if vr in BINARY or vr.startswith("O"):
        return number, vr, BINARY.get(vr, b"Sjostrom")
    return number, vr, PLANTED.get(vr, "Sjostrom Asa")


def fulfils(rule: Rule, element: Any, before: bytes) -> bool:
    """Tell whether what became of an element is what its rule says."""
    after = raw(element) if element is not None else b""
    within = items(element) if element is not None else None
    gone = b"jostrom" not in after and after != before
    expected = {
        Action.REMOVE: element is None,
        Action.KEEP: after == before,
        Action.EMPTY: element is not None and not after and not within,
        Action.SHIFT: len(after) == len(before) and after[:8] != before[:8],
        Action.PSEUDONYM: after.strip() == PERSON.pseudonym.encode(),
        Action.AGE: after == b"075Y",
        Action.ACCESSION: after.decode("latin-1")
        == accession(SUBKEYS, before.decode("latin-1").strip()),
        Action.UID: after.startswith(b"2.25."),
        Action.REFERENCE: within is not None,
        Action.DUMMY: (bool(after) and gone) or bool(within),
    }
    return expected[rule.action]


ELSEWHERE = {"00020003", "00041511", "00001000", "00001001"}  # command, file meta, DICOMDIR


@pytest.mark.parametrize("tag", [tag for tag in TABLE if tag not in ELSEWHERE])
def test_every_row_of_the_table_is_carried_out(tag: str) -> None:
    number, vr, value = planted(tag)
    made = mammogram()
    made[number] = DataElement(number, vr, Sequence(value) if vr == "SQ" else value)
    data = written(made)
    original = parsed(data).header
    clean = cleaned(data)
    after = clean.dataset.get_item(number) if number in clean.dataset else None
    rule = profile().rules["mg"].find(number, nested=False)
    before = original.get_item(number) if number in original else None
    if rule is None or before is None:  # private, or behind the pixels
        assert after is None
    else:
        assert fulfils(rule, after, raw(before))
    (head,), _ = serialise(clean, [])
    assert isinstance(head, bytes)
    assert b"jostrom" not in head
    assert ROOT.encode() not in head


@pytest.mark.parametrize("tag", sorted(ELSEWHERE))
def test_rows_of_other_groups_never_stand_in_a_dataset(tag: str) -> None:
    data = written(mammogram())
    start = data.index(pack("<HH2s", 8, 5, b"CS"))
    group, number = int(tag[:4], 16), int(tag[4:], 16)
    astray = pack("<HH2sH", group, number, b"UI", 8) + b"1.2.3.4\0"
    if group != 2:
        tags = {
            path[-1] for path, _, _ in walk(cleaned(data[:start] + astray + data[start:]).dataset)
        }
        assert int(tag, 16) not in tags
    assert cleaned(data).meta.MediaStorageSOPInstanceUID == uid(SUBKEYS, f"{ROOT}.3.1")


def test_who_and_when_are_replaced() -> None:
    header = cleaned(mammogram()).dataset
    assert header.PatientName == header.PatientID == PERSON.pseudonym
    assert header.PatientBirthDate == header.StudyID == header.ReferringPhysicianName == ""
    assert (header.PatientAge, header.PatientSex, header.PatientWeight) == ("075Y", "F", 61)
    assert header.AccessionNumber == accession(SUBKEYS, "SE2300012345")
    assert header.StudyInstanceUID == uid(SUBKEYS, f"{ROOT}.1")
    for keyword in (
        "InstitutionName",
        "InstitutionAddress",
        "StationName",
        "StudyDescription",
        "OperatorsName",
        "IssuerOfPatientID",
        "OtherPatientIDs",
        "PatientComments",
        "DeviceSerialNumber",
        "TimezoneOffsetFromUTC",
        "RequestAttributesSequence",
    ):
        assert keyword not in header


def test_what_makes_it_a_mammogram_stays() -> None:
    original, header = parsed(mammogram()).header, cleaned(mammogram()).dataset
    for keyword in (
        "ImageType",
        "PresentationIntentType",
        "Manufacturer",
        "ManufacturerModelName",
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
    assert clean.applied == ("113100", "113108", "113107")
    assert header.PatientIdentityRemoved == "YES"
    assert header.LongitudinalTemporalInformationModified == "MODIFIED"
    codes = [item.CodeValue for item in header.DeidentificationMethodCodeSequence]
    assert tuple(codes) == clean.applied
    method = list(header.DeidentificationMethod)
    assert method[:2] == ["mammography/1", "PS3.15 2026d"]
    assert method[3] == "key 1"


def test_file_meta_is_ours() -> None:
    clean = cleaned(mammogram())
    assert clean.meta.MediaStorageSOPInstanceUID == clean.dataset.SOPInstanceUID
    assert str(clean.meta.ImplementationClassUID).startswith("2.25.")
    assert "SourceApplicationEntityTitle" not in clean.meta


def test_all_dates_of_one_woman_move_together() -> None:
    moved = weeks(SUBKEYS, PERSON)
    assert moved != weeks(SUBKEYS, Person("another"))
    first = cleaned(mammogram()).dataset
    second = cleaned(mammogram(StudyDate="20250414")).dataset
    days = [parsed_day(header.StudyDate) for header in (first, second)]
    assert days[1] - days[0] == parsed_day("20250414") - parsed_day("20230417")
    assert first.AcquisitionDateTime == f"{first.StudyDate}101112.000000"


def parsed_day(value: str) -> int:
    day = parse_date(value)
    assert day is not None
    return day.toordinal()


@pytest.mark.parametrize(
    ("age", "told"), [("089Y", "089Y"), ("090Y", "089Y"), ("104Y", "089Y"), ("500M", "500M")]
)
def test_high_ages_are_capped(age: str, told: str) -> None:
    assert cleaned(mammogram(PatientAge=age)).dataset.PatientAge == told


def test_an_age_that_is_none_goes() -> None:
    data = written(mammogram()).replace(b"075Y", b"Viol")
    assert "PatientAge" not in cleaned(data).dataset


def test_a_published_constant_is_not_shifted() -> None:
    coded = dataset(CodeValue="R-1", ContextGroupVersion="20020904000000")
    header = cleaned(mammogram(ViewCodeSequence=[coded])).dataset
    assert header.ViewCodeSequence[0].ContextGroupVersion == "19700101000000"


def test_a_date_that_is_none_is_emptied_or_replaced() -> None:
    data = written(mammogram(StudyDate="19000101", AcquisitionDate="18991230"))
    header = cleaned(data).dataset
    assert header.StudyDate == ""
    assert "AcquisitionDate" not in header
    tomo = tomosynthesis()
    tomo.ContentDate = "19000101"
    assert cleaned(tomo).dataset.ContentDate == "19700101"


def test_nothing_private_or_unknown_is_left_at_any_depth() -> None:
    made = mammogram()
    item = made.ViewCodeSequence[0]
    item.private_block(0x0033, "MITRA", create=True).add_new(2, "LO", "Sjöström")
    item.add_new(0x00101FFE, "LO", "no tag of PS3.6")
    made.add_new(0x00101FFE, "LO", "no tag of PS3.6")
    made.add_new(0x00100012, "LO", "Åsa: in the table, unknown to pydicom")
    tags = {path[-1] for path, _, _ in walk(cleaned(made).dataset)}
    assert not {tag for tag in tags if tag >> 16 & 1}
    assert not tags & {0x00101FFE, 0x00100012}


def test_rules_hold_in_every_sequence() -> None:
    deep = dataset(PatientID="19470802-2980", OperatorsName="Bergqvist^Stina", StudyDate="20230417")
    deep.InstitutionName = "Östra sjukhuset"
    middle = dataset(PurposeOfReferenceCodeSequence=[deep], ReferencedSOPInstanceUID=f"{ROOT}.6")
    header = cleaned(mammogram(ReferencedImageSequence=[middle])).dataset
    result = header.ReferencedImageSequence[0]
    inner = result.PurposeOfReferenceCodeSequence[0]
    assert inner.PatientID == PERSON.pseudonym
    assert inner.StudyDate == header.StudyDate
    assert "Bergqvist" not in str(inner)
    assert "stra" not in str(inner)
    assert result.ReferencedSOPInstanceUID == uid(SUBKEYS, f"{ROOT}.6")


def test_a_vr_in_disguise_does_not_pass() -> None:
    data = written(mammogram(BodyPartExamined="SJOSTROM"))
    as_name = data.replace(b"\x18\0\x15\0CS", b"\x18\0\x15\0PN")
    assert as_name != data
    assert "BodyPartExamined" not in cleaned(as_name).dataset
    as_text = data.replace(b"\x18\0\x15\0CS", b"\x18\0\x15\0LO")
    assert "BodyPartExamined" not in cleaned(as_text).dataset
    hidden = written(mammogram()).replace(b"\x54\0\x20\x02SQ", b"\x54\0\x20\x02OB")
    assert "ViewCodeSequence" not in cleaned(hidden).dataset


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
        (0x00280010, "US", b"Sjostrom"),
        (0x00181020, "AS", b"Asa S"),
    ],
)
def test_a_value_that_breaks_its_vr_does_not_stay(tag: int, vr: str, value: bytes) -> None:
    original = parsed(mammogram())
    original.header[tag] = element(tag, vr, value)
    clean = clean_header(original, profile=profile(), person=PERSON, subkeys=SUBKEYS).dataset
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
def test_a_value_that_keeps_to_its_vr_stays(tag: int, vr: str, value: str | bytes) -> None:
    original = parsed(mammogram())
    original.header[tag] = before = element(tag, vr, value)
    clean = clean_header(original, profile=profile(), person=PERSON, subkeys=SUBKEYS).dataset
    assert raw(clean.get_item(tag)) == raw(before)


def test_of_codes_those_stay_that_are() -> None:
    original = parsed(mammogram())
    original.header[0x00080008] = element(0x00080008, "CS", "ORIGINAL\\PRIMARY\\by Åsa")
    clean = clean_header(original, profile=profile(), person=PERSON, subkeys=SUBKEYS).dataset
    assert list(clean.ImageType) == ["ORIGINAL", "PRIMARY", ""]


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
def test_text_and_bytes_stay_only_where_they_are_listed(tag: int, vr: str) -> None:
    deep = dataset()
    deep[tag] = element(tag, vr, "KALLE RANG" if vr != "US" else b"KA")
    item = dataset(ReferencedImageSequence=[deep])
    made = mammogram(ReferencedImageSequence=[item])
    made[tag] = element(tag, vr, raw(deep.get_item(tag)))
    (head,), _ = serialise(cleaned(made), [])
    assert isinstance(head, bytes)
    assert tag not in cleaned(made).dataset
    if tag != 0x00283006:  # lookup tables stand in sequences
        assert b"KALLE" not in head


def test_no_type_of_text_is_lost() -> None:
    made = mammogram(
        PositionReferenceIndicator="typed",
        RescaleType="typed",
        PixelSpacingCalibrationDescription="typed",
        DetectorManufacturerName="Hologic",
    )
    made.VOILUTSequence = [dataset(LUTDescriptor=[2, 0, 16], LUTExplanation="typed")]
    made.VOILUTSequence[0].add_new(0x00283006, "OW", b"\1\2\3\4")
    header = cleaned(made).dataset
    assert header.PositionReferenceIndicator == ""
    assert header.RescaleType == header.PixelSpacingCalibrationDescription == "REMOVED"
    assert header.DetectorManufacturerName == "Hologic"
    table = header.VOILUTSequence[0]
    assert table.LUTData == b"\1\2\3\4"
    assert table.LUTDescriptor == [2, 0, 16]
    assert table.LUTExplanation == "REMOVED"


@pytest.mark.parametrize(("scheme", "kept"), [("SCT", True), ("L", False), ("KALLE", False)])
def test_only_published_codes_say_what_they_mean(scheme: str, kept: bool) -> None:
    item = code("76752008", scheme, "Breast")
    header = cleaned(mammogram(AnatomicRegionSequence=[item])).dataset
    assert (header.AnatomicRegionSequence[0].CodeMeaning == "Breast") is kept


def test_a_class_uid_is_kept_only_if_it_is_one() -> None:
    private = dataset(ReferencedSOPClassUID="1.2.840.113619.4.26", ReferencedSOPInstanceUID="1.2.3")
    data = written(mammogram(ReferencedImageSequence=[private]))
    header = cleaned(data.replace(b"10008.3.1.2.3.3", b"10008.3.1.2.3.A")).dataset
    step = header.ReferencedPerformedProcedureStepSequence[0]
    for reference in (step, header.ReferencedImageSequence[0]):
        assert reference.ReferencedSOPClassUID.startswith("2.25.")


def test_overlays_and_nested_pixels_go() -> None:
    made = mammogram()
    made.add_new(0x60000010, "US", 64)
    made.add_new(0x60003000, "OW", b"\1\2")
    icon = dataset(Rows=8, PixelData=bytes(64))
    icon["PixelData"].VR = "OW"
    made.IconImageSequence = [icon]
    made.ReferencedImageSequence = [icon]
    tags = {path[-1] for path, _, _ in walk(cleaned(made).dataset)}
    assert not {tag for tag in tags if tag >> 24 == 0x60 or tag == 0x7FE00010}


def test_functional_groups_of_tomosynthesis_stay_whole() -> None:
    header = cleaned(tomosynthesis()).dataset
    assert len(header.PerFrameFunctionalGroupsSequence) == 3
    frame = header.PerFrameFunctionalGroupsSequence[2]
    content = frame.FrameContentSequence[0]
    assert content.FrameAcquisitionDateTime == f"{header.StudyDate}101114"
    assert "FrameComments" not in content
    assert frame.PlanePositionSequence[0].ImagePositionPatient[2] == 2
    assert len(header.DeviceSerialNumber) == 16
    assert header.DeviceSerialNumber != "SN778812"


def test_the_original_is_not_changed() -> None:
    data = written(mammogram())
    original = parsed(data)
    before = [(path, raw(element)) for path, element, _ in walk(original.header)]
    clean_header(original, profile=profile(), person=PERSON, subkeys=SUBKEYS)
    assert before == [(path, raw(element)) for path, element, _ in walk(original.header)]


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
def test_without_its_uids_it_is_no_instance(keyword: str) -> None:
    original = parsed(mammogram())
    del original.header[keyword]
    with pytest.raises(UnreadableError) as caught:
        clean_header(original, profile=profile(), person=PERSON, subkeys=SUBKEYS)
    assert caught.value.reason is Reason.MALFORMED


@pytest.mark.parametrize("made", [mammogram(), tomosynthesis()], ids=["mg", "dbt"])
def test_the_object_stays_as_valid_as_it_was(made: Dataset, tmp_path: Path) -> None:
    data = written(made)
    assert errors(finished(data), tmp_path) <= errors(data, tmp_path)


def errors(data: bytes, folder: Path) -> set[str]:
    file = folder / "object.dcm"
    file.write_bytes(data)
    program = Path(sys.executable).with_name("dciodvfy")
    run = subprocess.run([program, "-new", file], capture_output=True, text=True, check=False)
    assert "MammographyImage" in run.stderr + run.stdout or "Breast" in run.stderr + run.stdout
    return {line for line in (run.stdout + run.stderr).splitlines() if line.startswith("Error")}


def test_implicit_coding_is_cleaned_alike() -> None:
    explicit = cleaned(mammogram()).dataset
    implicit = cleaned(written(mammogram(), ImplicitVRLittleEndian)).dataset
    assert [(path, raw(e)) for path, e, _ in walk(explicit)] == [
        (path, raw(e)) for path, e, _ in walk(implicit)
    ]


def test_a_thousand_frames_are_no_flood_but_empty_items_are() -> None:
    made = tomosynthesis(1000)
    assert len(cleaned(made).dataset.PerFrameFunctionalGroupsSequence) == 1000
    data = written(mammogram())
    at = data.index(pack("<HH2s", 0x0020, 0x000D, b"UI"))
    items_of_nothing = pack("<HHI", 0xFFFE, 0xE000, 0) * 60_000
    head = pack("<HH2sxxI", 0x0018, 0x0012, b"SQ", len(items_of_nothing))
    with pytest.raises(UnreadableError) as caught:
        parsed(data[:at] + head + items_of_nothing + data[at:])
    assert caught.value.reason is Reason.MALFORMED
