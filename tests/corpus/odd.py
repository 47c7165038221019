"""Traps: one identity in a place where a table-driven cleaner does not look.

Each is made of a sound mammogram and returns what still has to be done to its bytes.
"""

import struct
from functools import partial

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.corpus.key import Action, Answer, Expected
from tests.corpus.objects import code, dataset
from tests.corpus.odd_values import VALUES
from tests.corpus.paths import put
from tests.corpus.planting import Planter
from tests.corpus.trap import Finish, Odd, claim, hide
from tests.corpus.writings import is_latin

# ---- depth -------------------------------------------------------------------------------

_CHAIN = ("00082218", "00082220", "00400555", "0040A730", "00080121", "00080121")


def _deep(made: Dataset, planter: Planter, answer: Answer, *, depth: int) -> None:
    path = "/".join(f"{step}/0" for step in _CHAIN[:depth])
    for tag, kind in (
        ("00100010", "name"),
        ("00100020", "number"),
        ("00080104", "name"),
        ("00081030", "relative"),
        ("00081140/0/00081155", "uid"),
    ):
        where = f"{path}/{tag}"
        hide(made, planter, answer, where=where, category=f"depth {depth}", kind=kind)
    where = f"{path}/00080020"
    put(made, where, f"{planter.visit.day:%Y%m%d}")


# ---- places no table knows ---------------------------------------------------------------


def _original_attributes(made: Dataset, planter: Planter, answer: Answer) -> None:
    modified = dataset(PatientName=planter.visit.woman.pn(planter.visit.region))
    made.OriginalAttributesSequence = [
        dataset(
            ModifiedAttributesSequence=[modified],
            AttributeModificationDateTime=f"{planter.visit.day:%Y%m%d}101112",
            ModifyingSystem="VISSPACS",
            SourceOfPreviousValues="Östra Vissnäs",
            ReasonForTheAttributeModification="CORRECT",
        )
    ]
    where = "04000561/0/04000550/0/00100010"
    answer.add(
        Action.TEXT_REMOVED, where, "name", "original attributes", (planter.visit.woman.family,)
    )
    answer.add(
        Action.TEXT_REMOVED, "04000561/0/04000563", "place", "original attributes", ("VISSPACS",)
    )


def _signature(made: Dataset, planter: Planter, answer: Answer) -> None:
    writing = planter.some("staff")
    made[0xFFFAFFFA] = DataElement(
        0xFFFAFFFA,
        "SQ",
        Sequence(
            [
                dataset(
                    MACIDNumber=1,
                    DigitalSignatureUID=f"{planter.visit.root}.66",
                    DigitalSignatureDateTime=f"{planter.visit.day:%Y%m%d}101112",
                    CertificateType="X509_1993_SIG",
                    CertificateOfSigner=writing.text.encode("utf-8").ljust(80, b"\0"),
                    Signature=b"\x30\x02\x01\x05",
                )
            ]
        ),
    )
    claim(answer, "FFFAFFFA/0/04000115", "signature", writing)


def _encrypted(made: Dataset, planter: Planter, answer: Answer) -> None:
    name = planter.visit.woman.family
    made.EncryptedAttributesSequence = [
        dataset(
            EncryptedContentTransferSyntaxUID="1.2.840.10008.1.2.1",
            EncryptedContent=name.encode("utf-8").ljust(64, b"\0"),
        )
    ]
    answer.add(Action.TEXT_REMOVED, "04000500/0/04000520", "name", "encrypted", (name,))


def _overlay(made: Dataset, planter: Planter, answer: Answer, *, group: int) -> None:
    name, number = planter.some("name"), planter.some("number")
    for element, vr, value in (
        (0x0010, "US", 64),
        (0x0011, "US", 48),
        (0x0022, "LO", name.text),
        (0x0040, "CS", "G"),
        (0x0045, "LO", number.text),
        (0x0050, "SS", [1, 1]),
        (0x0100, "US", 1),
        (0x0102, "US", 0),
        (0x1500, "LO", name.text),
        (0x3000, "OW", b"\x10\x01" * 192),
        (0x4000, "LT", f"{name.text} {number.text}"),
    ):
        made[group << 16 | element] = DataElement(group << 16 | element, vr, value)
    for element, writing in ((0x0022, name), (0x0045, number), (0x1500, name), (0x4000, number)):
        claim(answer, f"{group << 16 | element:08X}", "overlay", writing)


def _icon(made: Dataset, planter: Planter, answer: Answer) -> None:
    """An icon in which her name may be read: it has to go, or to be looked at."""
    made.IconImageSequence = [
        dataset(
            SamplesPerPixel=1,
            PhotometricInterpretation="MONOCHROME2",
            Rows=8,
            Columns=8,
            BitsAllocated=8,
            BitsStored=8,
            HighBit=7,
            PixelRepresentation=0,
            PixelData=b"ICONSJOSTROMICON" * 4,
        )
    ]
    answer.add(Action.TEXT_REMOVED, "00880200", "pixels", "icon", ("ICONSJOSTROMICON",))


def _curve(made: Dataset, planter: Planter, answer: Answer) -> None:
    name = planter.some("name")
    made[0x50000022] = DataElement(0x50000022, "LO", name.text)
    made[0x50003000] = DataElement(0x50003000, "OW", b"\x01\x02" * 8)
    claim(answer, "50000022", "curve", name)


def _preamble(made: Dataset, planter: Planter, answer: Answer) -> Finish:
    name = planter.visit.woman.pn(planter.visit.region)
    made.preamble = name.encode("utf-8")[:100].ljust(128, b"\0")
    answer.add(Action.TEXT_REMOVED, "preamble", "name", "preamble", (planter.visit.woman.family,))
    return lambda data: data


def _file_meta(made: Dataset, planter: Planter, answer: Answer) -> None:
    writing = planter.some("initials", latin=True)
    meta, name = made.file_meta, planter.visit.woman.family
    meta.SourceApplicationEntityTitle = f"{writing.text[:4]}VSNMG77"
    meta.SendingApplicationEntityTitle = "VSNSEND77"
    meta.ReceivingApplicationEntityTitle = "VSNRECV77"
    meta.ImplementationVersionName = "VSN_PACS_77"
    meta.PrivateInformationCreatorUID = "1.2.752.99996.77"
    meta.PrivateInformation = name.encode("utf-8").ljust(40, b"\0")
    for literal in ("VSNMG77", "VSNSEND77", "VSNRECV77", "VSN_PACS_77"):
        answer.add(Action.TEXT_REMOVED, "meta", "place", "file meta", (literal,))
    answer.add(Action.TEXT_REMOVED, "meta", "name", "file meta", (name,))


def _trailing(made: Dataset, planter: Planter, answer: Answer, *, padded: bool) -> Finish:
    name = f"{planter.visit.woman.first} {planter.visit.woman.family}"
    answer.add(Action.TEXT_REMOVED, "trailing", "name", "trailing", (planter.visit.woman.family,))
    tail = name.encode("utf-8")
    tail += b" " * (len(tail) % 2)
    if padded:  # Data Set Trailing Padding (PS3.10 §7.2)
        tail = struct.pack("<HH2sHI", 0xFFFC, 0xFFFC, b"OB", 0, len(tail)) + tail
    return lambda data: data + tail


def _unknown_standard(made: Dataset, planter: Planter, answer: Answer) -> None:
    """An even group and element that no dictionary has."""
    writing = planter.some("name")
    made[0x00081F38] = DataElement(0x00081F38, "UN", writing.text.encode("utf-8").ljust(80))
    made[0x00181F39] = DataElement(0x00181F39, "LO", writing.text)
    for where in ("00081F38", "00181F39"):
        claim(answer, where, "unknown tag", writing)


def _retired(made: Dataset, planter: Planter, answer: Answer) -> None:
    for tag, vr, kind in (
        (0x00104000, "LT", "name"),
        (0x00084000, "LT", "number"),
        (0x00184000, "LT", "relative"),
        (0x00380500, "LO", "phone"),
        (0x00203401, "CS", "initials"),
        (0x40080300, "ST", "name"),
        (0x4008010B, "ST", "staff"),
    ):
        writing = planter.some(kind, latin=vr == "CS")
        made[tag] = DataElement(tag, vr, writing.text.upper() if vr == "CS" else writing.text)
        claim(answer, f"{tag:08X}", "retired", writing)


def _new_rows(made: Dataset, planter: Planter, answer: Answer) -> None:
    """Rows of Table E.1-1 that pydicom's dictionary does not know."""
    writing = planter.some("name")
    rows = (
        (0x00100011, "SQ"),
        (0x00100016, "LT"),
        (0x00100045, "LT"),
        (0x00081301, "SQ"),
        (0x3004007F, "LO"),
        (0x00400556, "ST"),
    )
    for tag, vr in rows:
        if vr == "SQ":
            value = Sequence([dataset(PatientName=writing.text.replace("^", " "))])
            where = f"{tag:08X}/0/00100010"
        else:
            value, where = writing.text, f"{tag:08X}"
        made[tag] = DataElement(tag, vr, value)
        claim(answer, where, "new row", writing)


def _contributing(made: Dataset, planter: Planter, answer: Answer) -> None:
    made.ContributingEquipmentSequence = [
        dataset(
            PurposeOfReferenceCodeSequence=[code("109103", "DCM", "Modifying Equipment")],
            Manufacturer="Sectra AB",
            InstitutionName=planter.visit.region.hospital,
            InstitutionAddress=f"Sjukhusvägen 1 {planter.visit.region.town}",
            StationName=planter.visit.region.station,
            OperatorsName=[planter.visit.staff(0), planter.visit.staff(1)],
            DeviceSerialNumber="SN9988771",
            ContributionDateTime=f"{planter.visit.day:%Y%m%d}101112",
        )
    ]
    for tag, literal in (
        ("00080080", planter.visit.region.town),
        ("00081010", planter.visit.region.station),
        ("00081070", planter.visit.staff(0).split("^")[0]),
        ("00181000", "SN9988771"),
    ):
        answer.add(Action.TEXT_REMOVED, f"0018A001/0/{tag}", "place", "equipment", (literal,))


def _patients(made: Dataset, planter: Planter, answer: Answer) -> None:
    woman = planter.visit.woman
    made.OtherPatientIDsSequence = [
        dataset(PatientID=woman.number, IssuerOfPatientID="SE-PNR", TypeOfPatientID="TEXT")
    ]
    made.OtherPatientNames = [f"{woman.relative}^Mellannamn", woman.family]
    made.PatientBirthName = f"Grönvall^{woman.given}"
    made.ResponsiblePerson = f"Hedengren^{woman.relative}"
    made.PatientBirthTime, made.MilitaryRank, made.Occupation = "0612", "Löjtnant", "Präst"
    made.RegionOfResidence, made.CountryOfResidence = woman.town, "SE"
    made.PatientReligiousPreference = "Baptist"
    for tag, literal in (
        ("00101002/0/00100020", woman.number),
        ("00101001", "Mellannamn"),
        ("00101005", "Grönvall"),
        ("00102297", "Hedengren"),
        ("00102152", woman.town),
        ("001021F0", "Baptist"),
        ("00101080", "Löjtnant"),
    ):
        answer.add(Action.TEXT_REMOVED, tag, "patient", "patient module", (literal,))


def _code_meaning(made: Dataset, planter: Planter, answer: Answer) -> None:
    """A local code list in which a person is entered."""
    writing = planter.some("staff")
    made.ProcedureCodeSequence = [code(writing.text[:16], "99VSN", writing.text)]
    claim(answer, "00081032/0/00080104", "local code", writing)
    made.AnatomicRegionSequence[0].CodeMeaning = f"Breast {planter.visit.woman.family}"
    answer.add(
        Action.TEXT_REMOVED,
        "00082218/0/00080104",
        "name",
        "code meaning",
        (planter.visit.woman.family,),
    )


def _old_age(made: Dataset, planter: Planter, answer: Answer) -> None:
    made.PatientAge = "097Y"
    answer.add(Action.TEXT_REMOVED, "00101010", "age", "age above 89", ("097Y",))


def _uncommon_dates(made: Dataset, planter: Planter, answer: Answer) -> None:
    """Partial dates, offsets, ranges of precision: all shift, none stays."""
    day = planter.visit.day
    for where, value in (
        ("0008002A", f"{day:%Y%m%d}1011"),
        ("00400244", f"{day:%Y%m%d}"),
        ("00189074", f"{day:%Y%m%d}101112.123456-0330"),
        ("00404050", f"{day:%Y%m%d}101112"),
        ("0018A001/0/0018A002", f"{day:%Y%m%d}10"),
        ("00181200", f"{day:%Y%m%d}"),
        ("001021D0", f"{day:%Y%m%d}"),
    ):
        put(made, where, value)


def _no_charset(made: Dataset, planter: Planter, answer: Answer) -> None:
    """Latin-1 where no character set is declared: not legal, and common."""
    woman = planter.visit.woman
    if is_latin(woman.family + woman.given):
        del made.SpecificCharacterSet
    answer.add(Action.TEXT_REMOVED, "00100010", "name", "no charset", (woman.family,))


def _iso_2022(made: Dataset, planter: Planter, answer: Answer) -> None:
    """Code extensions: escape sequences stand inside her name."""
    made.SpecificCharacterSet = ["", "ISO 2022 IR 100", "ISO 2022 IR 101", "ISO 2022 IR 148"]
    writing = next(one for one in planter.writings if one.kind == "name" and is_latin(one.text))
    for where in ("00204000", "00104000", "00081030"):
        put(made, where, f"Screening {writing.text}")
        claim(answer, where, "ISO 2022", writing)


def _wrong_charset(made: Dataset, planter: Planter, answer: Answer) -> None:
    """UTF-8 bytes in what is declared to be Latin-1."""
    made.SpecificCharacterSet = "ISO_IR 100"
    woman = planter.visit.woman
    name = f"{woman.family}^{woman.given}".encode().decode("latin-1")
    made.PatientName = name
    made.ImageComments = f"Kontroll {woman.family}".encode().decode("latin-1")
    answer.add(Action.TEXT_REMOVED, "00204000", "name", "wrong charset", (woman.family,))


def _unnamed(made: Dataset, planter: Planter, answer: Answer) -> None:
    """PatientName is empty; her name stands in other places only."""
    made.PatientName = ""
    woman = planter.visit.woman
    for where in ("00204000", "00081030"):
        put(made, where, f"Screening {woman.first} {woman.family}")
        answer.add(Action.TEXT_REMOVED, where, "name", "no patient name", (woman.family,))


ODD: tuple[Odd, ...] = (
    *VALUES,
    *(Odd(f"depth-{depth}", "engine", partial(_deep, depth=depth)) for depth in range(1, 7)),
    Odd("original-attributes", "engine", _original_attributes),
    Odd("signature", "engine", _signature),
    Odd("encrypted", "engine", _encrypted),
    Odd("overlay-6000", "tables", partial(_overlay, group=0x6000)),
    Odd("overlay-60fe", "tables", partial(_overlay, group=0x60FE), Expected.EITHER),
    Odd("icon", "engine", _icon),
    Odd("curve", "engine", _curve),
    Odd("preamble", "engine", _preamble),
    Odd("file-meta", "engine", _file_meta),
    Odd("trailing-bytes", "engine", partial(_trailing, padded=False), Expected.EITHER),
    Odd("trailing-padding", "engine", partial(_trailing, padded=True)),
    Odd("unknown-standard", "engine", _unknown_standard),
    Odd("retired", "engine", _retired),
    Odd("new-rows", "engine", _new_rows),
    Odd("contributing", "engine", _contributing),
    Odd("patients", "engine", _patients),
    Odd("code-meaning", "engine", _code_meaning),
    Odd("old-age", "engine", _old_age),
    Odd("uncommon-dates", "engine", _uncommon_dates),
    Odd("no-charset", "engine", _no_charset),
    Odd("iso-2022", "engine", _iso_2022),
    Odd("wrong-charset", "second eye", _wrong_charset),
    Odd("unnamed", "text", _unnamed),
)
