import csv
from collections import Counter
from importlib.resources import files

import pytest

from deid.errors import ProfileError
from deid.profile import load_profile, read_profile
from deid.rules import Action, resolve
from tests.deid.headers import profile

TOML = (files("deid") / "data" / "mammography.toml").read_text("utf-8")


def rows(name: str) -> list[dict[str, str]]:
    text = (files("deid") / "data" / name).read_text("utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if line[0] != "#"))


def test_the_table_is_whole() -> None:
    table = rows("ps3_15_e1_1.csv")
    assert len(table) == 657
    assert Counter(row["basic"] for row in table) == {
        "X": 417,
        "D": 93,
        "U": 55,
        "Z": 42,
        "X/D": 23,
        "X/Z": 11,
        "X/Z/D": 8,
        "Z/D": 6,
        "X/Z/U*": 2,
    }


def test_the_profile_claims_what_it_does() -> None:
    assert profile().edition == "2026d"
    assert [code for code, _ in profile().codes] == ["113100", "113108", "113107"]
    assert len(profile().digest) == 64
    assert profile() == load_profile()


@pytest.mark.parametrize(
    ("code", "kind", "action"),
    [
        ("X/Z/D", "3", "X"),
        ("X/Z/D", "2", "Z"),
        ("X/Z/D", "2C", "Z"),
        ("X/Z/D", "1", "D"),
        ("X/Z/D", "", "D"),
        ("X/D", "2", "D"),
        ("Z/D", "1C", "D"),
        ("X/Z", "", "Z"),
        ("X/Z/U*", "1", "U*"),
        ("X", "1", "X"),
    ],
)
def test_compounds_resolve_by_type(code: str, kind: str, action: str) -> None:
    assert resolve(code, kind) == action


def test_an_attribute_is_resolved_by_iod_and_depth() -> None:
    rules = profile().rules
    serial = 0x00181000
    assert rules["mg"].find(serial, nested=False).action is Action.REMOVE
    assert rules["dbt"].find(serial, nested=False).action is Action.DUMMY
    institution = 0x00080080
    assert rules["mg"].find(institution, nested=False).action is Action.REMOVE
    assert rules["mg"].find(institution, nested=True).action is Action.DUMMY


def test_curves_and_overlays_match_by_repeating_group() -> None:
    for tag in (0x50000005, 0x501E3000, 0x60003000, 0x60FE0010, 0x60024000):
        rule = profile().rules["mg"].find(tag, nested=False)
        assert rule is not None
        assert rule.action is Action.REMOVE


def test_every_rule_says_why_and_where() -> None:
    for rules in profile().rules.values():
        assert all(rule.reason and rule.clause for rule in rules.top.values())


def replaced(old: str, new: str) -> str:
    assert old in TOML
    return TOML.replace(old, new, 1)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (replaced('{ tag = "00100010", action = "P"', '{ tag = "00100010", action = "Q"'), "Q"),
        (replaced('"00100020"', '"0010002"'), "0010002"),
        (replaced('"00100020"', '"00100010"'), "twice"),
        (replaced(', clause = "PS3.15 E.1-1 note 3"', ""), "clause"),
        (replaced('error = "IMAGE_TYPE"', 'error = "OTHER"'), "OTHER"),
    ],
)
def test_a_wrong_line_is_named(source: str, words: str) -> None:
    with pytest.raises(ProfileError, match=words) as caught:
        read_profile(source, file="broken.toml")
    message = str(caught.value)
    line = int(message.removeprefix("broken.toml, line ").split(",", maxsplit=1)[0])
    assert message.startswith("broken.toml, line")
    assert source.splitlines()[line - 1].lstrip().startswith("{ tag")


@pytest.mark.parametrize(
    "source",
    [
        "name = ",
        replaced('version = "1"', ""),
        replaced("retain_patient_characteristics", "clean_descriptors"),
        replaced('iod = "mg"', 'iod = "ct"'),
    ],
)
def test_a_profile_that_cannot_be_is_refused(source: str) -> None:
    with pytest.raises(ProfileError, match=r"broken\.toml"):
        read_profile(source, file="broken.toml")
