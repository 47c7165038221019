"""The objects of a breast clinic's archive, about one woman at one visit: small, and near valid."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from flows.demo.encode import set_meta, set_pixels
from tests import objects
from tests.corpus.people import STAFF, Region, Woman

FFDM = "1.2.840.10008.5.1.4.1.1.1.2"
FFDM_RAW = "1.2.840.10008.5.1.4.1.1.1.2.1"
DBT = "1.2.840.10008.5.1.4.1.1.13.1.3"
PROJECTION = "1.2.840.10008.5.1.4.1.1.13.1.4"
SC = "1.2.840.10008.5.1.4.1.1.7"
CR = "1.2.840.10008.5.1.4.1.1.1"

ROWS, COLUMNS = 64, 48


@dataclass(frozen=True)
class Visit:
    """One examination of one woman."""

    woman: Woman
    region: Region
    day: date
    order: int

    @property
    def root(self) -> str:
        """The stem of its UIDs, with the day in it as some vendors write them."""
        number = self.woman.order * 50 + self.order
        return f"{self.region.root}.{self.day:%Y%m%d}.{number + 1}"

    @property
    def accession(self) -> str:
        """Its accession number."""
        return self.region.accession.format(2_300_000 + self.woman.order * 50 + self.order)

    @property
    def maker(self) -> tuple[str, str]:
        """Its machine."""
        makers = self.region.makers
        return makers[(self.woman.order + self.order) % len(makers)]

    def staff(self, step: int) -> str:
        """Who worked that day, as PN."""
        return STAFF[(self.woman.order + self.order + step) % len(STAFF)]


def dataset(**values: Any) -> Dataset:
    """Make a dataset."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """Make an item of a code sequence."""
    return dataset(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def identify(made: Dataset, visit: Visit, number: int, charset: str | None = None) -> Dataset:
    """Say whom, where and when an object is about: patient, study, series, equipment, SOP."""
    woman, region, day = visit.woman, visit.region, visit.day
    made.SpecificCharacterSet = charset if charset is not None else region.charset
    values = {
        "PatientName": woman.pn(region),
        "PatientID": woman.patient_id(region),
        "IssuerOfPatientID": woman.issuer(region),
        "PatientBirthDate": f"{woman.born:%Y%m%d}",
        "PatientSex": "F",
        "PatientAge": f"{woman.age(day):03d}Y",
        "PatientSize": "1.64",
        "PatientWeight": "71.5",
        "OtherPatientIDs": [woman.number, f"{region.slug.upper()}{woman.order:06d}77"],
        "PatientAddress": f"{woman.street}, 123 45 {woman.town}",
        "PatientTelephoneNumbers": woman.phone,
        "PatientMotherBirthName": "Grönkvist^Sigrid",
        "AccessionNumber": visit.accession,
        "StudyInstanceUID": visit.root,
        "SeriesInstanceUID": f"{visit.root}.{number // 10}",
        "SOPInstanceUID": f"{visit.root}.{number // 10}.{number}",
        "StudyID": f"ST{visit.accession[-6:]}",
        "SeriesNumber": str(number // 10),
        "InstanceNumber": str(number),
        "StudyTime": "101112",
        "SeriesTime": "101115",
        "ContentTime": f"1012{number % 60:02d}",
        "ReferringPhysicianName": visit.staff(0),
        "PerformingPhysicianName": visit.staff(1),
        "OperatorsName": visit.staff(3),
        "InstitutionName": region.hospital,
        "InstitutionAddress": f"Sjukhusvägen 1, {region.town}",
        "InstitutionalDepartmentName": f"Mammografi {region.town}",
        "StationName": region.station,
        "Manufacturer": visit.maker[0],
        "ManufacturerModelName": visit.maker[1],
        "DeviceSerialNumber": f"SN{region.slug[:2].upper()}{visit.order % 3}7781",
        "SoftwareVersions": "1.9.1",
        "InstanceCreationDate": f"{day:%Y%m%d}",
        "StudyDate": f"{day:%Y%m%d}",
        "SeriesDate": f"{day:%Y%m%d}",
        "ContentDate": f"{day:%Y%m%d}",
    }
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def mammogram(
    visit: Visit,
    number: int,
    view: str,
    *,
    syntax: UID = ExplicitVRLittleEndian,
    raw: bool = False,
    charset: str | None = None,
    pixels: np.ndarray | None = None,
) -> Dataset:
    """Make a Digital Mammography X-Ray Image, for presentation or `raw` for processing."""
    made = objects.mammogram(
        view=view,
        syntax=syntax,
        pixels=pixels if pixels is not None else _breast(view, number),
        BitsStored=12,
    )
    identify(made, visit, number, charset)
    if raw:
        made.SOPClassUID, made.PresentationIntentType = FFDM_RAW, "FOR PROCESSING"
        made.ImageType = ["ORIGINAL", "PRIMARY"]
        for keyword in ("WindowCenter", "WindowWidth"):
            delattr(made, keyword)
    day = f"{visit.day:%Y%m%d}"
    made.AcquisitionDate, made.AcquisitionTime = day, "101120"
    made.AcquisitionDateTime = f"{day}101120.250000+0200"
    made.DateOfLastDetectorCalibration = f"{visit.day - timedelta(days=9):%Y%m%d}"
    made.TimeOfLastDetectorCalibration = "070000"
    made.FrameOfReferenceUID = f"{visit.root}.9"
    made.PixelSpacing = ["0.07", "0.07"]
    made.ExposureTime, made.XRayTubeCurrent, made.Exposure = "1200", "80", "96"
    made.RelativeXRayExposure = "512"
    made.EstimatedRadiographicMagnificationFactor = "1.07"
    made.DistanceSourceToDetector, made.DistanceSourceToPatient = "660", "640"
    made.FocalSpots, made.Grid = "0.3", ["RECIPROCATING", "FOCUSED"]
    return _remade(made)


def _breast(view: str, seed: int) -> np.ndarray:
    return objects.phantom(ROWS, COLUMNS, view=objects.VIEWS[view], bits=12, seed=seed)


def _remade(made: Dataset) -> Dataset:
    """Let file meta agree with what the dataset has become."""
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.file_meta.SourceApplicationEntityTitle = "VSN_PACS"
    return made


def tomosynthesis(
    visit: Visit, number: int, *, syntax: UID = ExplicitVRLittleEndian, projection: bool = False
) -> Dataset:
    """Make a Breast Tomosynthesis Image, or the Breast Projection X-Ray Image behind it."""
    frames = [_breast("lcc", number + n) for n in range(3)]
    made = objects.tomosynthesis(syntax=syntax, pixels=frames)
    identify(made, visit, number)
    day = f"{visit.day:%Y%m%d}"
    made.FrameOfReferenceUID = f"{visit.root}.9"
    made.AcquisitionDateTime = f"{day}101120"
    source = made.ContributingSourcesSequence[0]
    source.AcquisitionDateTime = f"{day}101120"
    source.DateOfLastDetectorCalibration = f"{visit.day - timedelta(days=9):%Y%m%d}"
    made.DimensionOrganizationSequence = [dataset(DimensionOrganizationUID=f"{visit.root}.8")]
    for index, group in enumerate(made.PerFrameFunctionalGroupsSequence):
        content = group.FrameContentSequence[0]
        content.FrameAcquisitionDateTime = f"{day}1011{20 + index}"
        content.FrameReferenceDateTime = f"{day}1011{20 + index}"
        content.DimensionIndexValues = [1, index + 1]
        del content.FrameComments
    if projection:
        made.SOPClassUID = PROJECTION
        made.ImageType = ["ORIGINAL", "PRIMARY", "", "NONE"]
    return _remade(made)


def capture(visit: Visit, number: int) -> Dataset:
    """Make a Secondary Capture of a screen."""
    made = objects.screen_save(text="")
    identify(made, visit, number)
    made.ImageType, made.BurnedInAnnotation, made.Modality = ["DERIVED", "SECONDARY"], "NO", "OT"
    made.DateOfSecondaryCapture = f"{visit.day:%Y%m%d}"
    return _remade(made)


def radiograph(visit: Visit, number: int) -> Dataset:
    """Make a Computed Radiography image of a specimen."""
    made = identify(Dataset(), visit, number)
    made.SOPClassUID, made.Modality = CR, "CR"
    made.ImageType, made.BodyPartExamined = ["ORIGINAL", "PRIMARY"], "BREAST"
    made.ViewPosition, made.PatientOrientation, made.Laterality = "AP", "", "L"
    made.KVP, made.PlateID, made.CassetteSize = "26", "P7781", "18CMX24CM"
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 12, 11, 0
    set_pixels(made, [_breast("lcc", number)], ExplicitVRLittleEndian)
    return finished(made)


def finished(made: Dataset, syntax: UID = ExplicitVRLittleEndian) -> Dataset:
    """Give a dataset its file meta."""
    set_meta(made, syntax)
    return _remade(made)
