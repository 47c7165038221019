"""The corpus: women, visits, objects on disk, and the answer key beside them.

python -m tests.corpus --subjects 200 --keep /tmp/corpus
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from itertools import cycle
from pathlib import Path
from random import Random

import numpy as np
from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from flows.demo.burn import Text, burn
from tests import objects as common
from tests.corpus import documents, objects, reports
from tests.corpus.claims import derive
from tests.corpus.key import PIXELS, Action, Answer, Expected
from tests.corpus.odd import ODD, Odd
from tests.corpus.people import REGIONS, Number, Woman, women
from tests.corpus.planting import Planter, Source
from tests.corpus.reading import as_it_is
from tests.corpus.vendors import plant_archive, plant_broken, plant_vendor

BOTH = {"mammography": Expected.ADMITTED, "general": Expected.ADMITTED}
EITHER = {"mammography": Expected.EITHER, "general": Expected.EITHER}
GENERAL = {"mammography": Expected.REFUSED, "general": Expected.ADMITTED}
REVIEWED = {"mammography": Expected.REFUSED, "general": Expected.EITHER}
SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    ImplicitVRLittleEndian,
    RLELossless,
)
# place, section of harmless texts, longest
TEXTS = (
    ("00081030", "study", 64),
    ("0008103E", "series", 64),
    ("00181030", "protocol", 64),
    ("00181400", "comment", 64),
    ("00082111", "comment", 400),
    ("00204000", "comment", 400),
    ("00104000", "comment", 400),
    ("001021B0", "comment", 400),
    ("00102000", "comment", 64),
    ("00102110", "comment", 64),
    ("00321060", "study", 64),
    ("00400254", "study", 64),
    ("00400280", "comment", 400),
    ("00321030", "comment", 64),
    ("00324000", "report", 900),
    ("00384000", "comment", 400),
    ("00400310", "comment", 400),
    ("00402400", "comment", 400),
    ("00401400", "comment", 400),
    ("4008010B", "report", 900),
    ("00400275/0/00400007", "study", 64),
    ("00400275/0/00321060", "study", 64),
    ("00400275/0/00401002", "comment", 64),
    ("0018A001/0/0018A003", "comment", 400),
    ("00187062", "protocol", 400),
    ("00281055", "label", 64),
    ("00189424", "protocol", 400),
)
# Of an object that is no image
FEW = TEXTS[:2]
FRAME = ("52009230/{0}/00209111/0/00209158", "comment", 400)

Build = Callable[[], Dataset]


@dataclass(frozen=True)
class Corpus:
    """A folder of identified objects, and what is claimed of each."""

    folder: Path
    answers: tuple[Answer, ...]


def write_corpus(folder: Path, *, subjects: int, seed: int = 1, odd_per_visit: int = 4) -> Corpus:
    """Write a corpus; the same seed and size, the same bytes."""
    random = Random(seed)
    source = Source(random)
    traps = cycle(ODD)
    answers: list[Answer] = []
    with as_it_is():
        for woman in women(subjects, random):
            for visit in visits(woman, random):
                maker = _Maker(folder, visit, Planter(visit, source))
                answers += maker.visit_objects()
                answers += [maker.trap(next(traps), place) for place in range(odd_per_visit)]
    return Corpus(folder, tuple(answers))


def visits(woman: Woman, random: Random) -> Iterator[objects.Visit]:
    """Give a woman's visits: over years, and in two regions if they know her by one number."""
    day = date(2018, 1, 8) + timedelta(days=random.randrange(700))
    region = woman.order % len(REGIONS)
    for order in range(3 if woman.order % 2 else 2):
        moved = order > 0 and woman.order % 3 != 2 and woman.kind is not Number.RESERVE
        yield objects.Visit(woman, REGIONS[(region + moved) % len(REGIONS)], day, order)
        day += timedelta(days=random.randrange(20, 800))


class _Maker:
    def __init__(self, folder: Path, visit: objects.Visit, planter: Planter) -> None:
        self.folder = folder
        self.visit = visit
        self.planter = planter
        self._turn = visit.woman.order * 3 + visit.order

    def visit_objects(self) -> Iterator[Answer]:
        """Write what an examination leaves in an archive."""
        visit, turn = self.visit, self._turn
        views = ("rcc", "lcc", "rmlo", "lmlo")
        for place, view in enumerate(views[: 2 + 2 * (turn % 2)]):
            yield self.image(11 + place, view, SYNTAXES[(turn * 2 + place) % len(SYNTAXES)])
        if turn % 3 == 0:
            yield self.image(15, "lmlo", ImplicitVRLittleEndian, raw=True)
            yield self.burned(16)
        if turn % 3 == 1:
            yield self.volume(21, ExplicitVRLittleEndian, projection=False)
            yield self.volume(22, JPEGLSLossless, projection=True)
        if turn % 5 == 0:
            yield self.image(17, "rcc", DeflatedExplicitVRLittleEndian, expected=EITHER)
            yield self.image(18, "rcc", ExplicitVRBigEndian, expected=EITHER)
        yield from self.documents(turn)
        if turn % 2 == 0:
            yield self.other(41, lambda: objects.capture(visit, 41), REVIEWED)
            yield self.other(42, lambda: objects.radiograph(visit, 42), GENERAL)

    def documents(self, turn: int) -> Iterator[Answer]:
        """Write reports, key objects, presentation states and segmentations."""
        visit, planter = self.visit, self.planter
        kinds = (
            (31, lambda a: documents.cad_report(visit, 31, reports.cad_contents(planter, a))),
            (32, lambda a: documents.report(visit, 32, reports.report_contents(planter, a))),
            (34, lambda a: documents.key_objects(visit, 34, reports.key_contents(planter, a))),
            (35, lambda a: documents.presentation(visit, 35, reports.annotations(planter, a))),
            (36, self._segmentation),
            (
                33,
                lambda a: documents.report(
                    visit,
                    33,
                    reports.basic_contents(planter, a),
                    sop_class=documents.BASIC_TEXT,
                ),
            ),
        )
        for step in range(4):
            number, build = kinds[(turn + step) % len(kinds)]
            answer = self._answer(number, "tables", BOTH)
            made = build(answer)
            yield self._finish(made, answer, FEW)

    def _segmentation(self, answer: Answer) -> Dataset:
        label = self.planter.source.phrase("label", avoid=self.planter.avoid)
        where = "00620002/0/00620005"
        answer.add(Action.TEXT_RETAINED, where, "label text", "descriptor", label.split())
        made = documents.segmentation(self.visit, 36, label)
        self.planter.mixed(made, answer, "00620002/0/00620006", "label", 200)
        return made

    def image(
        self,
        number: int,
        view: str,
        syntax: UID,
        *,
        raw: bool = False,
        expected: dict[str, Expected] = BOTH,
    ) -> Answer:
        """Write one mammogram with texts all over it, and its machine's private block."""
        answer = self._answer(number, "engine", expected)
        kind = ExplicitVRLittleEndian if syntax in _REWRITTEN else syntax
        made = objects.mammogram(self.visit, number, view, syntax=kind, raw=raw)
        if number % 2:
            plant_vendor(made, self.planter, answer)
        elif self._turn % 2:
            plant_archive(made, self.planter, answer)
        else:
            plant_broken(made, self.planter, answer)
        return self._finish(made, answer, TEXTS, syntax=syntax)

    def burned(self, number: int) -> Answer:
        """Write a mammogram with her name burned into the air: only a text reader hides it."""
        answer = self._answer(number, "pixels", BOTH)
        frame = common.phantom(256, 192, view=common.VIEWS["lcc"], bits=12, seed=number)
        text = Text(self.visit.woman.number, 0.05, 0.88, height=20)
        box = burn(frame, (text,), 4095)[0]
        made = objects.mammogram(self.visit, number, "lcc", pixels=np.ascontiguousarray(frame))
        answer.add(Action.PIXELS_HIDDEN, PIXELS, "burned-in text", "pixels", map(str, box))
        return self._finish(made, answer, ())

    def volume(self, number: int, syntax: UID, *, projection: bool) -> Answer:
        """Write a tomosynthesis object with comments on its frames."""
        answer = self._answer(number, "engine", BOTH)
        made = objects.tomosynthesis(self.visit, number, syntax=syntax, projection=projection)
        where, section, longest = FRAME
        for frame in range(3):
            self.planter.mixed(made, answer, where.format(frame), section, longest)
        return self._finish(made, answer, TEXTS[:8])

    def other(self, number: int, build: Build, expected: dict[str, Expected]) -> Answer:
        """Write an image of another class."""
        answer = self._answer(number, "engine", expected)
        return self._finish(build(), answer, TEXTS[:8])

    def trap(self, odd: Odd, place: int) -> Answer:
        """Write one trap."""
        number = 51 + place
        expected = BOTH if odd.expected is Expected.ADMITTED else EITHER
        answer = self._answer(number, odd.area, expected, odd.name)
        made = objects.mammogram(self.visit, number, "rcc")
        finish = odd.plant(made, self.planter, answer)
        derive(made, self.visit, answer)
        data = write_bytes(made)
        return self._write(answer, finish(data) if finish else data)

    def _answer(
        self, number: int, area: str, expected: dict[str, Expected], name: str = "image"
    ) -> Answer:
        visit = self.visit
        woman, region = visit.woman, visit.region
        if region.upper:
            file = f"ST_{visit.accession}/{visit.root}.{number // 10}.{number}.dcm"
        else:
            person = f"{woman.family}_{woman.first}_{woman.patient_id(region)}"
            file = f"{person}/{visit.day:%Y-%m-%d}/{name}-{number:03d}.dcm"
        answer = Answer(f"{region.slug}/{file}", woman.order, area, expected)
        for literal in (woman.family, woman.number, woman.patient_id(region), visit.accession):
            if len(literal) > 3 and literal in file:
                answer.add(Action.TEXT_REMOVED, "file name", "name", "file name", (literal,))
        return answer

    def _finish(
        self,
        made: Dataset,
        answer: Answer,
        texts: tuple[tuple[str, str, int], ...],
        *,
        syntax: UID = ExplicitVRLittleEndian,
    ) -> Answer:
        for where, section, longest in texts:
            if self.planter.random.random() < 0.5:
                self.planter.harmless(made, answer, where, section, longest)
            else:
                self.planter.mixed(made, answer, where, section, longest)
        derive(made, self.visit, answer)
        if any(check.action is Action.PIXELS_HIDDEN for check in answer.checks):
            answer.checks = [
                check for check in answer.checks if check.action is not Action.PIXELS_RETAINED
            ]
        return self._write(answer, write_bytes(made, syntax if syntax in _REWRITTEN else None))

    def _write(self, answer: Answer, data: bytes) -> Answer:
        path = self.folder / answer.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return answer


_REWRITTEN = {DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian}


def write_bytes(made: Dataset, syntax: UID | None = None) -> bytes:
    """Write a dataset as a file, in another transfer syntax if asked."""
    _fit_charset(made)
    buffer = BytesIO()
    made.preamble = getattr(made, "preamble", None) or bytes(128)
    if syntax is not None:
        made.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        made.PixelData = np.frombuffer(made.PixelData, "<u2").astype(">u2").tobytes()
    dcmwrite(buffer, made, enforce_file_format=True, overwrite=True)
    return buffer.getvalue()


def _fit_charset(made: Dataset) -> None:
    """Declare UTF-8 if a text has letters that the declared character set has not."""
    if made.get("SpecificCharacterSet") != "ISO_IR 100":
        return
    for element in made.iterall():
        if element.VR in {"LO", "LT", "PN", "SH", "ST", "UC", "UT"}:
            try:
                str(element.value).encode("latin-1")
            except UnicodeEncodeError:
                made.SpecificCharacterSet = "ISO_IR 192"
                return
