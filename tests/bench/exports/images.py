"""Invented screening studies: four views each, uncompressed, as a detector of 17 MB gives them."""

from functools import cache
from pathlib import Path

import numpy as np

from flows.demo.encode import UID_ROOT
from tests.bench.pixels.breast import Look, expose
from tests.bench.pixels.samples import Array
from tests.objects import mammogram

VIEWS = ("lcc", "rcc", "lmlo", "rmlo")
ROWS, COLUMNS, BITS = 3328, 2560, 12


def write_studies(folder: Path, studies: int, *, first: int = 1) -> int:
    """Write so many studies, all files in one folder; return their size together.

    The studies are of different women and share their four pictures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for study in range(first, first + studies):
        uid = f"{UID_ROOT}.8.{study}"
        for number, view in enumerate(VIEWS, 1):
            mammogram(
                view=view,
                pixels=_picture(view),
                BitsStored=BITS,
                PatientName=f"Provström^Åsa{study}",
                PatientID=f"PROV{study:06}",
                IssuerOfPatientID=None,
                AccessionNumber=f"PROV23{study:05}",
                StudyID=f"S{study}",
                StudyInstanceUID=uid,
                SeriesInstanceUID=f"{uid}.{number}",
                SOPInstanceUID=f"{uid}.{number}.1",
            ).save_as(folder / f"{study:04}-{view}.dcm", enforce_file_format=True)
    return sum(path.stat().st_size for path in folder.iterdir())


@cache
def _picture(view: str) -> Array:
    look = Look(ROWS, COLUMNS, BITS, side=view[0].upper(), view=view[1:].upper())
    return expose(look, np.random.default_rng(VIEWS.index(view)))[0]
