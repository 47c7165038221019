"""What can be claimed of any object from what stands in it, before it is de-identified."""

import re

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from tests.corpus.key import ANYWHERE, PIXELS, Action, Answer
from tests.corpus.lists import sections
from tests.corpus.objects import Visit
from tests.corpus.paths import everything, values
from tests.corpus.people import Number, without_marks

STANDARD = "1.2.840.10008."
_DATE = re.compile(r"\d{4}(\d{2}(\d{2})?)?")
_DATE_TIME = re.compile(r"\d{4}(\d{2}){0,5}(\.\d{1,6})?([+-]\d{4})?")
# Versions of published code lists and templates, which are no dates of hers
_PUBLISHED = {"00080106", "00080107", "0040DB06", "0040DB07"}
# What these sequences say in numbers and codes stays
NESTED = {
    "AnatomicRegionSequence",
    "ViewCodeSequence",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "GraphicLayerSequence",
    "DisplayedAreaSelectionSequence",
    "SoftcopyVOILUTSequence",
    "SegmentSequence",
}
_NUMERIC = {"CS", "DS", "FD", "FL", "IS", "SH", "SL", "SS", "UL", "US", "LO"}
_NOT_NUMERIC = {"SegmentLabel", "SegmentDescription", "FrameComments", "TrackingID"}


def derive(made: Dataset, visit: Visit, answer: Answer) -> None:
    """Add the claims that follow from an object's own elements."""
    planted = {check.where for check in answer.checks if check.action is Action.TEXT_REMOVED}
    _attributes(made, answer, planted)
    _nested(made, answer, planted)
    for where, element in everything(made):
        if where in planted or not element.value:
            continue
        if element.VR in {"DA", "DT"} and where.rsplit("/", 1)[-1] not in _PUBLISHED:
            _dated(answer, where, element.VR, values(element))
        elif element.VR == "UI":
            for uid in values(element):
                _identified(answer, where, uid)
            if where.endswith("/00081155") and "0040A730" not in where and "PixelData" not in made:
                answer.add(Action.TEXT_NOTNULL, where, "reference", "references")
    answer.add(
        Action.PATID_CONSISTENT, "00100020", "patient", "identity", values(made["PatientID"])
    )
    if "PixelData" in made:
        answer.add(Action.PIXELS_RETAINED, PIXELS, "pixels", "pixels")
    _everywhere(visit, answer)


def _attributes(made: Dataset, answer: Answer, planted: set[str]) -> None:
    keywords = sections("keywords.txt")
    for keyword in keywords["kept"]:
        where = _where(made, keyword)
        if where and where not in planted and made[keyword].value not in (None, ""):
            answer.add(Action.TEXT_RETAINED, where, keyword, "technical", values(made[keyword]))
    for keyword in keywords["present"]:
        if made.get(keyword):
            answer.add(Action.TEXT_NOTNULL, _where(made, keyword), keyword, "required")
    for keyword in keywords["type 2"]:
        answer.add(Action.TAG_RETAINED, _where(made, keyword), keyword, "required")


def _nested(made: Dataset, answer: Answer, planted: set[str]) -> None:
    for keyword in sorted(NESTED & {element.keyword for element in made}):
        for number, inner in enumerate(made[keyword].value):
            for where, element in everything(inner, f"{_where(made, keyword)}/{number}/"):
                if where not in planted and _is_technical(element) and values(element):
                    said = values(element)
                    answer.add(Action.TEXT_RETAINED, where, element.keyword, "nested", said)


def _where(made: Dataset, keyword: str) -> str:
    return f"{int(made[keyword].tag):08X}" if keyword in made else ""


def _is_technical(element: DataElement) -> bool:
    return (
        element.VR in _NUMERIC
        and not element.tag.is_private
        and element.keyword not in _NOT_NUMERIC
    )


_OF_A_UNIT = ("0018700C", "00181200", "00181202", "00181203")


def _dated(answer: Answer, where: str, vr: str, said: tuple[str, ...]) -> None:
    form = _DATE if vr == "DA" else _DATE_TIME
    if where == "00100030":
        answer.add(Action.TEXT_REMOVED, where, "birth date", "identity", said)
    elif where.endswith(_OF_A_UNIT):
        # Shared by all its women: shifted, it would compare their shifts (decision 4)
        answer.add(Action.TEXT_REMOVED, where, "calibration date", "identity", said)
    elif all(form.fullmatch(one) for one in said):
        answer.add(Action.DATE_SHIFTED, where, vr, "dates", said)


def _identified(answer: Answer, where: str, uid: str) -> None:
    if not uid.startswith(STANDARD):
        answer.add(Action.UID_CHANGED, where, "UID", "identity", (uid,))
        answer.add(Action.UID_CONSISTENT, where, "UID", "identity", (uid,))


def _everywhere(visit: Visit, answer: Answer) -> None:
    """Claim that what her archive knows her by is nowhere in the file."""
    woman, region = visit.woman, visit.region
    number = woman.number
    spellings = [number, number.replace("-", "")]
    if woman.kind is not Number.RESERVE:
        spellings += [number[2:], f"{number[2:8]}-{number[8:]}"]
    names = re.split(r"[\s^-]+", f"{woman.family} {woman.given}")
    staff = [visit.staff(step).split("^")[0] for step in (0, 1, 3)]
    for kind, literals in (
        ("name", [part for part in names if len(part) > 3]),
        ("name", [without_marks(woman.family)] if len(woman.family) > 3 else []),
        ("number", spellings),
        ("number", [f"{region.slug.upper()}{woman.order:06d}77", f"ST{visit.accession[-6:]}"]),
        ("phone", [woman.phone, woman.phone.replace("-", "")]),
        ("accession", [visit.accession]),
        ("staff", staff),
        ("place", [region.town, region.station]),
        ("device", [f"SN{region.slug[:2].upper()}{visit.order % 3}7781"]),
    ):
        if literals:
            answer.add(Action.TEXT_REMOVED, ANYWHERE, kind, "anywhere", literals)
