"""What is searched is read from the header as the standard says."""

from typing import Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.sr import _snomed_dict
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts
from pydicom.uid import (
    BreastTomosynthesisImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
    JPEGLSLossless,
    SecondaryCaptureImageStorage,
)

from catalog.publishing.describe import describe
from catalog.records import Facts
from catalog.vocabulary import AGE_BANDS, COMPANIONS, Kind, Laterality, View


def header(**values: Any) -> Dataset:
    ds = Dataset()
    ds.SOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = "2.25.1", "2.25.2", "2.25.3"
    ds.Modality = "MG"
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def code(value: str) -> Dataset:
    item = Dataset()
    item.CodeValue = value
    return item


def within(keyword: str, **values: Any) -> Dataset:
    inner, group = Dataset(), Dataset()
    for name, value in values.items():
        setattr(inner, name, value)
    setattr(group, keyword, Sequence([inner]))
    return group


def test_the_plain_facts() -> None:
    ds = header(Rows=4096, Columns=3328, NumberOfFrames="57", Manufacturer="HOLOGIC, Inc.")
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = JPEGLSLossless
    found = describe(ds, Facts(exam_year=2019, age=52))
    assert (found.study_uid, found.series_uid, found.sop_uid) == ("2.25.1", "2.25.2", "2.25.3")
    assert (found.rows, found.columns, found.frames) == (4096, 3328, 57)
    assert (found.exam_year, found.age_band) == (2019, "50-54")
    assert (found.transfer_syntax, found.vendor) == (JPEGLSLossless, "HOLOGIC")
    assert describe(header(), Facts()).frames == 1
    assert describe(header(), Facts()).transfer_syntax == ""


@pytest.mark.parametrize(
    ("value", "view"),
    [
        ("399162004", View.CC),
        ("R-10242", View.CC),
        ("399368009", View.MLO),
        ("R-10226", View.MLO),
        ("399188001", View.SIO),
        ("441555000", View.ISO),
        ("127457009", View.SPECIMEN),
        ("000", View.OTHER),
    ],
)
def test_the_view_goes_by_its_code(value: str, view: View) -> None:
    ds = header(ViewCodeSequence=Sequence([code(value)]))
    assert describe(ds, Facts()).view is view


def test_every_code_of_the_context_group_is_known_in_both_schemes() -> None:
    snomed: Any = concepts["SCT"]
    group = {
        value
        for name in cid_concepts[4014]["SCT"]
        for value, (_, groups) in snomed[name].items()
        if 4014 in groups
    }
    assert len(group) == 11
    for value in group | {_snomed_dict.mapping["SCT"][value] for value in group}:
        found = describe(header(ViewCodeSequence=Sequence([code(value)])), Facts()).view
        assert found not in {View.OTHER, View.UNKNOWN}


@pytest.mark.parametrize(
    ("position", "view"),
    [
        ("MLO", View.MLO),
        ("CC ", View.CC),
        ("", View.UNKNOWN),
        (None, View.UNKNOWN),
        ("AP", View.UNKNOWN),
    ],
)
def test_without_a_code_the_view_goes_by_its_position(position: str | None, view: View) -> None:
    assert describe(header(ViewPosition=position), Facts()).view is view


def test_a_code_goes_before_a_position_unless_it_is_unknown() -> None:
    known = header(ViewCodeSequence=Sequence([code("399162004")]), ViewPosition="MLO")
    unknown = header(ViewCodeSequence=Sequence([code("000")]), ViewPosition="MLO")
    assert describe(known, Facts()).view is View.CC
    assert describe(unknown, Facts()).view is View.MLO


@pytest.mark.parametrize(
    ("values", "laterality"),
    [
        ({"ImageLaterality": "R", "Laterality": "L"}, Laterality.RIGHT),
        ({"ImageLaterality": "", "Laterality": "L"}, Laterality.LEFT),
        ({"ImageLaterality": "B"}, Laterality.BOTH),
        ({"ImageLaterality": "U"}, Laterality.UNKNOWN),
        ({}, Laterality.UNKNOWN),
        (
            {
                "SharedFunctionalGroupsSequence": Sequence(
                    [within("FrameAnatomySequence", FrameLaterality="R")]
                )
            },
            Laterality.RIGHT,
        ),
    ],
)
def test_the_laterality(values: dict[str, Any], laterality: Laterality) -> None:
    assert describe(header(**values), Facts()).laterality is laterality


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({}, Kind.FFDM),
        ({"SOPClassUID": DigitalMammographyXRayImageStorageForProcessing}, Kind.FFDM),
        ({"SOPClassUID": BreastTomosynthesisImageStorage}, Kind.DBT),
        ({"ImageType": ["DERIVED", "PRIMARY", "", "GENERATED_2D"]}, Kind.S2D),
        (
            {
                "SOPClassUID": BreastTomosynthesisImageStorage,
                "ImageType": ["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "GENERATED_2D"],
            },
            Kind.S2D,
        ),
        ({"ImageType": "ORIGINAL"}, Kind.FFDM),
        ({"DetectorType": "FILM"}, Kind.FILM),
        ({"SOPClassUID": SecondaryCaptureImageStorage, "ConversionType": "DF"}, Kind.FILM),
        ({"SOPClassUID": SecondaryCaptureImageStorage}, Kind.OTHER),
    ],
)
def test_the_kind(values: dict[str, Any], kind: Kind) -> None:
    assert describe(header(**values), Facts()).kind is kind


@pytest.mark.parametrize(
    ("manufacturer", "vendor"),
    [
        ("LORAD, A Hologic Company", "HOLOGIC"),
        ("GE MEDICAL SYSTEMS", "GE"),
        ("GE", "GE"),
        ("SIEMENS", "SIEMENS"),
        ("Siemens  Healthineers", "SIEMENS"),
        ("FUJIFILM Corporation", "FUJIFILM"),
        ("Sectra Imtec AB", "PHILIPS"),
        ("Philips Digital Mammography Sweden AB", "PHILIPS"),
        ("Nobody & Sons", "OTHER"),
        ("", "OTHER"),
        ("IMAGE SYSTEMS", "OTHER"),
    ],
)
def test_the_vendor(manufacturer: str, vendor: str) -> None:
    assert describe(header(Manufacturer=manufacturer), Facts()).vendor == vendor


@pytest.mark.parametrize(
    ("age", "band"),
    [
        (None, None),
        (-1, None),
        (0, "0-4"),
        (39, "35-39"),
        (40, "40-44"),
        (89, "85-89"),
        (104, "85-89"),
    ],
)
def test_the_age_band(age: int | None, band: str | None) -> None:
    assert describe(header(), Facts(age=age)).age_band == band
    assert band is None or band in AGE_BANDS


@pytest.mark.parametrize(
    ("sop_class", "kind"),
    [
        ("1.2.840.10008.5.1.4.1.1.88.50", Kind.CAD_SR),
        ("1.2.840.10008.5.1.4.1.1.88.11", Kind.SR),
        ("1.2.840.10008.5.1.4.1.1.88.34", Kind.SR),
        ("1.2.840.10008.5.1.4.1.1.88.59", Kind.KO),
        ("1.2.840.10008.5.1.4.1.1.11.1", Kind.PR),
        ("1.2.840.10008.5.1.4.1.1.11.2", Kind.PR),
        ("1.2.840.10008.5.1.4.1.1.66.4", Kind.SEG),
        ("1.2.840.10008.5.1.4.1.1.66.7", Kind.SEG),
    ],
)
def test_what_comes_along_with_images_is_named(sop_class: str, kind: Kind) -> None:
    found = describe(header(SOPClassUID=sop_class, Modality="XX"), Facts())
    assert found.kind is kind
    assert kind in COMPANIONS
    assert (found.rows, found.columns) == (0, 0)
    assert found.frames == (1 if kind is Kind.SEG else 0)
    assert (found.view, found.laterality) == (View.UNKNOWN, Laterality.UNKNOWN)
