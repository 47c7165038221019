"""Objects for the header benchmark: one big, one compressed and one tiny, each many times.

Every header has some 250 elements, nested ones included, two private blocks, and an invented
woman's identity in most places where one stands in practice.
"""

from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGLosslessSV1

from tests.deid import headers

SETS = {"17mb": (2560, 3328, 24), "4mb": (0, 4_300_000, 60), "8kb": (16, 48, 400)}


def write_set(folder: Path, name: str, *, files: int | None = None) -> int:
    """Write one set; give the number of its files."""
    rows, columns, many = SETS[name]
    folder.mkdir(parents=True)
    generator = np.random.default_rng(7)
    for number in range(files or many):
        film = _film(number)
        if rows:
            film.Rows, film.Columns = rows, columns
            film.PixelData = generator.integers(0, 4096, (rows, columns), np.uint16).tobytes()
            syntax = ExplicitVRLittleEndian
        else:
            # Header work never decodes a frame, so that any bytes of this length will do.
            frame = b"\xff\xd8" + generator.bytes(columns) + b"\xff\xd9"
            film.PixelData = encapsulate([frame])
            syntax = JPEGLosslessSV1
        (folder / f"IM{number:05d}").write_bytes(headers.written(film, syntax))
    return files or many


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
