"""Builders of small, fast DICOM objects, good and bad, for every room's tests.

One line makes one: `part10(mammogram(syntax=JPEGLSLossless, text="ÅSA", PatientComments="…"))`.
"""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    BreastTomosynthesisImageStorage,
    EncapsulatedPDFStorage,
    ExplicitVRLittleEndian,
    JPEGLSLossless,
)

from flows.demo.burn import Text, burn
from flows.demo.encode import UID_ROOT, Frame, part10, set_meta, set_pixels
from flows.demo.mammogram import VIEWS, Machine, View, code, header
from flows.demo.others import screen_save_header, set_screen, ultrasound_header

__all__ = [
    "IDENTITY",
    "encapsulated_pdf",
    "mammogram",
    "no_identity",
    "no_pixel_data",
    "not_dicom",
    "part10",
    "phantom",
    "same_uid_other_pixels",
    "screen_save",
    "secrets_of",
    "tomosynthesis",
    "truncated",
    "two_patients_study",
    "ultrasound",
    "with_private",
    "write_tomosynthesis",
]

STUDY, SERIES, INSTANCE = f"{UID_ROOT}.7.1", f"{UID_ROOT}.7.1.1", f"{UID_ROOT}.7.1.1.1"
MACHINE = Machine("HOLOGIC, Inc.", "Selenia Dimensions", "H1TEST", "1.9", "MG01", "DIRECT", 0.07)

# Birth number 98x: the series of the Swedish Tax Agency's published test numbers.
IDENTITY: dict[str, Any] = {
    "PatientName": "Provström^Åsa Märta",
    "PatientID": "19570312-9808",
    "IssuerOfPatientID": "SE-PNR",
    "PatientBirthDate": "19570312",
    "PatientSex": "F",
    "PatientAge": "066Y",
    "AccessionNumber": "PROV2300001",
    "StudyInstanceUID": STUDY,
    "SeriesInstanceUID": SERIES,
    "SOPInstanceUID": INSTANCE,
    "StudyID": "S77001",
    "StudyDate": "20230417",
    "SeriesDate": "20230417",
    "ContentDate": "20230417",
    "AcquisitionDate": "20230417",
    "StudyTime": "101112",
    "ContentTime": "101120",
    "ReferringPhysicianName": "Remissman^Örjan",
    "InstitutionName": "Provsjukhuset",
    "OperatorsName": "Skötersson^Berit",
    "SeriesNumber": "1",
    "InstanceNumber": "1",
}


def phantom(
    rows: int = 256, columns: int = 192, *, view: View = VIEWS["lcc"], bits: int = 16, seed: int = 0
) -> Frame:
    """A breast-like half ellipse with noise on black air; the chest wall by laterality."""
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    if view.laterality == "R":
        x = columns - 1 - x
    depth = 1 - ((y - rows / 2) / (rows * 0.42)) ** 2 - (x / (columns * 0.6)) ** 2
    noise = np.random.default_rng(seed).normal(0, 0.01, (rows, columns))
    tissue = np.where(depth > 0, np.sqrt(np.clip(depth, 0, 1)) * 0.6 + noise, 0)
    return (np.clip(tissue, 0, 1) * ((1 << bits) - 1)).astype(np.uint16)


def mammogram(
    *,
    view: str = "lcc",
    syntax: UID = ExplicitVRLittleEndian,
    pixels: Frame | None = None,
    text: str | Sequence[Text] = (),
    charset: str = "ISO_IR 100",
    **overrides: Any,
) -> Dataset:
    """A small valid mammogram of a known person, with file meta; `None` deletes an element.

    Any DICOM keyword may be overridden; `text` is burned into the air in white.
    """
    ds = header(VIEWS[view], MACHINE, overrides.pop("BitsStored", 16))
    ds.SpecificCharacterSet = charset
    for keyword, value in (IDENTITY | overrides).items():
        if value is None:
            ds.pop(keyword, None)
        else:
            setattr(ds, keyword, value)
    frame = phantom(view=VIEWS[view], bits=ds.BitsStored) if pixels is None else pixels.copy()
    if isinstance(text, str):
        text = (Text(text, 0.02, 0.86, height=22),) if text else ()
    burn(frame, text, (1 << ds.BitsStored) - 1)
    set_pixels(ds, [frame], syntax)
    set_meta(ds, syntax)
    return ds


def secrets_of(ds: Dataset) -> tuple[str, ...]:
    """The identifying values of `IDENTITY` as this dataset has them, for leak searches."""
    keywords = (
        "PatientName",
        "PatientID",
        "AccessionNumber",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "SOPInstanceUID",
        "ReferringPhysicianName",
        "OperatorsName",
        "InstitutionName",
    )
    whole = [str(ds[keyword].value) for keyword in keywords if keyword in ds]
    names = [part for value in whole for part in value.split("^") if "^" in value]
    digits = [value.replace("-", "") for value in whole if value.replace("-", "").isdigit()]
    return tuple(dict.fromkeys(whole + names + digits))


def with_private(ds: Dataset) -> Dataset:
    """Add private blocks that hide the person: text, a sequence, and opaque UTF-8 bytes."""
    sectra = ds.private_block(0x0009, "SECTRA_Ident_01", create=True)
    sectra.add_new(0x01, "LO", ds.AccessionNumber)
    item = Dataset()
    item.PatientName, item.PatientID = ds.PatientName, ds.PatientID
    ds.private_block(0x0029, "FujiFILM TM", create=True).add_new(0x31, "SQ", [item])
    mitra = ds.private_block(0x0033, "MITRA OBJECT UTF8 ATTRIBUTES 1.0", create=True)
    mitra.add_new(0x02, "UN", str(ds.PatientName).encode())
    geiis = ds.private_block(0x0907, "GEIIS", create=True)
    geiis.add_new(0x10, "UI", ds.StudyInstanceUID)
    return ds


# ---- what is not a mammogram -------------------------------------------------------------


def not_dicom() -> bytes:
    """A text file."""
    return b"Export klar. Kontakt: roentgen@example.org\r\n" * 8


def truncated(keep: float = 0.5, **overrides: Any) -> bytes:
    """A mammogram whose file ends in the middle of its pixels."""
    raw = part10(mammogram(**overrides))
    return raw[: int(len(raw) * keep)]


def no_pixel_data() -> Dataset:
    """A mammogram's header alone."""
    return _without(mammogram(), "PixelData")


def no_identity() -> Dataset:
    """A mammogram of nobody: Patient ID is empty, as Type 2 allows."""
    return mammogram(PatientID="", PatientName="", IssuerOfPatientID=None)


def _without(ds: Dataset, keyword: str) -> Dataset:
    del ds[keyword]
    return ds


def ultrasound() -> Dataset:
    """A breast ultrasound, RGB, of the same person (valid)."""
    return _screen(ultrasound_header(), 3)


def screen_save(text: str = "Provström, Åsa  19570312-9808") -> Dataset:
    """A Secondary Capture of a workstation's screen, with a patient banner (valid)."""
    return _screen(screen_save_header(), 4, text)


def _screen(ds: Dataset, number: int, text: str = "") -> Dataset:
    _identify(ds, number)
    texts = (Text(text, 0.02, 0.04, height=22),) if text else ()
    set_screen(ds, np.full((160, 480), 30, np.uint8), texts)
    set_meta(ds, ExplicitVRLittleEndian)
    return ds


def _identify(ds: Dataset, number: int) -> None:
    ds.SpecificCharacterSet = "ISO_IR 100"
    for keyword, value in IDENTITY.items():
        setattr(ds, keyword, value)
    ds.SOPInstanceUID, ds.SeriesInstanceUID = f"{INSTANCE}.{number}", f"{SERIES}.{number}"


def encapsulated_pdf() -> Dataset:
    """A letter in an Encapsulated PDF object (PS3.3 A.45.1, valid)."""
    ds = Dataset()
    ds.SOPClassUID, ds.Modality = EncapsulatedPDFStorage, "DOC"
    _identify(ds, 5)
    for keyword in ("OperatorsName", "AcquisitionDate"):
        del ds[keyword]
    ds.Manufacturer, ds.ConversionType = "Provsystem AB", "WSD"
    ds.Laterality, ds.BurnedInAnnotation = "", "YES"
    ds.AcquisitionDateTime = "20230417101120"
    ds.DocumentTitle = "Remissvar Provström Åsa"
    ds.ConceptNameCodeSequence = []
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.EncapsulatedDocument = b"%PDF-1.4 Provstrom Asa 195703129808\n"
    set_meta(ds, ExplicitVRLittleEndian)
    return ds


def two_patients_study() -> tuple[Dataset, Dataset]:
    """Two mammograms with one Study Instance UID and two persons: a PACS merge gone wrong."""
    other = mammogram(
        view="rcc",
        SOPInstanceUID=f"{INSTANCE}.2",
        PatientID="19490805-9969",
        PatientName="Annanström^Ebba",
        PatientBirthDate="19490805",
    )
    return mammogram(), other


def same_uid_other_pixels() -> tuple[Dataset, Dataset]:
    """Two mammograms with one SOP Instance UID and other pixels: a conflict."""
    return mammogram(), mammogram(pixels=phantom(seed=1))


# ---- tomosynthesis -----------------------------------------------------------------------


def tomosynthesis(
    frames: int = 3,
    *,
    syntax: UID = ExplicitVRLittleEndian,
    pixels: Sequence[Frame] | None = None,
    **overrides: Any,
) -> Dataset:
    """A valid Breast Tomosynthesis Image (PS3.3 A.55), multi-frame, 14 bit."""
    if pixels is None:
        pixels = [phantom(bits=14, seed=n) for n in range(frames)]
    ds = _tomosynthesis_header()
    _identify(ds, 6)
    ds.NumberOfFrames = str(len(pixels))
    ds.SharedFunctionalGroupsSequence = [_shared_groups()]
    ds.PerFrameFunctionalGroupsSequence = [_frame_groups(n + 1) for n in range(len(pixels))]
    for keyword, value in overrides.items():
        setattr(ds, keyword, value)
    set_pixels(ds, pixels, syntax)
    set_meta(ds, syntax)
    return ds


def _tomosynthesis_header() -> Dataset:
    ds = Dataset()
    ds.SOPClassUID, ds.Modality = BreastTomosynthesisImageStorage, "MG"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "TOMOSYNTHESIS", "NONE"]
    ds.ContentQualification, ds.VolumetricProperties = "PRODUCT", "VOLUME"
    ds.PixelPresentation, ds.VolumeBasedCalculationTechnique = "MONOCHROME", "TOMOSYNTHESIS"
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.Manufacturer, ds.ManufacturerModelName = MACHINE.manufacturer, MACHINE.model
    ds.DeviceSerialNumber, ds.SoftwareVersions = MACHINE.serial, MACHINE.software
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = f"{STUDY}.9", ""
    ds.AcquisitionDateTime, ds.AcquisitionNumber = "20230417101120", "1"
    ds.BodyPartExamined, ds.BreastImplantPresent = "BREAST", "NO"
    item = code("399162004", "SCT", "cranio-caudal")
    item.ViewModifierCodeSequence = []
    ds.ViewCodeSequence, ds.AcquisitionContextSequence = [item], []
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 14, 13, 0
    ds.LossyImageCompression, ds.BurnedInAnnotation = "00", "NO"
    ds.PresentationLUTShape = "IDENTITY"
    ds.ContributingSourcesSequence = [_source(ds)]
    return ds


def _source(ds: Dataset) -> Dataset:
    """The acquisition that the slices were computed from (PS3.3 C.8.21.6)."""
    return _of(
        Manufacturer=ds.Manufacturer,
        ManufacturerModelName=ds.ManufacturerModelName,
        DeviceSerialNumber=ds.DeviceSerialNumber,
        SoftwareVersions=ds.SoftwareVersions,
        AcquisitionDateTime=ds.AcquisitionDateTime,
        DetectorID="D1",
        DetectorType="DIRECT",
        DetectorElementSpacing=["0.07", "0.07"],
        DateOfLastDetectorCalibration="20230401",
        TimeOfLastDetectorCalibration="070000",
        Rows=256,
        Columns=192,
        BitsStored=14,
        LossyImageCompression="00",
    )


def _of(**values: Any) -> Dataset:
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def _shared_groups() -> Dataset:
    region = [code("76752008", "SCT", "Breast")]
    return _of(
        FrameAnatomySequence=[_of(FrameLaterality="L", AnatomicRegionSequence=region)],
        PixelMeasuresSequence=[_of(PixelSpacing=["0.1", "0.1"], SliceThickness="1")],
        PlaneOrientationSequence=[_of(ImageOrientationPatient=["0", "1", "0", "0", "0", "-1"])],
        PixelValueTransformationSequence=[
            _of(RescaleIntercept="0", RescaleSlope="1", RescaleType="US")
        ],
        FrameVOILUTSequence=[_of(WindowCenter="8192", WindowWidth="16384")],
    )


def _frame_groups(number: int) -> Dataset:
    content = _of(
        FrameAcquisitionDateTime="20230417101120",
        FrameReferenceDateTime="20230417101120",
        FrameAcquisitionDuration=3700.0,
        FrameAcquisitionNumber=1,
        FrameComments="Provström Åsa",
    )
    return _of(
        FrameContentSequence=[content],
        PlanePositionSequence=[_of(ImagePositionPatient=["0", "0", str(number)])],
        XRay3DFrameTypeSequence=[
            _of(
                FrameType=["ORIGINAL", "PRIMARY", "TOMOSYNTHESIS", "NONE"],
                PixelPresentation="MONOCHROME",
                VolumetricProperties="VOLUME",
                VolumeBasedCalculationTechnique="TOMOSYNTHESIS",
            )
        ],
    )


def write_tomosynthesis(path: Path, megabytes: int = 300, *, syntax: UID | None = None) -> int:
    """Write a native (or JPEG-LS) tomosynthesis object of about this raw size; returns frames.

    Frame by frame, so that the writer itself needs little memory.
    """
    rows, columns = 2048, 1664
    count = max(1, megabytes * 1_000_000 // (rows * columns * 2))
    frame = phantom(rows, columns, bits=14)
    if syntax == JPEGLSLossless:
        path.write_bytes(part10(tomosynthesis(syntax=syntax, pixels=[frame] * count)))
        return count
    ds = tomosynthesis(pixels=[frame[:2, :2]] * count)
    ds.Rows, ds.Columns = rows, columns
    del ds["PixelData"]
    with path.open("wb") as file:
        file.write(part10(ds))
        file.write(struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, frame.nbytes * count))
        for number in range(count):
            file.write(np.roll(frame, number, axis=0).tobytes())
    return count
