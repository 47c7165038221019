"""A number that somebody is known by, written as numbers are."""

from struct import pack

import pytest

from deid.language.numerals import numerals, spells
from tests.deid.plantings import planted
from tests.deid.test_header_values import clean_with

HERS = frozenset({"194708022980", "4708022980", "701234567", "19470802", "470802"})
WRITINGS = [
    ("DS", b"0194708022980"),
    ("DS", b"1.94708022980E11"),
    ("DS", b"194708.022980"),
    ("DS", b"47080229.80"),
    ("DS", b"1947\\0802\\2980"),
    ("DS", b"19470802"),
    ("IS", b"701234567"),
    ("TM", b"194708.022980"),
    ("DT", b"20230417194708.022980"),
    ("FD", pack("<d", 194708022980.0)),
    ("UL", pack("<I", 701234567)),
    ("UV", pack("<Q", 194708022980)),
]


@pytest.mark.parametrize(("vr", "value"), WRITINGS)
def test_her_number_is_read_in_every_writing(vr: str, value: bytes) -> None:
    assert spells(numerals(value, frozenset({vr})), HERS)


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("DS", b"0.0939999967813"),
        ("DS", b"-1.5E-7\\2.5E300"),
        ("DS", b"nan"),
        ("TM", b"101112.123456"),
        ("FD", pack("<d", float("inf"))),
        ("FD", b"short"),
        ("DS", b"9" * 1000),
    ],
)
def test_other_numbers_are_not_hers(vr: str, value: bytes) -> None:
    assert not spells(numerals(value, frozenset({vr})), HERS)


# Her number in the mammogram of the tests is 470802-2980
@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00180060, "DS", b"0194708022980"),
        (0x00180060, "DS", b"1.94708022980E11"),
        (0x00181110, "DS", b"4708\\022980"),
        (0x00181110, "DS", b"19470802"),
        (0x00181110, "DS", b"20230417"),
        (0x0008002A, "DT", b"20230417194708.022980"),
        (0x00080032, "TM", b"194708.022980"),
        (0x00189322, "FD", pack("<d", 4708022980.0)),
    ],
)
def test_both_eyes_see_her_number_among_numbers(tag: int, vr: str, value: bytes) -> None:
    clean = clean_with(tag, vr, value)
    left = clean.get_item(tag)
    assert left is None or b"22980" not in bytes(left.value or b"")
    assert set(planted(tag, vr, value)) & {"identifier", "original date", "study date"}
