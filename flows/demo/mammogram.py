"""A valid Digital Mammography X-Ray Image for presentation, without a person (PS3.3 A.26)."""

from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation


@dataclass(frozen=True)
class View:
    """One projection: side, name, SNOMED CT code (CID 4014) and PatientOrientation."""

    laterality: str
    name: str
    code: str
    meaning: str
    orientation: tuple[str, str]


VIEWS = {
    "rcc": View("R", "CC", "399162004", "cranio-caudal", ("P", "L")),
    "lcc": View("L", "CC", "399162004", "cranio-caudal", ("A", "R")),
    "rmlo": View("R", "MLO", "399368009", "medio-lateral oblique", ("P", "FL")),
    "lmlo": View("L", "MLO", "399368009", "medio-lateral oblique", ("A", "FR")),
}


@dataclass(frozen=True)
class Machine:
    """A mammography unit as its header describes it; every serial number is invented."""

    manufacturer: str
    model: str
    serial: str
    software: str
    station: str
    detector: str
    spacing: float


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """Return one item of a code sequence (PS3.3 §8.8)."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def header(view: View, machine: Machine, bits_stored: int = 16) -> Dataset:
    """Return everything of the object that says nothing of a person, a place or a time."""
    ds = Dataset()
    ds.SOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    ds.Modality = "MG"
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.ImageType = ["DERIVED", "PRIMARY"]
    ds.Manufacturer = machine.manufacturer
    ds.ManufacturerModelName = machine.model
    ds.SoftwareVersions = machine.software
    _anatomy(ds, view)
    _pixel_module(ds, bits_stored)
    _detector(ds, machine)
    _exposure(ds, view)
    return ds


def _anatomy(ds: Dataset, view: View) -> None:
    """PS3.3 C.8.11.2 DX Anatomy Imaged and C.8.11.7 Mammography Image."""
    ds.BodyPartExamined = "BREAST"
    ds.ImageLaterality = view.laterality
    ds.PatientOrientation = list(view.orientation)
    ds.AnatomicRegionSequence = [code("76752008", "SCT", "Breast")]
    item = code(view.code, "SCT", view.meaning)
    item.ViewModifierCodeSequence = []
    ds.ViewCodeSequence = [item]
    ds.ViewPosition = view.name
    ds.OrganExposed = "BREAST"
    ds.PositionerType = "MAMMOGRAPHIC"
    ds.BreastImplantPresent = "NO"
    ds.AcquisitionContextSequence = []


def _pixel_module(ds: Dataset, bits_stored: int) -> None:
    """PS3.3 C.7.6.3 Image Pixel and C.8.11.3 DX Image."""
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated = 16
    ds.BitsStored, ds.HighBit = bits_stored, bits_stored - 1
    ds.PixelRepresentation = 0
    ds.PixelIntensityRelationship = "LOG"
    ds.PixelIntensityRelationshipSign = -1
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
    ds.PresentationLUTShape = "IDENTITY"
    ds.WindowCenter = str(1 << (bits_stored - 1))
    ds.WindowWidth = str(1 << bits_stored)
    ds.LossyImageCompression = "00"
    ds.BurnedInAnnotation = "NO"


def _detector(ds: Dataset, machine: Machine) -> None:
    """PS3.3 C.8.11.4 DX Detector."""
    ds.DetectorType = machine.detector
    ds.ImagerPixelSpacing = [str(machine.spacing), str(machine.spacing)]
    ds.DeviceSerialNumber = machine.serial
    ds.StationName = machine.station
    ds.DetectorID = f"D{machine.serial}"
    ds.DetectorConfiguration = "AREA"


def _exposure(ds: Dataset, view: View) -> None:
    """PS3.3 C.8.7.2 and C.8.11.5: what an exposure is made with."""
    oblique = view.name == "MLO"
    ds.PositionerPrimaryAngle = ("45" if view.laterality == "R" else "-45") if oblique else "0"
    ds.KVP = "30" if oblique else "29"
    ds.ExposureInuAs = "96000" if oblique else "82000"
    ds.AnodeTargetMaterial = "TUNGSTEN"
    ds.FilterMaterial = "RHODIUM"
    ds.CompressionForce = "98"
    ds.BodyPartThickness = "58" if oblique else "52"
    ds.OrganDose = "0.0137"
    ds.EntranceDoseInmGy = "4.9"
    ds.ViewPosition = view.name
