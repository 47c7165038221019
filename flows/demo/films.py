"""Build the export folders of two invented care providers out of real films.

    for export in build_exports(Path("var/demo")):
        print(export.holder_name, export.path, export.claimed)

Eight films of CBIS-DDSM (see NOTICE) become valid Digital Mammography X-Ray Image objects that
carry invented identities wherever hospitals leave them. The same bytes come out each time.
"""

import json
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from pydicom import dcmread

from flows.demo.build import FOREIGN, OUTCOME_OF, Progress, write_exports
from flows.demo.burn import Box, burn
from flows.demo.identities import PROVIDERS, REGION, Provider
from flows.demo.plan import StudyPlan, plans, texts_of

VERSION = "4"
STAMP = "complete.json"


@dataclass(frozen=True)
class DemoExport:
    """One export folder, and what an ingest of it has to say.

    Attributes:
        region: Name of the health-care region.
        holder_slug: Short name of the care provider, fit for a key.
        holder_name: Its name.
        organisation_number: Its organisation number, invented.
        hsa_id: Its HSA-id, invented.
        path: The folder.
        claimed: How many DICOM instances the export says it holds, those in a ZIP included. A
            DICOMDIR is an index, no instance; what is no DICOM at all comes on top.
        description: What to expect, in one sentence.
        expected: How many files should end in each Outcome, by its name; sums to the claim and
            the foreign files.
        foreign: How many files are no DICOM at all (each of them UNREADABLE).
    """

    region: str
    holder_slug: str
    holder_name: str
    organisation_number: str
    hsa_id: str
    path: Path
    claimed: int
    description: str
    expected: Mapping[str, int]
    foreign: int


_DESCRIPTIONS = {
    "osterskog": "A hospital's folder: two women, three studies, prior films on a CD with its "
    "DICOMDIR, an ultrasound, a file cut short, and a text file.",
    "alvdala": "A screening unit's folder with a ZIP in it: three women, one of them known at the "
    "hospital too, a screen-save, an image declared to carry text, and one stray file.",
}


def build_exports(target: Path, *, progress: Progress | None = None) -> tuple[DemoExport, ...]:
    """Write both exports below a folder, or return at once when they are there already.

    Args:
        target: Folder to fill; what an unfinished build left in it is removed.
        progress: Called with films done and films in all.
    """
    studies = plans()
    if _stamp(target) != VERSION:
        for slug in studies:
            shutil.rmtree(target / slug, ignore_errors=True)
        write_exports(target, studies, progress)
        (target / STAMP).write_text(json.dumps({"version": VERSION}), encoding="utf-8")
    return tuple(_described(target, provider, studies[provider.slug]) for provider in PROVIDERS)


def _stamp(target: Path) -> str:
    try:
        return str(json.loads((target / STAMP).read_text(encoding="utf-8"))["version"])
    except (FileNotFoundError, ValueError, KeyError):
        return ""


def _described(target: Path, provider: Provider, studies: tuple[StudyPlan, ...]) -> DemoExport:
    expected: Counter[str] = Counter()
    for study in studies:
        expected.update("REFUSED" if film.declared else "ADMITTED" for film in study.films)
        expected.update(OUTCOME_OF[extra] for extra in study.extras)
    foreign = len(FOREIGN[provider.slug])
    claimed = expected.total()
    expected["UNREADABLE"] += foreign
    return DemoExport(
        region=REGION,
        holder_slug=provider.slug,
        holder_name=provider.name,
        organisation_number=provider.organisation_number,
        hsa_id=provider.hsa_id,
        path=target / provider.slug,
        claimed=claimed,
        description=_DESCRIPTIONS[provider.slug],
        expected=MappingProxyType({name: n for name, n in expected.items() if n}),
        foreign=foreign,
    )


def burned_boxes(original: Path) -> tuple[Box, ...]:
    """Return where text was drawn into a built film, (x0, y0, x1, y1) in pixels: the truth."""
    ds = dcmread(original, stop_before_pixels=True)
    for study in (study for studies in plans().values() for study in studies):
        for number, film in enumerate(study.films, start=1):
            if study.visit.sop_uid(number) == ds.SOPInstanceUID:
                blank = np.zeros((ds.Rows, ds.Columns), np.uint16)
                return burn(blank, texts_of(film, study.visit), 1)
    return ()
