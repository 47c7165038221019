"""The Segmentation and the report: valid, legible to others, and about nobody."""

import io
from pathlib import Path

import highdicom
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import JPEGLSLossless

from catalog.publishing.describe import describe
from catalog.records import Facts
from catalog.vocabulary import Kind
from deid.derived.derive import Derived, derive
from deid.derived.facts import Flag
from deid.derived.report import SCHEME, flag_code
from deid.derived.segmentation import LABEL_MAP
from deid.derived.written import DerivedObject
from deid.headers.header import CleanHeader
from deid.identity.identifiers import harvest
from deid.second_eye.verify import verify
from deid.serialise import serialise
from deid.source import Slice, parse
from tests import objects
from tests.deid.headers import PERSON, SUBKEYS, cleaned, joined, parsed, profile
from tests.deid.test_header_validity import errors
from tests.objects import mammogram, part10, phantom, tomosynthesis

SOURCES = {
    "for presentation": mammogram,
    "inverse": lambda: mammogram(
        view="rmlo",
        pixels=65535 - phantom(view=objects.VIEWS["rmlo"]),
        PhotometricInterpretation="MONOCHROME1",
        PresentationLUTShape="INVERSE",
    ),
    "for processing": lambda: mammogram(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.1.2.1", PresentationIntentType="FOR PROCESSING"
    ),
    "synthetic": lambda: mammogram(ImageType=["DERIVED", "PRIMARY", "", "GENERATED_2D"]),
    "film": lambda: mammogram(DetectorType="FILM", ConversionType="DF"),
    "tomosynthesis": lambda: tomosynthesis(5),
    "compressed": lambda: mammogram(syntax=JPEGLSLossless),
    "little known": lambda: mammogram(
        StudyTime=None, ContentDate=None, ContentTime=None, PatientAge=None, StudyID=None
    ),
}
KINDS = ("SEG", "SR")


def walked(source: Dataset) -> tuple[bytes, CleanHeader]:
    """The whole clean object, its pixels claimed to have been looked at, and its header."""
    data = part10(source)
    original = parsed(data)
    clean = cleaned(original, pixels_looked_at=True)
    assert original.pixels is not None
    untouched = Slice(original.pixels.start, original.pixels.end - original.pixels.start)
    return joined(serialise(clean, (untouched,))[0], data), clean


def derived(source: Dataset) -> Derived:
    made = derive(io.BytesIO(walked(source)[0]), subkeys=SUBKEYS)
    assert made is not None
    return made


def of_kind(made: Derived, kind: str) -> DerivedObject:
    return next(it for it in made.objects if it.kind == kind)


def opened(it: DerivedObject) -> Dataset:
    return dcmread(io.BytesIO(it.data))


@pytest.mark.parametrize("name", SOURCES)
def test_both_are_valid(name: str, tmp_path: Path) -> None:
    made = derived(SOURCES[name]())
    assert [it.kind for it in made.objects] == [*KINDS]
    for it in made.objects:
        assert errors(it.data, tmp_path) == set()


@pytest.mark.parametrize("name", SOURCES)
def test_the_second_eye_finds_nothing(name: str) -> None:
    source = SOURCES[name]()
    original = parsed(part10(source))
    _, clean = walked(source)
    for it in derived(source).objects:
        found = verify(
            io.BytesIO(it.data),
            identifiers=harvest(original),
            profile=profile(),
            person=PERSON,
            applied=clean.applied,
        )
        assert found == ()


@pytest.mark.parametrize("name", SOURCES)
def test_no_identity_is_in_any_byte(name: str) -> None:
    source = objects.with_private(SOURCES[name]())
    secrets = [secret.encode(codec) for secret in objects.secrets_of(source) for codec in CODECS]
    assert len(secrets) > 20
    made = derived(source)
    for data in (*(it.data for it in made.objects), *(it.data for it in made.previews)):
        assert [secret for secret in secrets if len(secret) > 3 and secret in data] == []


CODECS = ("latin-1", "utf-8")


def test_the_search_for_identity_would_find_it() -> None:
    data = part10(mammogram())
    made = derive(io.BytesIO(data), subkeys=SUBKEYS)
    assert made is not None
    assert all(b"19570312-9808" in it.data for it in made.objects)


@pytest.mark.parametrize("name", SOURCES)
def test_dates_are_the_images(name: str) -> None:
    data, _ = walked(SOURCES[name]())
    image = dcmread(io.BytesIO(data))
    dates = {str(it.value)[:8] for it in image.iterall() if it.VR in {"DA", "DT"} and it.value}
    for it in derived(SOURCES[name]()).objects:
        made = [e for e in opened(it).iterall() if e.VR in {"DA", "DT"} and e.value]
        assert made
        assert {str(e.value)[:8] for e in made} <= dates


def test_the_same_image_and_keys_give_the_same_bytes() -> None:
    assert derived(mammogram()) == derived(mammogram())
    first, second = derived(mammogram()), derived(mammogram(SOPInstanceUID="1.2.3.4"))
    for kind in KINDS:
        one, other = opened(of_kind(first, kind)), opened(of_kind(second, kind))
        assert one.SOPInstanceUID != other.SOPInstanceUID
        assert one.SeriesInstanceUID == other.SeriesInstanceUID
    assert len({opened(it).SeriesInstanceUID for it in first.objects}) == len(KINDS)


@pytest.mark.parametrize("name", SOURCES)
def test_they_belong_to_the_images_study_and_refer_to_it(name: str) -> None:
    data, _ = walked(SOURCES[name]())
    image = dcmread(io.BytesIO(data))
    for it in derived(SOURCES[name]()).objects:
        made = opened(it)
        for keyword in ("StudyInstanceUID", "PatientID", "PatientName", "AccessionNumber"):
            assert made[keyword].value == image[keyword].value
        for keyword in (
            "PatientIdentityRemoved",
            "DeidentificationMethod",
            "DeidentificationMethodCodeSequence",
            "LongitudinalTemporalInformationModified",
        ):
            assert made[keyword].value == image[keyword].value
        references = {e.value for e in made.iterall() if e.keyword == "ReferencedSOPInstanceUID"}
        assert references == {image.SOPInstanceUID}
        frames = {e.value for e in made.iterall() if e.keyword == "ReferencedFrameNumber"}
        assert frames == ({3} if name == "tomosynthesis" else set())


@pytest.mark.parametrize("name", SOURCES)
def test_the_offset_is_where_the_pixels_start(name: str) -> None:
    for it in derived(SOURCES[name]()).objects:
        again = parse(io.BytesIO(it.data))
        assert again.preamble == bytes(128)
        if it.kind == "SEG":
            assert again.pixels is not None
            assert again.pixels.start == it.pixel_offset
            assert again.pixels.end == len(it.data)
        else:
            assert again.end == it.pixel_offset == len(it.data)


# ---- read by others ----------------------------------------------------------------------


@pytest.mark.parametrize("name", SOURCES)
def test_highdicom_reads_the_mask(name: str) -> None:
    made = opened(of_kind(derived(SOURCES[name]()), "SEG"))
    read = highdicom.seg.Segmentation.from_dataset(made)
    assert read.SOPClassUID == LABEL_MAP
    assert read.segment_numbers == [1]
    segment = read.get_segment_description(1)
    assert segment.segmented_property_type.value == "76752008"
    assert segment.algorithm_type.value == "AUTOMATIC"
    mask = read.pixel_array
    assert mask.shape == (256, 192)
    assert set(np.unique(mask)) == {0, 1}


def test_highdicom_finds_the_mask_by_its_image() -> None:
    data, _ = walked(mammogram())
    made = opened(of_kind(derived(mammogram()), "SEG"))
    read = highdicom.seg.Segmentation.from_dataset(made)
    image = dcmread(io.BytesIO(data))
    mask = read.get_pixels_by_source_instance([image.SOPInstanceUID])[0]
    assert mask.shape[:2] == (256, 192)
    assert 0.3 < (mask > 0).mean() < 0.5


def group(made: Derived) -> highdicom.sr.MeasurementsAndQualitativeEvaluations:
    report = highdicom.sr.ComprehensiveSR.from_dataset(opened(of_kind(made, "SR")))
    (found,) = report.content.get_image_measurement_groups()
    return found


def test_highdicom_reads_the_measurements() -> None:
    made = derived(mammogram())
    read = {it.name.meaning: it for it in group(made).get_measurements()}
    area = read["Area"]
    assert area.value == pytest.approx(made.facts.breast_area_mm2, abs=1e-3)
    assert area.unit.value == "mm2"
    assert area.method.value == "DETECTOR_PLANE"
    share = read["Share of the image that is breast"]
    assert share.value == pytest.approx(100 * made.facts.breast_share, abs=1e-3)
    algorithm = group(made).get_qualitative_evaluations()
    assert [(it.name.meaning, it.value.meaning) for it in algorithm] == [("Laterality", "Left")]


def test_flags_are_findings_of_quality() -> None:
    made = derived(mammogram(view="lcc", ImageLaterality="R"))
    assert made.facts.flags == (Flag.LATERALITY,)
    said = {(it.value.scheme_designator, it.value.value) for it in evaluations(made)}
    assert (SCHEME, "LATERALITY") in said


def evaluations(made: Derived) -> list[highdicom.sr.QualitativeEvaluation]:
    return list(group(made).get_qualitative_evaluations())


def test_every_flag_has_a_code_that_fits() -> None:
    codes = [flag_code(flag) for flag in Flag]
    assert len({code for code, _ in codes}) == len(Flag)
    assert all(len(code) <= 16 and len(meaning) <= 64 for code, meaning in codes)


@pytest.mark.parametrize("name", SOURCES)
def test_the_catalogue_describes_both(name: str) -> None:
    made = derived(SOURCES[name]())
    kinds = []
    for it in made.objects:
        instance = describe(opened(it), Facts(age=50, exam_year=2023))
        kinds.append(instance.kind)
        assert instance.modality == it.kind
        assert instance.study_uid
    assert kinds == [Kind.SEG, Kind.SR]


def test_the_profile_accepts_both() -> None:
    for it in derived(mammogram()).objects:
        assert opened(it).SOPClassUID in profile().iods
        assert opened(it).Modality in (profile().modalities or ())


def test_of_an_empty_image_there_is_a_report_and_no_mask(tmp_path: Path) -> None:
    made = derived(mammogram(pixels=np.zeros((256, 192), np.uint16)))
    assert [it.kind for it in made.objects] == ["SR"]
    assert made.facts.breast_share == 0
    assert Flag.NEARLY_EMPTY in made.facts.flags
    assert errors(made.objects[0].data, tmp_path) == set()
