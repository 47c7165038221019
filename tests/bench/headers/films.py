"""Objects for the header benchmark: one big, one compressed and one tiny, each many times.

Every header has some 250 elements, nested ones included, two private blocks, and an invented
woman's identity in most places where one stands in practice.
"""

from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, JPEGLosslessSV1

from flows.demo.encode import set_pixels
from tests.deid import headers

#: Rows, columns, transfer syntax and number of files; 8.5 million pixels make 17 or some 4 MB.
SETS = {
    "17mb": (3328, 2560, ExplicitVRLittleEndian, 24),
    "4mb": (3328, 2560, JPEGLosslessSV1, 60),
    "8kb": (34, 48, ExplicitVRLittleEndian, 400),
}


def write_set(folder: Path, name: str, *, files: int | None = None) -> int:
    """Write one set; give the number of its files."""
    rows, columns, syntax, many = SETS[name]
    folder.mkdir(parents=True)
    pixels = Dataset()
    pixels.BitsStored = 12
    set_pixels(pixels, [_breast(rows, columns)], syntax)
    for number in range(files or many):
        film = _film(number)
        film.update(pixels)
        (folder / f"IM{number:05d}").write_bytes(headers.written(film, syntax))
    return files or many


def _breast(rows: int, columns: int) -> np.ndarray[Any, np.dtype[np.uint16]]:
    """Draw half an ellipse with the noise of a detector, so that it compresses like a film."""
    y, x = np.mgrid[0:rows, 0:columns]
    inside = (x / columns * 1.4) ** 2 + ((2 * y - rows) / rows) ** 2 < 1
    noise = np.random.default_rng(7).normal(0, 8, (rows, columns))
    return np.where(inside, 1800 + noise, 0).astype(np.uint16)


def _film(number: int) -> Dataset:
    root = f"{headers.ROOT}.{number}"
    film = headers.mammogram(SOPInstanceUID=f"{root}.3", SeriesInstanceUID=f"{root}.2")
    film.ReferencedImageSequence = [_reference(f"{root}.9.{n}") for n in range(4)]
    film.SourceImageSequence = [_reference(f"{root}.8.{n}") for n in range(2)]
    film.RequestAttributesSequence = [_request(n) for n in range(2)]
    film.AnatomicRegionSequence = [headers.code("76752008", "SCT", "Breast")]
    film.ProcedureCodeSequence = [headers.code(f"MAM{n}", "99LBG", "Mammografi") for n in range(3)]
    film.ScheduledProcedureStepDescription = "Mammografi screening bilateral"
    film.AcquisitionProtocolDescription = "Screening 4 bilder"
    film.ImageComments = "Klipp i vänster bröst"
    film.FilterMaterial, film.AnodeTargetMaterial = "RHODIUM", "TUNGSTEN"
    for at, value in enumerate(_NUMBERS):
        setattr(film, value, str(40 + at))
    _add_private(film)
    return film


_NUMBERS = (
    *("ExposureTime", "XRayTubeCurrent", "Exposure", "DistanceSourceToDetector"),
    *("DistanceSourceToPatient", "BodyPartThickness", "CompressionForce", "RelativeXRayExposure"),
    *("EntranceDoseInmGy", "OrganDose", "HalfValueLayer", "DetectorTemperature", "Sensitivity"),
    *(
        "PositionerPrimaryAngle",
        "PositionerSecondaryAngle",
        "EstimatedRadiographicMagnificationFactor",
    ),
)


def _reference(uid: str) -> Dataset:
    purpose = headers.code("121311", "DCM", "Localizer")
    return headers.dataset(
        ReferencedSOPClassUID=headers.MG,
        ReferencedSOPInstanceUID=uid,
        PurposeOfReferenceCodeSequence=[purpose],
    )


def _request(number: int) -> Dataset:
    return headers.dataset(
        AccessionNumber=f"SE23000123{number}",
        RequestedProcedureID=f"RP7788{number}",
        RequestedProcedureDescription="Mammografi screening",
        ScheduledProcedureStepID=f"SPS99{number}",
        RequestingPhysician="Ljungkvist^Örjan",
        RequestedProcedureCodeSequence=[headers.code("MAM", "99LBG", "Mammografi")],
    )


def _add_private(film: Dataset) -> None:
    for group, creator in ((0x0019, "LORAD Selenia"), (0x7E01, "BENCH PRIVATE")):
        block: Any = film.private_block(group, creator, create=True)
        for element in range(24):
            value = f"{100 + element}.0625" if element % 2 else f"{element} mm Rh auto exposure"
            block.add_new(element, "DS" if element % 2 else "LO", value)
