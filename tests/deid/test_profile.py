import csv
import json
from collections import Counter
from importlib.resources import files

import pytest
from pydicom.datadict import dictionary_VR, tag_for_keyword

from deid.errors import ProfileError
from deid.profile import load_profile, read_profile
from deid.rules import FREE_VRS, IODS, Action, resolve
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


def test_no_text_stands_in_two_tables() -> None:
    texts = {row["tag"] for row in rows("text_attributes.csv")}
    assert texts
    assert not texts & {row["tag"] for row in rows("ps3_15_e1_1.csv")}
    assert not {tag for tag in texts if f'tag = "{tag}"' in TOML}


@pytest.mark.parametrize("iod", IODS)
def test_every_text_the_iod_demands_has_a_rule(iod: str) -> None:
    """Against highdicom's own tables: what is Type 1 or 2 at the top is kept, empty or a dummy."""
    standard = files("highdicom") / "_standard"
    modules = json.loads((standard / "iod_module_map.json").read_text("utf-8"))
    attributes = json.loads((standard / "module_attribute_map.json").read_text("utf-8"))
    name = {
        "mg": "digital-mammography-x-ray-image",
        "dbt": "breast-tomosynthesis-image",
        "bpx": "breast-projection-x-ray-image",
    }[iod]
    demanded = {
        tag_for_keyword(entry["keyword"])
        for module in modules[name]
        for entry in attributes[module["key"]]
        if not entry["path"] and entry["type"] in {"1", "2"} and module["usage"] == "M"
    } - {None, 0x7FE00010}
    rules = profile().rules[iod]
    for tag in demanded:
        kinds = frozenset(dictionary_VR(tag).split(" or "))
        rule = rules.find(tag, nested=False)
        if kinds & FREE_VRS:
            assert rule is not None
            assert rule.action is not Action.REMOVE
        else:
            assert rule is not None or tag >> 16 in rules.groups


def test_outside_its_iod_no_text_is_kept() -> None:
    for rules in profile().rules.values():
        assert rules.keeps(0x00080070, frozenset({"LO"}), rules.find(0x00080070, nested=False))
        assert not rules.keeps(0x00280008, frozenset({"LO"}), None)
        assert not rules.keeps(0x00741000, frozenset({"CS"}), None)
        assert rules.keeps(0x00280008, frozenset({"IS"}), None)
    table = 0x00283006
    assert all(rules.find(table, nested=False) is None for rules in profile().rules.values())
    assert all(rules.find(table, nested=True) for rules in profile().rules.values())


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
        replaced('texts = "text_attributes.csv"', 'texts = "no_such.csv"'),
        replaced("retain_patient_characteristics", "clean_descriptors"),
        replaced('iod = "mg"', 'iod = "ct"'),
    ],
)
def test_a_profile_that_cannot_be_is_refused(source: str) -> None:
    with pytest.raises(ProfileError, match=r"broken\.toml"):
        read_profile(source, file="broken.toml")
