"""Private blocks as mammography machines and archives write them.

Which elements are safe is a fact of TCIA's private tag knowledge base (2024-02-01): `keep` ones
must stay with their numbers, all others must go; what is planted in a safe text must go from it.
"""

from dataclasses import dataclass

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.corpus.key import Action, Answer
from tests.corpus.objects import dataset
from tests.corpus.paths import put
from tests.corpus.planting import Planter
from tests.corpus.reading import words_of


@dataclass(frozen=True)
class Private:
    """One private element and a value as a machine writes it."""

    where: str
    vr: str
    value: object
    keep: bool = True


HOLOGIC = (
    Private("0019:HOLOGIC, Inc.:07", "SH", "0"),
    Private("0019:HOLOGIC, Inc.:16", "DS", "0.5"),
    Private("0019:HOLOGIC, Inc.:30", "US", 3),
    Private("0019:HOLOGIC, Inc.:33", "US", 118),
    Private("0019:HOLOGIC, Inc.:34", "US", 121),
    Private("0019:HOLOGIC, Inc.:35", "US", 2),
    Private("0019:HOLOGIC, Inc.:40", "DS", "214.0"),
    Private("0019:HOLOGIC, Inc.:41", "DS", "412.7"),
    Private("0019:HOLOGIC, Inc.:42", "IS", "400"),
    Private("0019:HOLOGIC, Inc.:43", "DS", "1.04"),
    Private("0019:HOLOGIC, Inc.:44", "DS", "28.0"),
    Private("0019:HOLOGIC, Inc.:45", "IS", "200"),
    Private("0019:HOLOGIC, Inc.:46", "IS", "5"),
    Private("0019:HOLOGIC, Inc.:90", "DS", "-7.5"),
    Private("0019:HOLOGIC, Inc.:06", "LO", "PDL77812", keep=False),
    Private("0019:HOLOGIC, Inc.:25", "SH", "SPV77A", keep=False),
    Private("0019:HOLOGIC, Inc.:61", "OB", b"IPPARAM77\0", keep=False),
    Private("0023:HOLOGIC, Inc.:01", "LO", "D:/PAT/SJO77.dcm", keep=False),
)
LORAD = (
    Private("0019:LORAD Selenia:07", "SH", "0"),
    Private("0019:LORAD Selenia:30", "US", 4),
    Private("0019:LORAD Selenia:32", "US", 96),
    Private("0019:LORAD Selenia:33", "US", 411),
    Private("0019:LORAD Selenia:40", "DS", "120"),
    Private("0019:LORAD Selenia:41", "DS", "388.2"),
    Private("0019:LORAD Selenia:52", "IS", "1"),
    Private("0019:LORAD Selenia:53", "IS", "350"),
    Private("0019:LORAD Selenia:82", "UN", b"FILM77LORAD\0", keep=False),
)
GE = (
    Private("0045:GEMS_SENO_02:06", "DS", "45"),
    Private("0045:GEMS_SENO_02:20", "DS", "2311.4"),
    Private("0045:GEMS_SENO_02:2A", "IS", "-1"),
    Private("0045:GEMS_SENO_02:49", "DS", "51.2"),
    Private("0045:GEMS_SENO_02:52", "IS", "11"),
    Private("0045:GEMS_SENO_02:58", "DS", "0.0411"),
    Private("0045:GEMS_SENO_02:60", "IS", "410"),
    Private("0045:GEMS_SENO_02:62", "IS", "2047"),
    Private("0045:GEMS_SENO_02:65", "IS", "77"),
    Private("0045:GEMS_SENO_02:1B", "CS", "LMLO"),
    Private("0045:GEMS_SENO_02:26", "OB", b"MAOBUFFER77\0", keep=False),
    Private("0045:GEMS_SENO_02:67", "DS", "7712345.5", keep=False),
)
SIEMENS = (
    Private("0029:SIEMENS MED MG:10", "US", [25, 32]),
    Private("0029:SIEMENS MED MG:20", "US", [16, 17]),
    Private("0029:SIEMENS MED MG:30", "US", [12, 14]),
    Private("0029:SIEMENS MED MG:60", "US", [1, 2]),
    Private("0029:SIEMENS MEDCOM HEADER:08", "OB", b"MEDCOM77 BLOB\0\0", keep=False),
)
SECTRA = (
    Private("0009:SECTRA_Ident_01:06", "LO", "VSN77.dcm", keep=False),
    Private("0029:SECTRA_ImageInfo_01:04", "OB", b"SECTRA77INFO", keep=False),
)
BLOCKS = {
    "HOLOGIC, Inc.": HOLOGIC,
    "LORAD": LORAD,
    "GE MEDICAL SYSTEMS": GE,
    "SIEMENS": SIEMENS,
    "SECTRA Imtec AB": SECTRA,
}
# Safe texts of machines: a harmless value stays, an identifier in it goes.
TEXTS = {
    "HOLOGIC, Inc.": ("0019:HOLOGIC, Inc.:27", "0019:HOLOGIC, Inc.:26", "0019:HOLOGIC, Inc.:29"),
    "LORAD": ("0019:LORAD Selenia:27", "0019:LORAD Selenia:26", "0019:LORAD Selenia:29"),
    "GE MEDICAL SYSTEMS": ("0045:GEMS_SENO_02:A7",),
    "SIEMENS": ("0029:SIEMENS MED MG:40", "0029:SIEMENS MED MG:50"),
    "SECTRA Imtec AB": (),
}
_TEXT_VR = {"0045:GEMS_SENO_02:A7": "LT"}


def plant_vendor(made: Dataset, planter: Planter, answer: Answer) -> None:
    """Give an object its machine's private block, with safe and unsafe elements and one name."""
    maker = planter.visit.maker[0]
    for private in BLOCKS[maker]:
        put(made, private.where, private.value, private.vr)
        if private.keep:
            value = private.value
            literals = [str(one) for one in (value if isinstance(value, list) else [value])]
            answer.add(
                Action.TEXT_RETAINED, private.where, f"{private.vr} value", "private safe", literals
            )
        else:
            _unsafe(answer, private)
    for place, where in enumerate(TEXTS[maker]):
        vr = _TEXT_VR.get(where, "LO")
        text = "Normal" if place != 1 else "18x24 cm"
        if place == 1:
            put(made, where, text, vr)
            literals = words_of(text)
            answer.add(Action.TEXT_RETAINED, where, "text", "private safe text", literals)
        else:
            writing = planter.writing(50)
            put(made, where, f"{text} {writing.text}", vr)
            answer.add(
                Action.TEXT_REMOVED, where, writing.kind, "private safe text", writing.literals
            )


def _unsafe(answer: Answer, private: Private) -> None:
    value = private.value
    literal = value.decode().rstrip("\0 ") if isinstance(value, bytes) else str(value)
    answer.add(
        Action.TEXT_REMOVED, private.where, f"{private.vr} value", "private unsafe", (literal,)
    )


def plant_archive(made: Dataset, planter: Planter, answer: Answer) -> None:
    """Give an object the private blocks of the archives it came through: all of it must go."""
    visit = planter.visit
    woman = visit.woman
    name = f"{woman.family}^{woman.given}".encode()
    even = name + b" " * (len(name) % 2)
    inner = Dataset()
    inner.PatientName, inner.PatientID = woman.pn(visit.region), woman.number
    deeper = Dataset()
    put(deeper, "0019:HOLOGIC, Inc.:41", "77.5", "DS")
    put(deeper, "0009:SECTRA_Ident_01:01", visit.accession, "LO")
    inner[0x00081140] = DataElement(0x00081140, "SQ", Sequence([deeper]))
    for where, vr, value, literal in (
        ("0009:SECTRA_Ident_01:01", "LO", visit.accession, visit.accession),
        ("0033:MITRA OBJECT UTF8 ATTRIBUTES 1.0:02", "UN", even, woman.family),
        ("0031:MITRA LINKED ATTRIBUTES 1.0:20", "LO", woman.number, woman.number),
        ("0907:GEIIS:10", "UI", visit.root, visit.root),
        ("0907:GEIIS:30", "UI", f"{visit.root}.1.11", f"{visit.root}.1.11"),
        ("0029:FujiFILM TM:31", "SQ", Sequence([inner]), woman.family),
        ("0045:GEMS_SENO_02:50", "UI", f"{visit.root}.1.98", f"{visit.root}.1.98"),
        ("0011:VISSNAS RIS:01", "PN", woman.pn(visit.region), woman.family),
        ("0011:VISSNAS RIS:02", "DA", f"{woman.born:%Y%m%d}", f"{woman.born:%Y%m%d}"),
        ("0011:VISSNAS RIS:03", "ST", f"Tel {woman.phone}", woman.phone),
        ("0011:VISSNAS RIS:04", "DS", "77.125", "77.125"),
    ):
        put(made, where, value, vr)
        answer.add(Action.TEXT_REMOVED, where, f"{vr} value", "private unsafe", (literal,))


def plant_broken(made: Dataset, planter: Planter, answer: Answer) -> None:
    """Private elements that break the rules of PS3.5 §7.8: all of it must go."""
    woman = planter.visit.woman
    name = f"{woman.first} {woman.family}"
    for tag, vr, value in (
        (0x00130010, "LO", name),  # a creator that is her name
        (0x00131001, "LO", "Normal"),
        (0x00151001, "LO", name),  # no creator
        (0x00170001, "LO", name),  # below the first creator element
        (0x00190011, "LO", ["HOLOGIC, Inc.", name]),  # two creators in one
        (0x00191130, "US", 3),
        (0x001900FF, "LO", "HOLOGIC, Inc."),  # the last block
        (0x0019FF41, "DS", "41.5"),
        (0x0019FF26, "UN", name.encode()),
    ):
        made[tag] = DataElement(tag, vr, value)
    nested = dataset(CodeValue="1", CodingSchemeDesignator="DCM", CodeMeaning="Breast")
    put(nested, "0019:HOLOGIC, Inc.:26", name, "LO")
    made.AnatomicRegionSequence = [nested]
    for where in ("00130010", "00151001", "00170001", "00190011", "0019FF26"):
        answer.add(Action.TEXT_REMOVED, where, "name", "private broken", (woman.family,))
    answer.add(
        Action.TEXT_REMOVED,
        "00082218/0/0019:HOLOGIC, Inc.:26",
        "name",
        "private broken",
        (woman.family,),
    )
