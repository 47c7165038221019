"""A harmless clean object gives no finding, whatever its texts, codes and numbers are."""

from pathlib import Path
from string import ascii_uppercase
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from tests.deid.headers import (
    code,
    dataset,
    finished,
    mammogram,
    profile,
    tomosynthesis,
    with_options,
    written,
)
from tests.deid.plantings import found_in, planted_in

PHRASES = [
    line
    for line in (Path(__file__).parent / "harmless_phrases.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
MAKERS = [
    ("HOLOGIC, Inc.", "Selenia Dimensions", "1.9.1.4\\AWS:1.8.4.0\\PXCM:1.4.0.7"),
    ("Hologic, Inc.", "3Dimensions", "AWS:MAMMODROC_3_4_1_8\\PXCM:1.4.0.7\\ARR:1.7.3.10"),
    ("GE MEDICAL SYSTEMS", "Senographe Pristina", "57.20.90\\VERSION 2.61.3"),
    ("GE MEDICAL SYSTEMS", "Senograph DS VERSION ADS_43.10.1", "Ads Application 43.10.1"),
    ("SIEMENS", "Mammomat Inspiration", "VB60C VX15A SL52P2\\VB30J"),
    ("Siemens Healthineers", "MAMMOMAT Revelation", "VC20A SP01 2019-06"),
    ("FUJIFILM Corporation", "AMULET Innovality", "A-FDR MS-3500 V9.1(27)"),
    ("Philips Digital Mammography Sweden AB", "L50", "8.3.442 PMS2.0 1.3.1.0"),
    ("Sectra Imtec AB", "L30", "8.1.223\\2.0.1"),
    ("LORAD, A Hologic Company", "Lorad Selenia", "AWS:3.2.3.22_LLZ_1.2"),
    ("IMS Giotto S.p.A.", "GIOTTO CLASS 30000", "6.2.01 190612"),
    ("Planmed", "Planmed Clarity 3D", "3.0.1.4_RC2"),
    ("Carestream Health", "DRX-Evolution", "5.7.512.5"),
    ("Agfa", "DX-M", "NX_3.0.8950"),
    ("iCAD, Inc.", "ProFound AI", "2.1.0.4"),
    ("Volpara Health Technologies", "VolparaDensity", "3.4.1 | 8932 |"),
    ("R2 Technology, Inc.", "Cenova", "1.3.0.2"),
]
MEANINGS = [
    ("399162004", "cranio-caudal"),
    ("399368009", "medio-lateral oblique"),
    ("399161006", "cranio-caudal exaggerated laterally"),
    ("76752008", "Breast"),
    ("80248007", "Left breast"),
    ("129715009", "Breast composition"),
    ("111099", "Selected region"),
    ("F-01710", "Breast composition"),
    ("129788005", "Paget's disease of the nipple"),
]


def with_texts(*texts: str) -> Dataset:
    """A mammogram that says these, in one place after another."""
    made = mammogram(SpecificCharacterSet="ISO_IR 192")
    tags = ("StudyDescription", "SeriesDescription", "ProtocolName", "ImageComments")
    for keyword, text in zip(tags, texts, strict=False):
        setattr(made, keyword, text[:64])
    return made


@pytest.mark.parametrize("start", range(0, len(PHRASES), 24))
def test_harmless_phrases_give_no_finding(start: int) -> None:
    for at in range(start, min(start + 24, len(PHRASES)), 4):
        source = written(with_texts(*PHRASES[at : at + 4]))
        assert found_in(source, finished(source)) == {}


@pytest.mark.parametrize("maker", MAKERS, ids=[maker for _, maker, _ in MAKERS])
def test_makers_models_and_versions_give_no_finding(maker: tuple[str, str, str]) -> None:
    for syntax in ("", ImplicitVRLittleEndian):
        made = mammogram(Manufacturer=maker[0], ManufacturerModelName=maker[1])
        source = written(made, syntax) if syntax else written(made)
        planted = planted_in(source, (0x00181020, "LO", maker[2]), (0x00080070, "LO", maker[0]))
        assert found_in(source, planted) == {}


def test_meanings_of_codes_give_no_finding() -> None:
    made = mammogram(ViewCodeSequence=[code(value, "SCT", meaning) for value, meaning in MEANINGS])
    source = written(made)
    assert found_in(source, finished(source)) == {}


def test_an_object_that_is_no_mammogram_gives_no_finding() -> None:
    general = with_options(*profile().options)
    made = mammogram(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.2",
        Modality="CT",
        Manufacturer="SIEMENS",
        ManufacturerModelName="SOMATOM Definition AS+",
        StudyDescription="DT buk med iv kontrast",
        SeriesDescription="Buk venfas 1.0 B30f",
        ProtocolName="Buk_rutin",
        ConvolutionKernel="B30f",
        ScanOptions="HELICAL MODE",
        SliceThickness="1",
    )
    source = written(made)
    assert found_in(source, finished(source, profile=general), general) == {}


def decimal(value: float) -> str:
    return f"{value:.10g}"[:16]


NUMBERS = st.fixed_dictionaries(
    {
        "KVP": st.floats(20, 49, allow_nan=False).map(decimal),
        "ExposureTime": st.integers(0, 99999).map(str),
        "InstanceNumber": st.integers(1, 9999).map(str),
        "SeriesNumber": st.integers(1, 99999).map(str),
        "RelativeXRayExposure": st.integers(-99999, 99999).map(str),
        "ImagerPixelSpacing": st.lists(
            st.floats(0.01, 1, allow_nan=False).map(decimal), min_size=2, max_size=2
        ),
        "WindowCenter": st.lists(
            st.floats(-1e4, 1e4, allow_nan=False).map(decimal), min_size=1, max_size=6
        ),
        "PatientOrientation": st.sampled_from([["A", "R"], ["P", "L"], ["A", "FR"], ["P", "HL"]]),
        "StudyTime": st.times().map(lambda at: at.strftime("%H%M%S.%f")),
        "CompressionForce": st.floats(0, 250, allow_nan=False).map(decimal),
        "FilterMaterial": st.sampled_from(["RHODIUM", "SILVER", "ALUMINUM", ["RHODIUM", "SILVER"]]),
        "SoftwareVersions": st.lists(st.integers(0, 999), min_size=2, max_size=5).map(
            lambda parts: ".".join(map(str, parts))
        ),
        "StudyDescription": st.sampled_from(PHRASES).map(lambda text: text[:64]),
    }
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes=NUMBERS)
def test_no_number_or_code_is_taken_for_hers(changes: dict[str, Any]) -> None:
    source = written(mammogram(**changes))
    assert found_in(source, finished(source)) == {}


PEOPLE = st.sampled_from(
    [
        *("Per^Max", "Eva^Ed", "Blom^Lilja", "Sten^Klar", "Ros^Rosa", "Lång^Bo", "Ek^Ada"),
        *("Frisk^Bea", "Rask^Siv", "Glad^Love", "Left^Tube", "Frame^Sophie", "Nova^Crystal"),
        *("Linear^Abe", "Screening^Mammo", "Fors^Dee", "Berg^Kim", "von Essen^Ebba"),
    ]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=PEOPLE,
    text=st.sampled_from(PHRASES),
    number=st.integers(10**5, 10**7),
    letters=st.text(ascii_uppercase, min_size=2, max_size=3),
)
def test_whoever_she_is_her_clean_object_is_clean(
    name: str, text: str, number: int, letters: str
) -> None:
    source = written(
        mammogram(
            PatientName=name,
            StudyDescription=text[:64],
            AccessionNumber=f"{letters}{number}",
            OperatorsName="Mammografi^Ssk",
        )
    )
    assert found_in(source, finished(source)) == {}


def test_functional_groups_give_no_finding() -> None:
    made = tomosynthesis(12)
    shared = made.SharedFunctionalGroupsSequence[0]
    shared.XRay3DFrameTypeSequence = [dataset(FrameType=["DERIVED", "PRIMARY"])]
    source = written(made)
    assert found_in(source, finished(source)) == {}


def test_tables_of_grey_values_give_no_finding() -> None:
    source = written(mammogram())
    ramp = b"".join(value.to_bytes(2, "little") for value in range(4096))
    for table in (ramp, bytes(range(256)) * 64, ramp[::-1]):
        assert found_in(source, planted_in(source, (0x00283006, "OW", table))) == {}
