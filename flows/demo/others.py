"""Objects that come along in an export and are no mammogram: they have to be refused."""

from collections.abc import Iterable

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
)

from flows.demo.burn import Text, burn
from flows.demo.encode import Frame, set_pixels


def ultrasound_header() -> Dataset:
    """Return a breast ultrasound without a person (PS3.3 A.6)."""
    ds = Dataset()
    ds.SOPClassUID, ds.Modality = UltrasoundImageStorage, "US"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "BREAST", "0001"]
    ds.BodyPartExamined = "BREAST"
    ds.Laterality, ds.PatientOrientation = "L", ""
    ds.Manufacturer, ds.ManufacturerModelName = "SAMSUNG MEDISON CO., LTD.", "RS85"
    ds.LossyImageCompression = "00"
    return ds


def screen_save_header() -> Dataset:
    """Return a Secondary Capture of a workstation's screen without a person (PS3.3 A.8)."""
    ds = Dataset()
    ds.SOPClassUID, ds.Modality = SecondaryCaptureImageStorage, "MG"
    ds.ImageType = ["DERIVED", "SECONDARY", "SCREEN SAVE"]
    ds.ConversionType = "WSD"
    ds.BurnedInAnnotation = "YES"
    ds.Laterality, ds.PatientOrientation = "", ""
    ds.Manufacturer, ds.ManufacturerModelName = "Hologic, Inc.", "SecurView"
    return ds


def set_screen(ds: Dataset, picture: Frame, texts: Iterable[Text] = ()) -> None:
    """Give an object an RGB picture, from a grey one of 8 bits, with text burned in."""
    grey = picture.copy()
    burn(grey, texts, 255)
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    set_pixels(ds, [np.repeat(grey[:, :, None], 3, axis=2)], ExplicitVRLittleEndian)


def speckle(rows: int, columns: int) -> Frame:
    """Return something that looks like ultrasound."""
    noise = np.random.default_rng(7).rayleigh(40, (rows, columns))
    depth = np.linspace(1.3, 0.3, rows)[:, None]
    return np.clip(noise * depth, 0, 255).astype(np.uint8)
