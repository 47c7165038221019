import io
from struct import pack
from typing import Any

import pytest
from pydicom.uid import ImplicitVRLittleEndian

from deid.elements import DEFAULT_ENCODING
from deid.errors import Reason, SuspectError
from deid.headers.made import made as element
from deid.identity.identifiers import harvest
from deid.identity.pseudonym import Person
from deid.second_eye.verify import verify
from deid.serialise import serialise
from tests.deid.headers import (
    ROOT,
    cleaned,
    dataset,
    finished,
    found,
    mammogram,
    parsed,
    profile,
    tomosynthesis,
    written,
)

PIXELS = pack("<HH2sxxI", 0x7FE0, 0x0010, b"OW", 64 * 48 * 2) + bytes(64 * 48 * 2)


def planted(tag: int, vr: str, value: str | bytes, **changes: Any) -> dict[str, set[str]]:
    """What is found when the first eye overlooks one element."""
    source = written(mammogram(**changes))
    clean = cleaned(source)
    clean.dataset[tag] = element(tag, vr, value)
    (head, *rest), _ = serialise(clean, [PIXELS])
    return found(source, b"".join([head, *rest]))  # type: ignore[list-item]


@pytest.mark.parametrize("source", [mammogram(), tomosynthesis()], ids=["mg", "dbt"])
def test_a_clean_object_is_clean(source: Any) -> None:
    assert found(source, finished(source)) == {}
    implicit = written(source, ImplicitVRLittleEndian)
    assert found(implicit, finished(implicit)) == {}


LEAKS = [
    ("LO", "Sjöström".encode("latin-1"), "name"),
    ("LO", "sjöström".encode(), "name"),
    ("LO", b"SJOSTROM", "name"),
    ("LO", b"Sjoestroem Asa", "name"),
    ("LO", "SJÖSTRÖM".encode("cp850"), "name"),
    ("LO", b"asasjostrom", "name"),
    ("LO", b"file_ASA_1.dcm", "name"),
    ("LO", b"Dr Ljungkvist", "name"),
    ("LO", b"470802-2980", "identifier"),
    ("LO", b"pnr194708022980.", "identifier"),
    ("LO", b"1947-08-02 2980", "identifier"),
    ("LO", b"LBG0099887", "identifier"),
    ("LO", b"RP5567123", "identifier"),
    ("LO", b"f. 2/8 1947", "birth date"),
    ("LO", b"470802", "birth date"),
    ("LO", b"SE2300012345", "accession number"),
    ("LO", b"exam 2023-04-17", "study date"),
    ("LO", "Östra sjukhuset Lundberga".encode("latin-1"), "institution"),
    ("LO", f"{ROOT}.1.dcm".encode(), "original UID"),
    ("UN", b"\1\2Sjostrom\0\3", "name"),
    ("OB", b"\xff\xfe" + "Sjostrom".encode("utf-16-le"), "name"),
    ("OB", b"\0 194708022980\0", "identifier"),
    ("DS", b"4708022980", "identifier"),
    ("IS", b"19470802", "birth date"),
    ("IS", b"20230417", "study date"),
    ("LO", "Sjöströms".encode("latin-1"), "name"),
    ("LO", b"FruSjostrom", "name"),
    ("LO", b"fruviola", "name"),
    ("LO", b"47 08 02 29 80", "identifier"),
    ("LO", b"4708 02-2980", "identifier"),
    ("LO", b"19 470802 - 2980", "identifier"),
    ("LO", b"470802\\2980", "identifier"),
    ("LO", "470802\u20132980".encode(), "identifier"),
    ("LO", b"Ring 490805-9829", "personal number"),
    ("LO", b"49 08 05 98 29", "personal number"),
    ("LO", b"f 2 augusti 1947", "birth date"),
    ("LO", b"17-04-2023", "study date"),
    ("LO", b"230417", "study date"),
    ("IS", b"SJOSTROM ASA", "not what its kind says"),
    ("DS", b"Sjostrom", "not what its kind says"),
    ("TM", b"20230417101112", "not what its kind says"),
    ("TM", b"470802", "not what its kind says"),
    ("CS", b"Ring Kalle", "not what its kind says"),
    ("AS", b"Asa", "not what its kind says"),
]


@pytest.mark.parametrize(("vr", "value", "what"), LEAKS, ids=[str(leak) for leak in LEAKS])
def test_a_leak_is_found_in_any_writing(vr: str, value: bytes, what: str) -> None:
    places = {"LO": 0x00181020, "IS": 0x00200013, "TM": 0x00080030, "CS": 0x00180015}
    places |= {"DS": 0x00180060, "AS": 0x00101010}
    kinds = planted(places.get(vr, 0x00282000), vr, value)
    assert what in kinds


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00181020, "LO", "nasal fasad Violasson"),
        (0x00181020, "LO", "Selenia Dimensions 1.9.1.470803"),
        (0x00180015, "CS", "BREAST"),
        (0x00181020, "LO", "14708022980"),
        (0x00181020, "LO", "490805-9828"),
        (0x00181020, "LO", "1.2.840.49.08.05.98.29"),
        (0x00180060, "DS", "4908059829.5"),
        (0x00080030, "TM", "10:11:60.5"),
        (0x00281101, "US", bytes(range(256)) * 200),
    ],
)
def test_chance_is_no_finding(tag: int, vr: str, value: str | bytes) -> None:
    assert planted(tag, vr, value) == {}


@pytest.mark.parametrize(
    ("charset", "codec", "name"),
    [
        ("ISO_IR 101", "iso8859-2", "Łukasiewicz^Źdźbło"),
        ("ISO_IR 144", "iso8859-5", "Иванова^Анна"),
        ("ISO_IR 127", "iso8859-6", "محمد^فاطمة"),
        ("ISO_IR 126", "iso8859-7", "Παπαδοπούλου^Ελένη"),
        ("ISO_IR 192", "utf-8", "Иванова^Анна"),
    ],
)
def test_a_name_is_found_in_the_charset_of_its_dataset(charset: str, codec: str, name: str) -> None:
    said = name.split("^", maxsplit=1)[0].upper().encode(codec)
    assert named(name.encode(codec), charset, said) == {"name": {"(0018,1020)"}}


def test_a_name_is_found_behind_an_escape_sequence() -> None:
    said = b"dr \x1b-L" + "ИВАНОВА".encode("iso8859-5")
    assert named(b"\x1b-L" + "Иванова".encode("iso8859-5"), "", said)["name"] == {"(0018,1020)"}


def named(name: bytes, charset: str, said: bytes) -> dict[str, set[str]]:
    """What is found when a text stays in the charset of the name."""
    source = written(mammogram(PatientName="X" * len(name) + "^Y"))
    source = source.replace(b"X" * len(name), name)
    if charset:
        source = source.replace(b"ISO_IR 100", charset.encode())
    clean = cleaned(source)
    clean.dataset[0x00181020] = element(0x00181020, "LO", said)
    (head, *rest), _ = serialise(clean, [PIXELS])
    return found(source, b"".join([head, *rest]))  # type: ignore[list-item]


def test_a_short_accession_number_is_found_among_whole_numbers() -> None:
    kinds = planted(0x00200012, "IS", "2300017", AccessionNumber="2300017")
    assert kinds["accession number"] == {"(0020,0012)"}
    assert planted(0x00200012, "IS", "23000171", AccessionNumber="2300017") == {}


def test_a_defined_term_is_no_name() -> None:
    assert planted(0x00180015, "CS", "BREAST", PatientName="Breast^Screen") == {}
    kinds = planted(0x00180015, "CS", "BREAST SCREEN", PatientName="Breast^Screen")
    assert kinds == {"name": {"(0018,0015)"}}


def test_letters_in_a_token_are_no_name() -> None:
    source = mammogram(PatientName="Mxh^Zbw", ReferringPhysicianName="")
    person = Person("K7Q2MXH6T3ZBW5WD")
    result = finished(source, person=person)
    assert not verify(
        io.BytesIO(result),
        identifiers=harvest(parsed(source)),
        profile=profile(),
        person=person,
    )


@pytest.mark.parametrize(
    ("tag", "vr", "value", "what"),
    [
        (0x00091010, "LO", "anything", "private element"),
        (0x50000005, "US", b"\1\0", "overlay or curve"),
        (0x00081070, "PN", "Someone^Else", "person name"),
        (0x00081140, "UI", "1.2.3.4.5", "unknown UID"),
        (0x00181002, "UI", "2.25.00123", "unknown UID"),
        (0x00181002, "UI", "1.2.840.10008.5\n", "unknown UID"),
        (0x00181002, "UI", f"1.2.840.10008.5.{'7' * 60}", "unknown UID"),
        (0x00080020, "DA", "20230417", "original date"),
        (0x0008002A, "DT", "2023041710", "original date"),
        (0x00101010, "AS", "101Y", "age"),
        (0x00100030, "DA", "19470802", "statement"),
        (0x00100010, "PN", "K7Q2M4XH6T3ZB5WE", "statement"),
        (0x00120062, "CS", "NO", "statement"),
        (0x00280303, "CS", "UNMODIFIED", "statement"),
        (0x00080018, "UI", "2.25.1", "statement"),
    ],
)
def test_every_shape_and_statement_is_checked(
    tag: int, vr: str, value: str | bytes, what: str
) -> None:
    assert what in planted(tag, vr, value)


def test_findings_name_places_at_every_depth_and_never_values() -> None:
    source = written(mammogram())
    clean = cleaned(source)
    item = dataset()
    item[0x00081155] = element(0x00081155, "UI", f"{ROOT}.3.1")
    item[0x00080104] = element(0x00080104, "LO", "Asa Sjostrom")
    item.set_original_encoding(False, True, DEFAULT_ENCODING)
    clean.dataset.SourceImageSequence = [item]
    (head, *rest), _ = serialise(clean, [PIXELS])
    kinds = found(source, b"".join([head, *rest]))  # type: ignore[list-item]
    assert kinds["original UID"] == {"(0008,2112)[0](0008,1155)"}
    assert kinds["name"] == {"(0008,2112)[0](0008,0104)"}
    assert "jostrom" not in str(kinds)


def test_preamble_meta_and_tail_are_looked_at() -> None:
    source = written(mammogram())
    result = finished(source)
    assert found(source, b"SJOSTROM".ljust(128, b"\0") + result[128:])["name"] == {"preamble"}
    odd = b"MAKER 1".ljust(128, b"\0") + result[128:]
    assert found(source, odd) == {"bytes before the file": {"preamble"}}
    assert "bytes behind the pixels" in found(source, result + b"Asa")
    titled = written(mammogram())
    clean = cleaned(titled)
    clean.meta[0x00020016] = element(0x00020016, "AE", "LBGPACS")
    (head, *rest), _ = serialise(clean, [PIXELS])
    kinds = found(source, b"".join([head, *rest]))  # type: ignore[list-item]
    assert {"file meta", "institution"} <= kinds.keys()


def test_the_original_itself_is_full_of_findings() -> None:
    source = written(mammogram())
    kinds = found(source, source)
    expected = {"name", "identifier", "birth date", "accession number", "original UID"}
    assert expected | {"private element", "statement", "institution", "person name"} <= kinds.keys()


@pytest.mark.parametrize("damage", [b"", b"DICM", bytes(400)])
def test_what_cannot_be_checked_is_suspect(damage: bytes) -> None:
    with pytest.raises(SuspectError) as caught:
        found(mammogram(), damage)
    assert caught.value.reason is Reason.UNCHECKED
    assert caught.value.__suppress_context__
