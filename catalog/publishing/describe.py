"""Describe a de-identified header: the pure projection that search goes by."""

import re
from collections.abc import Iterator
from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import (
    BreastTomosynthesisImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
    KeyObjectSelectionDocumentStorage,
    MammographyCADSRStorage,
    SegmentationStorage,
)

from catalog.records import Facts, Instance
from catalog.vocabulary import AGE_BANDS, COMPANIONS, Kind, Laterality, View

# PS3.16 CID 4014 "View for Mammography": SNOMED CT codes, then the SNOMED-RT ones of old devices.
_VIEW_CODES: dict[str, View] = {
    "399162004": View.CC,
    "R-10242": View.CC,
    "399368009": View.MLO,
    "R-10226": View.MLO,
    "399260004": View.ML,
    "R-10224": View.ML,
    "399352003": View.LM,
    "R-10228": View.LM,
    "399099002": View.LMO,
    "R-10230": View.LMO,
    "399192008": View.XCCL,
    "R-1024A": View.XCCL,
    "399101009": View.XCCM,
    "R-1024B": View.XCCM,
    "399196006": View.FB,
    "R-10244": View.FB,
    "399188001": View.SIO,
    "R-102D0": View.SIO,
    "441555000": View.ISO,
    "R-40AAA": View.ISO,
    "127457009": View.SPECIMEN,
    "G-8310": View.SPECIMEN,
}

# What a Manufacturer's name begins with or holds, in the order it is looked for.
_VENDORS: tuple[tuple[str, str], ...] = (
    ("HOLOGIC", "HOLOGIC"),
    ("LORAD", "HOLOGIC"),
    ("GE MEDICAL", "GE"),
    ("GE HEALTHCARE", "GE"),
    ("GENERAL ELECTRIC", "GE"),
    ("GEMS", "GE"),
    ("SIEMENS", "SIEMENS"),
    ("FUJI", "FUJIFILM"),
    ("SECTRA", "PHILIPS"),
    ("PHILIPS", "PHILIPS"),
    ("GIOTTO", "IMS"),
    ("I.M.S", "IMS"),
    ("IMS", "IMS"),
    ("PLANMED", "PLANMED"),
    ("CARESTREAM", "CARESTREAM"),
    ("KODAK", "CARESTREAM"),
    ("AGFA", "AGFA"),
    ("KONICA", "KONICA MINOLTA"),
    ("METALTRONICA", "METALTRONICA"),
    ("VIDAR", "VIDAR"),
    ("ICAD", "ICAD"),
    ("HOWTEK", "ICAD"),
)
_OTHER_VENDOR = "OTHER"

_PROJECTION = {
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
}
# What is no image of its own, by class and, for the rest of a family, by the family's root.
_COMPANIONS: dict[str, Kind] = {
    MammographyCADSRStorage: Kind.CAD_SR,
    KeyObjectSelectionDocumentStorage: Kind.KO,
    SegmentationStorage: Kind.SEG,
    "1.2.840.10008.5.1.4.1.1.66.7": Kind.SEG,  # Label Map Segmentation, not yet in pydicom
}
_FAMILIES: tuple[tuple[str, Kind], ...] = (
    ("1.2.840.10008.5.1.4.1.1.88.", Kind.SR),
    ("1.2.840.10008.5.1.4.1.1.11.", Kind.PR),
)
_WITHOUT_PIXELS = COMPANIONS - {Kind.SEG}
# What a model is written with; of another name nothing is told.
_MODEL: Final = re.compile(r"[A-Za-z0-9 ().,_/+-]{0,64}")
_OLDEST = 89  # all who are older share the last band


def describe(ds: Dataset, facts: Facts) -> Instance:
    """Project a de-identified header, and what only de-identification saw, onto what is searched.

    Args:
        ds: The header without pixel data; its `file_meta` is asked for the transfer syntax.
        facts: True exam year, and age in whole years at the examination.
    """
    meta = getattr(ds, "file_meta", Dataset())
    kind = _kind(ds)
    return Instance(
        study_uid=str(ds.StudyInstanceUID),
        series_uid=str(ds.SeriesInstanceUID),
        sop_uid=str(ds.SOPInstanceUID),
        sop_class_uid=str(ds.SOPClassUID),
        transfer_syntax=str(meta.get("TransferSyntaxUID", "")),
        modality=str(ds.get("Modality", "")),
        kind=kind,
        view=_view(ds),
        laterality=_laterality(ds),
        vendor=vendor_of(str(ds.get("Manufacturer", "") or "")),
        rows=int(ds.get("Rows", 0) or 0),
        columns=int(ds.get("Columns", 0) or 0),
        frames=0 if kind in _WITHOUT_PIXELS else int(ds.get("NumberOfFrames", 1) or 1),
        age_band=_age_band(facts.age),
        exam_year=facts.exam_year,
        model=_model(str(ds.get("ManufacturerModelName", "") or "")),
    )


def _kind(ds: Dataset) -> Kind:
    sop_class = ds.SOPClassUID
    if sop_class in _COMPANIONS:
        return _COMPANIONS[sop_class]
    family = next((kind for root, kind in _FAMILIES if sop_class.startswith(root)), None)
    return family or _kind_of_image(ds)


def _kind_of_image(ds: Dataset) -> Kind:
    # A digitised film says so by Detector Type FILM (PS3.3 C.8.11.4) or, as a Secondary Capture,
    # by Conversion Type DF (C.8.6.1); a synthetic 2D image by GENERATED_2D in Image Type, in
    # whichever of the classes its vendor stores it.
    if ds.get("DetectorType") == "FILM" or ds.get("ConversionType") == "DF":
        return Kind.FILM
    if "GENERATED_2D" in _words(ds, "ImageType"):
        return Kind.S2D
    sop_class = ds.SOPClassUID
    if sop_class == BreastTomosynthesisImageStorage:
        return Kind.DBT
    return Kind.FFDM if sop_class in _PROJECTION else Kind.OTHER


def _view(ds: Dataset) -> View:
    codes = [str(item.get("CodeValue", "")) for item in _items(ds, "ViewCodeSequence")]
    for code in codes:
        if code in _VIEW_CODES:
            return _VIEW_CODES[code]
    position = str(ds.get("ViewPosition", "") or "").strip().upper()
    if position and position in set(View) - {View.OTHER}:
        return View(position)
    return View.OTHER if codes else View.UNKNOWN


def _laterality(ds: Dataset) -> Laterality:
    words = [ds.get("ImageLaterality"), ds.get("Laterality")]
    words += [item.get("FrameLaterality") for item in _items(ds, "FrameAnatomySequence")]
    for word in words:
        if word in {Laterality.LEFT, Laterality.RIGHT, Laterality.BOTH}:
            return Laterality(word)
    return Laterality.UNKNOWN


def _items(ds: Dataset, keyword: str) -> Iterator[Dataset]:
    """Give a sequence's items at the top, then in the functional groups (PS3.3 C.7.6.16)."""
    yield from ds.get(keyword) or ()
    for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in ds.get(groups) or ():
            yield from group.get(keyword) or ()


def _words(ds: Dataset, keyword: str) -> tuple[str, ...]:
    value = ds.get(keyword) or ()
    return (value,) if isinstance(value, str) else tuple(str(word) for word in value)


def _model(name: str) -> str:
    written = " ".join(name.split())
    return written if _MODEL.fullmatch(written) else ""


def vendor_of(manufacturer: str) -> str:
    """Give the one word that a maker is called by here, whatever it calls itself."""
    name = " ".join(manufacturer.upper().split())
    if name == "GE":
        return "GE"
    return next((vendor for mark, vendor in _VENDORS if mark in name), _OTHER_VENDOR)


def _age_band(age: int | None) -> str | None:
    if age is None or age < 0:
        return None
    return AGE_BANDS[min(age, _OLDEST) // 5]
