import struct

import pytest

from deid.headers.private import fits
from deid.profiles.private import load_safe_private
from deid.profiles.rules import Action

ANGLE, POSITION = 0x00191016, 0x00191007  # Hologic: Paddle Angle DS, Paddle Position SH


@pytest.mark.parametrize("creator", ["HOLOGIC, Inc.", "HOLOGIC, Inc. ", "Hologic, Inc.\0"])
def test_a_creator_is_known_however_it_is_padded_or_spelled(creator):
    rule = load_safe_private().rule(creator, ANGLE, "DS")
    assert rule is not None
    assert rule.action is Action.KEEP
    assert rule.otherwise is Action.REMOVE
    assert "Paddle Angle" in rule.reason


def test_the_block_a_creator_has_reserved_does_not_count():
    safe = load_safe_private()
    assert safe.rule("HOLOGIC, Inc.", 0x0019EE16, "DS") == safe.rule("HOLOGIC, Inc.", ANGLE, "DS")


def test_text_is_cleaned_and_never_kept_as_it_is():
    rule = load_safe_private().rule("HOLOGIC, Inc.", POSITION, "SH")
    assert rule is not None
    assert rule.action is Action.CLEAN
    assert rule.otherwise is Action.REMOVE


def test_a_code_is_kept_in_its_form_only():
    rule = load_safe_private().rule("GEMS_SENO_02", 0x0045101B, "CS")
    assert rule is not None
    assert rule.form is not None
    assert rule.form.fullmatch("CC")
    assert not rule.form.fullmatch("Åsa Sjöström")


def test_a_rule_of_the_standard_says_so():
    rule = load_safe_private().rule("Philips PET Private Group", 0x70531000, "DS")
    assert rule is not None
    assert rule.clause == "PS3.15 E.3.10-1"


@pytest.mark.parametrize(
    ("creator", "tag", "vr"),
    [
        ("SECTRA_Ident_01", 0x00091001, "LO"),  # a request number
        ("GEMS_SENO_02", 0x00451050, "UI"),  # a UID of the original
        ("HOLOGIC, Inc.", 0x0019108A, "SQ"),
        ("HOLOGIC, Inc.", 0x00191061, "OB"),
        ("HOLOGIC, Inc.", ANGLE, "LO"),  # says it is text where the list has a number
        ("HOLOGIC, Inc.", 0x00211016, "DS"),  # another group
        ("", ANGLE, "DS"),
        ("ACME", ANGLE, "DS"),
    ],
)
def test_what_is_not_listed_as_it_says_it_is_must_go(creator, tag, vr):
    assert load_safe_private().rule(creator, tag, vr) is None


@pytest.mark.parametrize("vr", ["UN", ""])
def test_bytes_without_a_vr_are_taken_for_what_the_list_says(vr):
    safe = load_safe_private()
    assert safe.vr("HOLOGIC, Inc.", ANGLE) == "DS"
    assert safe.rule("HOLOGIC, Inc.", ANGLE, vr) == safe.rule("HOLOGIC, Inc.", ANGLE, "DS")
    assert safe.vr("ACME", ANGLE) is None
    assert safe.rule("ACME", ANGLE, vr) is None


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("DS", b"12.5\\-3e2 "),
        ("IS", b"-42 \0"),
        ("CS", b"NO FILTER\\CC "),
        ("US", struct.pack("<4H", 1, 2, 3, 4)),
        ("FD", struct.pack("<2d", 0.0, 2.5)),
        ("FL", bytes(16)),
        ("LO", "Höger\\L CC".encode("latin-1")),
        ("LT", b"one\r\ntwo\\three"),
        ("SH", b""),
    ],
)
def test_a_value_that_is_what_its_vr_says_fits(vr, value):
    assert fits(vr, value)


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("DS", b"Sjostrom"),
        ("IS", b"194708022980"),
        ("IS", b"1.5"),
        ("CS", b"Asa"),
        ("US", b"abc"),
        ("US", b"Sjostrom"),  # bytes in disguise
        ("FD", b"Sjostrom Asa    "),
        ("SH", b"more than sixteen"),
        ("LO", b"\x00\x01\x02blob"),
    ],
)
def test_a_value_that_is_not_does_not_fit(vr, value):
    assert not fits(vr, value)
