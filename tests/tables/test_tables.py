"""The tables of the product agree with the libraries and sources that they come from."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.tables import attribute_types, private_safe, sr_items, text_attributes
from tests.tables.iods import TYPES, columns, dictionary
from tests.tables.iods import attribute_types as types_of
from tests.tables.rows import committed, digest, read_rows, write

TABLES = (attribute_types, private_safe, sr_items, text_attributes)
BREAST = {"mg", "dbt", "bpx"}
BULK = {"OB", "OD", "OF", "OL", "OV", "OW", "UN"}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.NAME)
def test_a_table_is_what_the_installed_libraries_and_its_sources_say(table):
    assert committed(table.NAME) == table.render()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.NAME)
def test_a_table_says_where_it_comes_from_and_stays_small(table):
    text = committed(table.NAME)
    assert text.startswith("# ")
    assert len(text) < 400_000


def types() -> dict[str, dict[str, str]]:
    return {row["tag"]: row for row in read_rows(committed(attribute_types.NAME))}


def test_types_of_breast_images_are_those_of_the_standard():
    rows = types()
    assert rows["00400555"]["mg"] == "2"  # Acquisition Context Sequence, C.7.6.14
    assert rows["00080023"]["mg"] == "2C"  # Content Date, C.7.6.1
    assert rows["00080021"]["mg"] == "3"  # Series Date, C.7.3.1
    assert rows["00181000"]["dbt"] == "1"  # Device Serial Number, C.7.5.2
    assert rows["0018700A"]["mg"] == "3"  # Detector ID, C.8.11.4
    assert rows["0040A160"]["nested_cad_sr"] == "1C"  # Text Value, C.17.3


def test_where_a_column_stands_for_several_iods_the_strictest_type_counts():
    rows = types()
    # Content Date is 2C in Secondary Capture, and 1 in its multi-frame kinds
    assert rows["00080023"]["sc"] == "1"


def test_every_attribute_of_table_e1_1_that_an_iod_has_has_a_type():
    rows = types()
    named = {row["tag"] for row in read_rows(committed("ps3_15_e1_1.csv"))}
    have = {attribute.tag for attribute in types_of()}
    assert have & named <= rows.keys()
    assert len(have & named) > 250
    assert all(set(row) == {"tag", *columns()} for row in rows.values())
    assert {row[column] for row in rows.values() for column in columns()} == {"", *TYPES}


def test_text_rows_have_actions_forms_and_reasons():
    for row in read_rows(committed(text_attributes.NAME)):
        assert row["reason"], row["tag"]
        assert row["action"] in {"K", "X", "X/Z/D"}, row["tag"]
        assert row["action"] == "K" or not row["matches"], row["tag"]
        re.compile(row["matches"])
        assert set(row["except"].split()) <= BREAST, row["tag"]


def test_text_rows_are_of_text_or_bytes_that_the_standards_table_does_not_name():
    named = {row["tag"] for row in read_rows(committed("ps3_15_e1_1.csv"))}
    vrs = {attribute.tag: attribute.vr for attribute in dictionary()}
    text = {"LO", "LT", "SH", "ST", "UC", "UR", "UT"}
    tags = [row["tag"] for row in read_rows(committed(text_attributes.NAME))]
    assert max(Counter(tags).values()) == 1
    assert not named & {*tags}
    assert all({*vrs[tag].split(" or ")} & (text | BULK) for tag in tags)


def test_no_text_that_is_kept_may_be_a_sentence_unless_a_machine_set_it():
    machine = {"maker", "product", "code", "font", "substance", "settings"}
    for row in read_rows(committed(text_attributes.NAME)):
        if row["action"] == "K" and re.fullmatch(row["matches"] or ".*", "Anna Svensson, 1947"):
            vr = next(a.vr for a in dictionary() if a.tag == row["tag"])
            said = machine & {*re.findall("[a-z]+", row["reason"])}
            assert said or {*vr.split(" or ")} & BULK, row["tag"]


def test_bytes_that_make_a_picture_stay_in_every_iod_that_needs_them():
    rows = {row["tag"]: row for row in read_rows(committed(text_attributes.NAME))}
    known = types()
    for tag in ("00281201", "00281202", "00281203", "00282000"):
        assert rows[tag]["action"] == "K"
        assert {*rows[tag]["except"].split()} == BREAST
        assert known[tag]["image"] in {"1", "1C"}
    assert rows["00283006"]["action"] == "K"
    assert rows["00283006"]["except"] == ""  # without its VOI LUT a mammogram is another picture


def test_the_table_of_content_items_is_whole():
    rows = read_rows(committed(sr_items.NAME))
    assert len(rows) == sr_items.ITEMS
    assert len({(row["code"], row["scheme"], row["value_type"]) for row in rows}) == sr_items.ITEMS
    assert {row["value_type"] for row in rows} == sr_items.VALUE_TYPES
    assert {row["basic"] for row in rows} == {"X", "D", "X/D"}
    marks = {row[option] for row in rows for option in sr_items.OPTIONS}
    assert marks == {"", "K", "C"}
    by = {(row["code"], row["value_type"]): row for row in rows}
    assert by["121008", "PNAME"]["basic"] == "D"
    assert by["121106", "TEXT"]["clean_descriptors"] == "C"


def private_rows() -> list[dict[str, str]]:
    return read_rows(committed(private_safe.NAME))


def test_private_rows_are_numbers_codes_and_a_little_text():
    rows = private_rows()
    assert all(row["vr"] in private_safe.KINDS[row["kind"]] for row in rows)
    assert all(re.fullmatch("[0-9A-F]{3}[13579BDF]", row["group"]) for row in rows)
    assert all(re.fullmatch("[0-9A-F]{2}", row["element"]) for row in rows)
    places = [(row["creator"].casefold(), row["group"], row["element"], row["vr"]) for row in rows]
    assert max(Counter(places).values()) == 1


def test_private_text_is_of_the_standard_or_of_makers_of_mammography():
    for row in private_rows():
        if row["kind"] == "text":
            ours = row["creator"].casefold() in private_safe.MAMMOGRAPHY
            assert ours or row["source"] == "PS3.15 E.3.10-1"


def test_no_private_row_smells_of_identity():
    for row in private_rows():
        ours = row["creator"].casefold() in private_safe.MAMMOGRAPHY
        if row["source"] == "TCIA" and not ours:
            assert not private_safe.SMELLS.search(row["name"]), row


@pytest.mark.parametrize(
    "place",
    [
        ("SECTRA_Ident_01", "0009", "01"),  # request number
        ("SECTRA_Ident_01", "0009", "02"),  # examination number
        ("GEMS_SENO_02", "0045", "50"),  # UIDs of the original
        ("GEMS_SENO_02", "0045", "26"),  # a blob
        ("HOLOGIC, Inc.", "0019", "06"),
        ("HOLOGIC, Inc.", "0019", "8A"),  # a sequence
        ("GEIIS", "0905", "30"),
        ("MITRA OBJECT UTF8 ATTRIBUTES 1.0", "0033", "02"),
    ],
)
def test_what_identifies_is_not_in_the_list(place):
    have = {(row["creator"], row["group"], row["element"]) for row in private_rows()}
    assert place not in have


def test_mammographys_makers_are_in_the_list():
    count = Counter(row["creator"] for row in private_rows())
    assert count["HOLOGIC, Inc."] >= 35
    assert count["LORAD Selenia"] >= 20
    assert count["GEMS_SENO_02"] >= 24
    assert count["SIEMENS MED MG"] == 7


def test_private_vrs_agree_with_pydicoms_dictionary():
    for row in private_rows():
        known = private_safe.known_vr(row["creator"], row["group"], row["element"])
        ours = row["creator"].casefold() in private_safe.MAMMOGRAPHY
        if row["source"] == "TCIA" and not ours and known not in {"", "UN", "OB"}:
            assert private_safe.kind_of(known) == row["kind"], row


def test_rows_are_chosen_from_their_sources(tmp_path: Path) -> None:
    standard = tmp_path / "standard.csv"
    standard.write_text(
        "Group,Element,Private Creator,VR,VM,Meaning,Rtn. Safe Priv. Opt.,"
        "IsInDICOMRetainSafePrivateTags,TCIA element_sig_pattern\n"
        '7053,xx00,Philips PET Private Group,DS,1,SUV Factor,keep,True,"(7053,xx00)"\n'
        '0019,xx05,ACME,DS,1,Not of the standard,keep,False,"(0019,xx05)"\n'
    )
    known = [
        ('(0019,ACME",10)', "Paddle Force", "DS", "k"),
        ('(0019,ACME",11)', "Patient Number", "IS", "k"),
        ('(0019,ACME",12)', "Tilt", "DS", "k"),
        ('(0019,acme",12)', "Tilt", "DS", "d"),
        ('(0019,ACME",13)', "Remark", "LO", "k"),
        ('(0019,HOLOGIC, Inc.",14)', "Remark", "LO", "k"),
        ('(0008,1110)[<0>](0019,ACME",15)', "Study Sequence:Gain", "US", "k"),
        ('(0019,ACME",16)', "Blob", "OB", "k"),
    ]
    tcia = tmp_path / "tcia.csv"
    columns = ["element_sig_pattern", "tag_name", "vr", "private_disposition"]
    tcia.write_text(write("", columns, (dict(zip(columns, row, strict=True)) for row in known)))
    table = private_safe.extract(tcia, standard)
    rows = {(row["creator"], row["element"]): row["kind"] for row in read_rows(table)}
    assert rows == {
        ("Philips PET Private Group", "00"): "number",
        ("ACME", "10"): "number",
        ("HOLOGIC, Inc.", "14"): "text",
        ("ACME", "15"): "number",
    }
    assert digest(tcia) in table
    assert digest(standard) in table
