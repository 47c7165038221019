"""Small studies of invented women in a PACS, and what of them may be seen nowhere else."""

import json
from dataclasses import dataclass
from datetime import date

from pydicom import Dataset

from flows.demo.identities import WOMEN
from flows.demo.mammogram import VIEWS as _VIEW
from tests.flows.sources.peers import QRSCP, send
from tests.objects import INSTANCE, mammogram, phantom, secrets_of

VIEWS = ("lcc", "rcc")
ACCESSION = "REMISS"
ROWS, COLUMNS = 96, 80


@dataclass(frozen=True, repr=False)
class Held:
    """A study that the PACS holds.

    Attributes:
        secrets: What may never be seen outside of it.
    """

    study_uid: str
    sop_uids: tuple[str, ...]
    secrets: tuple[str, ...]


def fill(port: int, day: date, studies: int) -> tuple[Held, ...]:
    """Put studies into a PACS, each of two images; four women have them in turn."""
    made = [images(day, number) for number in range(1, studies + 1)]
    send(port, QRSCP, [image for views in made for image in views])
    return tuple(map(held, made))


def held(views: list[Dataset]) -> Held:
    """Tell what a PACS holds that has these images of one study."""
    secrets = {_begins(one) for view in views for one in secrets_of(view)}
    uids = tuple(str(view.SOPInstanceUID) for view in views)
    return Held(str(views[0].StudyInstanceUID), uids, tuple(sorted(secrets)))


def _begins(secret: str) -> str:
    """Give what all UIDs, and all accession numbers, begin with: so there is less to search for."""
    beginnings = (one for one in (INSTANCE, ACCESSION) if secret.startswith(one))
    return next(beginnings, secret)


def images(day: date, number: int) -> list[Dataset]:
    """Make the images of one study."""
    woman = WOMEN[number % len(WOMEN)]
    told = f"{day:%Y%m%d}"
    study = f"{INSTANCE}.{told}.{number}"
    return [
        mammogram(
            view=view,
            pixels=phantom(ROWS, COLUMNS, view=_VIEW[view], seed=number),
            PatientName=woman.person_name,
            PatientID=woman.long,
            PatientBirthDate=woman.born,
            PatientAge=woman.age(told),
            SOPInstanceUID=f"{study}.1.{place}",
            StudyInstanceUID=study,
            SeriesInstanceUID=f"{study}.1",
            AccessionNumber=f"{ACCESSION}{told[2:]}{number:03}",
            **dict.fromkeys(("StudyDate", "SeriesDate", "ContentDate", "AcquisitionDate"), told),
        )
        for place, view in enumerate(VIEWS, 1)
    ]


def forms(secret: str) -> set[bytes]:
    """Write a secret as files, databases and JSON would."""
    codes = {secret.encode(code, "ignore") for code in ("utf-8", "latin-1", "utf-16-le")}
    return codes | {json.dumps(secret)[1:-1].encode()}
