import pytest

from deid.identity.spelling import fold
from deid.language.lexicon import load_lexicon
from deid.second_eye.anybody import has_full_name, kinds
from tests.deid.plantings import planted

TEXT = 0x00181020


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("pnr 490805-9829", "personal number"),
        ("19490805 9829", "personal number"),
        ("701063-2391", "personal number"),
        ("490805-TF12", "reserve number"),
        ("19490805A123", "reserve number"),
        ("pat 20010203-R123.", "reserve number"),
        ("991947123456", "reserve number"),
        ("073-765 43 21", "phone number"),
        ("0737654321", "phone number"),
        ("+46 73 765 43 21", "phone number"),
        ("0046737654321", "phone number"),
        ("08-123 456 78", "phone number"),
        ("031-123456", "phone number"),
        ("0431-12345", "phone number"),
        ("tfn: 123 45 67", "phone number"),
        ("Anna.Berg@example.se", "e-mail address"),
        ("SE2321000016-1ABC", "HSA-id"),
        ("remitterad av Anna Andersson", "full name"),
        ("ANDERSSON^ANNA", "full name"),
        ("Andersson, Anna-Karin", "full name"),
    ],
)
def test_what_identifies_anybody_is_found(text: str, what: str) -> None:
    assert set(planted(TEXT if what != "full name" else 0x00081030, "LO", text)) == {what} - {""}


@pytest.mark.parametrize(
    "text",
    [
        *("1.9.1.4", "AWS:MAMMODROC_3_4_1.8 PXCM:1.4.0.7", "VB60C 2019-06", "PV 5.1.470803"),
        *("12345678", "10 20 30 40 50", "512 512 16 12 34", "07:01:23", "2019.06.12"),
        *("kl 10-12, 2 x 3 cm", "5 x 5 mm 0-10", "29 kV 100 mAs", "0.07\\0.07", "BI-RADS 4b"),
        *("030-00145-001", "P/N 08-12345-2", "0123456789", "rev 20190612-rc1", "3DFFDM 08-2019"),
        *("190612-1a", "sel 5", "serie 3 av 4", "@ 28 kV", "v1.0@build", "SE 12-34", "se bild 2"),
        *("b1946ac92492d234", "screening 1947-2021", "1947/2", "0702", "tel 5", "ring 2 mm"),
    ],
)
def test_harmless_numbers_and_signs_are_nobodys(text: str) -> None:
    assert not [*kinds(fold(text))]
    assert planted(TEXT, "LO", text) == {}


@pytest.mark.parametrize(
    "text",
    [
        *("vänster bröst", "Screening mammografi", "Max compression", "per projektion", "Nova 3D"),
        *("rosa markering", "klar bild", "lång nål", "sten i gallblåsan", "stark misstanke"),
        *("Crystal Nova", "Giotto Class", "Amulet Innovality", "Sophie Classic", "björk allergi"),
    ],
)
def test_harmless_words_are_no_full_name(text: str) -> None:
    assert not has_full_name(fold(text), load_lexicon())


def test_makers_and_codes_may_be_called_after_people() -> None:
    for tag in (0x00080070, 0x00081090, 0x00181020):
        assert planted(tag, "LO", "Anna Andersson Imaging") == {}
    assert planted(0x00081030, "LO", "Anna Andersson") == {"full name": {"(0008,1030)"}}


def test_a_full_name_is_found_at_every_edge() -> None:
    lexicon = load_lexicon()
    for text in ("anna andersson", "x anna_andersson", "andersson anna.", "dr anna  andersson"):
        assert has_full_name(text, lexicon)
    for text in ("anna", "annandersson", "anna\x1eandersson", "anna; om andersson"):
        assert not has_full_name(text, lexicon)


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00181110, "DS", "191212121212"),
        (0x00181110, "DS", "+1212121212.0"),
        (0x00181110, "DS", "1.5\\1212121212"),
        (0x00201208, "IS", "1212121212"),
    ],
)
def test_a_personal_number_of_anybody_is_found_among_numbers(tag: int, vr: str, value: str) -> None:
    assert set(planted(tag, vr, value)) == {"personal number"}


@pytest.mark.parametrize("value", ["1212121212.5", "121212121", "12345678901234", "2147483648"])
def test_other_numbers_are_none(value: str) -> None:
    assert not planted(0x00181110, "DS", value)


def test_what_is_percent_encoded_is_read() -> None:
    assert "name" in planted(0x00081030, "LO", "Screening Sj%C3%B6str%C3%B6m 1")


def test_a_name_without_its_dots_is_found_in_a_code() -> None:
    name = {"PatientName": "K\u0131l\u0131\u00e7^Fatuma", "SpecificCharacterSet": "ISO_IR 192"}
    assert "name" in planted(0x00280302, "CS", "KILICFATUMA", **name)
