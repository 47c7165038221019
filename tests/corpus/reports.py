"""What reports, CAD results, key objects, presentation states and segmentations say of a woman."""

from collections.abc import Iterator

from pydicom.dataset import Dataset

from tests.corpus.documents import (
    image_item,
    item,
    number_item,
    text_item,
)
from tests.corpus.key import Action, Answer
from tests.corpus.objects import code, dataset
from tests.corpus.planting import Planter
from tests.corpus.reading import words_of

PERCENT = code("%", "UCUM", "Percent")
MILLIMETRE = code("mm", "UCUM", "millimeter")
# Concepts of Table E.3.4-1 whose text is cleaned
CLEANED = (
    ("121071", "DCM", "Finding"),
    ("121077", "DCM", "Conclusion"),
    ("121075", "DCM", "Recommendation"),
    ("121106", "DCM", "Comment"),
    ("121111", "DCM", "Summary"),
    ("121065", "DCM", "Procedure Description"),
    ("11329-0", "LN", "History"),
    ("18785-6", "LN", "Indications for Procedure"),
    ("121110", "DCM", "Patient Presentation"),
)


def said(planter: Planter, answer: Answer, concept: str, section: str = "report") -> str:
    """Make a sentence under a concept, plain or with an identifier in it."""
    where = f"sr:{concept}"
    if planter.random.random() < 0.4:
        text = planter.source.phrase(section, avoid=planter.avoid)
        answer.add(
            Action.TEXT_RETAINED, where, f"{section} text", "structured report", words_of(text)
        )
        return text
    text, claims = planter.sentence(section, 900)
    for action, kind, literals in claims:
        answer.add(action, where, kind, "structured report", literals)
    return text


def context(planter: Planter, answer: Answer) -> Iterator[Dataset]:
    """Say who observed whom (TID 1001): all of it names somebody."""
    visit = planter.visit
    woman, region = visit.woman, visit.region
    rule = "HAS OBS CONTEXT"
    yield item(
        "HAS CONCEPT MOD",
        "CODE",
        code("121049", "DCM", "Language of Content Item and Descendants"),
        ConceptCodeSequence=[code("sv", "RFC5646", "Swedish")],
    )
    for concept, meaning, name in (
        ("121008", "Person Observer Name", visit.staff(2)),
        ("121029", "Subject Name", woman.pn(region)),
    ):
        yield item(rule, "PNAME", code(concept, "DCM", meaning), PersonName=name)
        literals = (name.split("^")[0],)
        answer.add(Action.TEXT_REMOVED, f"sr:{concept}", "name", "structured report", literals)
    for concept, meaning, text in (
        ("121009", "Person Observer's Organization Name", region.hospital),
        ("121030", "Subject ID", woman.number),
        ("121022", "Accession Number", visit.accession),
        ("121013", "Device Observer Name", region.station),
        ("121016", "Device Observer Serial Number", "SNCAD77123"),
    ):
        yield text_item(code(concept, "DCM", meaning), text, rule)
        answer.add(Action.TEXT_REMOVED, f"sr:{concept}", "number", "structured report", (text,))
    for concept, meaning, kind, values in (
        ("121031", "Subject Birth Date", "DATE", {"Date": f"{woman.born:%Y%m%d}"}),
        ("111060", "Study Date", "DATE", {"Date": f"{visit.day:%Y%m%d}"}),
        (
            "121125",
            "DateTime of Recording of Log Entry",
            "DATETIME",
            {"DateTime": f"{visit.day:%Y%m%d}1530"},
        ),
        ("121012", "Device Observer UID", "UIDREF", {"UID": f"{region.root}.7.7"}),
        ("121018", "Procedure Study Instance UID", "UIDREF", {"UID": visit.root}),
    ):
        yield item(rule, kind, code(concept, "DCM", meaning), **values)
    birth = (f"{woman.born:%Y%m%d}",)
    answer.add(Action.TEXT_REMOVED, "sr:121031", "birth date", "structured report", birth)
    sex = [code("F", "DCM", "Female")]
    yield item(rule, "CODE", code("121032", "DCM", "Subject Sex"), ConceptCodeSequence=sex)
    answer.add(Action.TAG_RETAINED, "sr:121032", "code", "structured report")


def report_contents(planter: Planter, answer: Answer) -> list[Dataset]:
    """Give the content of a radiology report (TID 2000)."""
    contents = list(context(planter, answer))
    findings = item("CONTAINS", "CONTAINER", code("121070", "DCM", "Findings"))
    findings.ContinuityOfContent = "SEPARATE"
    findings.ContentSequence = [
        text_item(code(*concept), said(planter, answer, concept[0])) for concept in CLEANED[:3]
    ]
    local = text_item(code("SVAR", "99VISSRIS", "Svarstext"), said(planter, answer, "SVAR"))
    size = number_item(code("103339001", "SCT", "Long axis"), "12.5", MILLIMETRE)
    answer.add(Action.TEXT_RETAINED, "sr:103339001", "measurement", "structured report", ("12.5",))
    contents += [findings, local, size, image_item(planter.visit, 11)]
    contents += [
        text_item(code(*concept), said(planter, answer, concept[0])) for concept in CLEANED[3:]
    ]
    return contents


def basic_contents(planter: Planter, answer: Answer) -> list[Dataset]:
    """Give the content of a Basic Text SR: a few texts and nothing else."""
    return [
        text_item(code(*concept), said(planter, answer, concept[0]))
        for concept in (CLEANED[0], CLEANED[1], CLEANED[3])
    ]


def cad_contents(planter: Planter, answer: Answer) -> list[Dataset]:
    """Give the content of a mammography CAD report (TID 4000), with a by-reference item."""
    visit = planter.visit
    properties = [
        item(
            "HAS PROPERTIES",
            "NUM",
            code("111047", "DCM", "Probability of cancer"),
            MeasuredValueSequence=[
                dataset(NumericValue="35", MeasurementUnitsCodeSequence=[PERCENT])
            ],
        ),
        item(
            "HAS PROPERTIES",
            "SCOORD",
            code("111010", "DCM", "Center"),
            GraphicType="POINT",
            GraphicData=[20.0, 30.0],
        ),
        text_item(
            code("111001", "DCM", "Algorithm Name"), "Calcification detector", "HAS PROPERTIES"
        ),
        text_item(code("121106", "DCM", "Comment"), said(planter, answer, "121106"), "CONTAINS"),
    ]
    properties[1].ContentSequence = [
        dataset(RelationshipType="SELECTED FROM", ReferencedContentItemIdentifier=[1, 1])
    ]
    finding = item(
        "CONTAINS",
        "CODE",
        code("111059", "DCM", "Single Image Finding"),
        ConceptCodeSequence=[code("129769006", "SCT", "Calcification Cluster")],
    )
    finding.ContentSequence = properties
    day = item("HAS ACQ CONTEXT", "DATE", code("111060", "DCM", "Study Date"))
    day.Date = f"{visit.day:%Y%m%d}"
    picture = image_item(visit, 11)
    picture.ContentSequence = [day]
    for where, literal in (("sr:111047", "35"), ("sr:111001", "Calcification")):
        answer.add(Action.TEXT_RETAINED, where, "measurement", "CAD report", (literal,))
    answer.add(Action.TAG_RETAINED, "sr:111059", "code", "CAD report")
    answer.add(Action.TAG_RETAINED, "sr:111010", "coordinates", "CAD report")
    name = item("HAS OBS CONTEXT", "PNAME", code("121008", "DCM", "Person Observer Name"))
    name.PersonName = visit.staff(2)
    staff = (visit.staff(2).split("^")[0],)
    answer.add(Action.TEXT_REMOVED, "sr:121008", "staff", "CAD report", staff)
    return [picture, name, finding]


def key_contents(planter: Planter, answer: Answer) -> list[Dataset]:
    """Give the description of a key object selection."""
    concept = code("113012", "DCM", "Key Object Description")
    return [text_item(concept, said(planter, answer, "113012", "label"))]


def annotations(planter: Planter, answer: Answer) -> list[str]:
    """Give the texts of a presentation state's annotations."""
    texts = []
    for place in range(3):
        where = f"00700001/0/00700008/{place}/00700006"
        if place == 0:
            text = planter.source.phrase("label", avoid=planter.avoid)
            claims = iter([(Action.TEXT_RETAINED, "label text", words_of(text))])
        else:
            text, claims = planter.sentence("label", 100)
        for action, kind, literals in claims:
            answer.add(action, where, kind, "annotation", literals)
        texts.append(text)
    return texts
