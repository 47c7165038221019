"""What the two exports hold: visits, films, text in the pixels, transfer syntaxes."""

from dataclasses import dataclass

from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from flows.demo.burn import Text
from flows.demo.identify import Visit
from flows.demo.identities import ALVDALA, ASA, BIRGITTA, MARTA, OSTERSKOG, ZOFIA
from flows.demo.mammogram import VIEWS, View

BENIGN, MALIGNANT = 0, 1
TISSUE, AIR_TOP, AIR_LOW = "tissue", "air top", "air low"


@dataclass(frozen=True)
class Film:
    """One film as an object: which one, and what is done to it.

    Attributes:
        case: Which of the two women of CBIS-DDSM.
        view: Key of `VIEWS`.
        syntax: Transfer syntax of the object.
        bits: Bits Stored; lower bits of the 16 are dropped.
        burn: Where name, number and date are written into the pixels.
        height: Font size of that text, in pixels of the finished image.
        grey: Its brightness.
        trim: Rows and columns cut off all around.
        shrink: Every n-th row and column only.
        declared: Whether Burned In Annotation says YES.
    """

    case: int
    view: str
    syntax: UID = ExplicitVRLittleEndian
    bits: int = 16
    burn: tuple[str, ...] = ()
    height: int = 64
    grey: float = 1.0
    trim: int = 0
    shrink: int = 1
    declared: bool = False

    @property
    def projection(self) -> View:
        """The film's view; true to the lead markers in the picture."""
        return VIEWS[self.view]


@dataclass(frozen=True, repr=False)
class StudyPlan:
    """One visit, the folder it is exported to, and its films.

    Attributes:
        visit: Who was examined, where and when.
        folder: Below the export; hospitals write names into it.
        films: The mammograms.
        extras: What else lies there: keys of `build.OUTCOME_OF`.
        medium: "" for loose files, "zip" for the export's ZIP, "disc" for a DICOM file-set.
    """

    visit: Visit
    folder: str
    films: tuple[Film, ...]
    extras: tuple[str, ...] = ()
    medium: str = ""


def texts_of(film: Film, visit: Visit) -> tuple[Text, ...]:
    """Return what is burned into a film: clear of the breast, or over it."""
    right = film.projection.laterality == "R"
    date = f"{visit.day[:4]}-{visit.day[4:6]}-{visit.day[6:]}"
    lines = (visit.woman.banner, f"{visit.woman.long}  {date}")
    found: list[Text] = []
    for place in film.burn:
        x, y = {
            TISSUE: (0.50 if right else 0.06, 0.50),
            AIR_TOP: (0.03 if right else 0.52, 0.26),
            AIR_LOW: (0.03 if right else 0.52, 0.88),
        }[place]
        step = film.height * 1.5 / (4400 / film.shrink)
        found += [
            Text(line, x, y + number * step, film.height, film.grey)
            for number, line in enumerate(lines)
        ]
    return tuple(found)


def _osterskog() -> tuple[StudyPlan, ...]:
    hologic, siemens, philips = OSTERSKOG.machines
    benign_2021 = (
        Film(BENIGN, "rcc", JPEGLSLossless, 12, burn=(AIR_LOW,)),
        Film(BENIGN, "lcc", JPEGLSLossless, 12),
        Film(BENIGN, "rmlo", ExplicitVRLittleEndian, 12),
        Film(BENIGN, "lmlo", JPEGLosslessSV1, 12, burn=(AIR_LOW, TISSUE), height=72),
    )
    malignant_2022 = (
        Film(MALIGNANT, "rcc", ImplicitVRLittleEndian, 14, burn=(AIR_LOW,), height=48, grey=0.55),
        Film(MALIGNANT, "lcc", RLELossless, 14),
        Film(MALIGNANT, "rmlo", JPEGLosslessSV1, 14),
        Film(MALIGNANT, "lmlo", JPEGLSLossless, 14, burn=(TISSUE,), height=80),
    )
    malignant_2020 = (
        Film(MALIGNANT, "rcc", JPEGLSLossless, shrink=2, trim=40),
        Film(MALIGNANT, "lcc", ExplicitVRLittleEndian, shrink=2, trim=40, burn=(AIR_LOW,),
             height=40),
    )  # fmt: skip
    return (
        StudyPlan(
            Visit(1, ASA, OSTERSKOG, hologic, "20210316", "081530"),
            f"{ASA.family.upper()} {ASA.given}/2021",
            benign_2021,
        ),
        StudyPlan(
            Visit(3, BIRGITTA, OSTERSKOG, philips, "20200921", "101500"),
            f"CD {BIRGITTA.family}",
            malignant_2020,
            medium="disc",
        ),
        StudyPlan(
            Visit(4, BIRGITTA, OSTERSKOG, siemens, "20221010", "130245"),
            f"{BIRGITTA.family}_{BIRGITTA.twelve}/20221010",
            malignant_2022,
            extras=("truncated", "ultrasound"),
        ),
    )


def _alvdala() -> tuple[StudyPlan, ...]:
    ge, fuji = ALVDALA.machines
    benign_2023 = (
        Film(BENIGN, "rcc", JPEGLosslessSV1, 14, trim=24),
        Film(BENIGN, "lcc", RLELossless, 14, trim=24, burn=(AIR_LOW,), height=90, grey=0.7),
        Film(BENIGN, "rmlo", JPEGLSLossless, 14, trim=24, burn=(AIR_LOW,), height=56),
        Film(BENIGN, "lmlo", ImplicitVRLittleEndian, 14, trim=24),
    )
    malignant_2022 = (
        Film(MALIGNANT, "rcc", JPEGLSLossless, 12, trim=60),
        Film(MALIGNANT, "lcc", JPEGLosslessSV1, 12, trim=60, burn=(TISSUE,), height=60, grey=0.05),
        Film(MALIGNANT, "rmlo", ExplicitVRLittleEndian, 12, trim=60, shrink=2),
        Film(MALIGNANT, "lmlo", RLELossless, 12, trim=60, shrink=2, burn=(AIR_LOW,), height=36),
    )
    benign_2020 = (
        Film(BENIGN, "rcc", JPEG2000Lossless, 12, shrink=4, trim=80),
        Film(BENIGN, "lcc", ExplicitVRLittleEndian, 12, shrink=2, trim=80, burn=(AIR_LOW,),
             height=44, declared=True),
    )  # fmt: skip
    return (
        StudyPlan(
            Visit(2, ASA, ALVDALA, ge, "20230417", "093010"),
            f"{ASA.family}, {ASA.given} {ASA.short}",
            benign_2023,
            extras=("screen save",),
        ),
        StudyPlan(
            Visit(5, MARTA, ALVDALA, ge, "20221214", "144520"),
            f"{MARTA.family}",
            malignant_2022,
        ),
        StudyPlan(
            Visit(6, ZOFIA, ALVDALA, fuji, "20200528", "111005"),
            f"{ZOFIA.family} {ZOFIA.given}",
            benign_2020,
            medium="zip",
        ),
    )


def plans() -> dict[str, tuple[StudyPlan, ...]]:
    """Return the studies of each care provider, by its slug."""
    return {OSTERSKOG.slug: _osterskog(), ALVDALA.slug: _alvdala()}
