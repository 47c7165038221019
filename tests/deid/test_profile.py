import csv
from importlib.resources import files
from typing import Any

import pytest
from pydicom.datadict import keyword_for_tag
from pydicom.uid import UID_dictionary

from deid.errors import ProfileError, Reason
from deid.profiles.gate import Then
from deid.profiles.profile import load_profile, read_profile
from deid.profiles.rules import IODS, Action, Rule
from deid.profiles.table import OPTIONS
from tests.deid.headers import DBT, MG, profile, with_options

OWN = """extends = "mammography"
name = "north"
version = "7"
rules = [
  { tag = "00081030", action = "X", reason = "typed by hand here", clause = "decision 12" },
]
"""


def source(name: str) -> str:
    return (files("deid") / "data" / f"{name}.toml").read_text("utf-8")


def rule(made: Any, tag: int, vr: str, *, iod: str = "mg", nested: bool = False) -> Rule:
    found = made.rules[iod].rule(tag, frozenset({vr}), nested=nested)
    assert isinstance(found, Rule)
    return found


def test_the_shipped_profile_claims_what_it_does() -> None:
    made = profile()
    assert (made.name, made.edition, made.age_cap) == ("mammography", "2026d", 89)
    assert [code for code, _ in made.codes] == [
        "113100",
        "113103",
        "113104",
        "113105",
        "113107",
        "113108",
        "113111",
    ]
    assert len(made.digest) == 64
    assert made == load_profile()


def test_the_codes_of_all_options_stand_in_the_order_of_cid_7050() -> None:
    every = with_options(*(set(OPTIONS) - {"retain_longitudinal_full_dates"}))
    codes = [code for code, _ in every.codes]
    assert codes == sorted(codes)
    assert len(codes) == 10
    assert dict(every.codes)["113110"] == "Retain UIDs Option"


@pytest.mark.parametrize(
    ("sop_class", "iod"),
    [
        (MG, "mg"),
        (DBT, "dbt"),
        (f"{DBT[:-1]}5", "bpx"),
        ("1.2.840.10008.5.1.4.1.1.88.50", "cad_sr"),
        ("1.2.840.10008.5.1.4.1.1.88.59", "ko"),
        ("1.2.840.10008.5.1.4.1.1.88.22", "sr"),
        ("1.2.840.10008.5.1.4.1.1.11.2", "pr"),
        ("1.2.840.10008.5.1.4.1.1.66.7", "seg"),
    ],
)
def test_mammography_accepts_what_belongs_to_breast_images(sop_class: str, iod: str) -> None:
    assert profile().iods[sop_class] == iod
    assert load_profile("general").iods[sop_class] == iod


@pytest.mark.parametrize("last", ["1", "7", "2", "104.1", "66", "481.3", "9.1.1"])
def test_mammography_accepts_nothing_else(last: str) -> None:
    assert f"1.2.840.10008.5.1.4.1.1.{last}" not in profile().iods


def test_general_accepts_every_image_of_the_standard_and_no_document() -> None:
    accepted = load_profile("general").iods
    storage = {
        uid: name
        for uid, (name, kind, *_) in UID_dictionary.items()
        if kind == "SOP Class" and uid.startswith("1.2.840.10008.5.1.4.1.1.")
    }
    moving = {"Video", "DICOS", "Eddy"}
    images = {
        uid
        for uid, name in storage.items()
        if "Image Storage" in name and not moving & {*name.split()}
    }
    assert images - accepted.keys() == {"1.2.840.10008.5.1.4.1.1.481.24"}  # its frames never end
    words = ("Encapsulated", "Raw Data", "Waveform", "Plan", "Structure Set", "Record", "Video")
    assert not [name for uid, name in storage.items() if uid in accepted and name.startswith(words)]
    assert load_profile("general").modalities is None


def test_both_profiles_have_the_same_rules() -> None:
    assert profile().rules == load_profile("general").rules
    assert profile().options == load_profile("general").options


def test_a_region_builds_on_a_shipped_profile() -> None:
    made = read_profile(OWN, file="north.toml")
    assert (made.name, made.version, made.edition) == ("north", "7", "2026d")
    assert made.iods == profile().iods
    assert made.gate == profile().gate
    assert rule(profile(), 0x00081030, "LO").action is Action.CLEAN
    assert rule(made, 0x00081030, "LO") == Rule(
        Action.REMOVE, Action.REMOVE, "typed by hand here", "decision 12"
    )
    assert rule(made, 0x00100020, "LO").action is Action.PSEUDONYM
    assert made.digest != profile().digest


def test_a_region_may_accept_and_refuse_more_and_choose_other_options() -> None:
    more = """
options = ["retain_longitudinal_full_dates"]
accept = [{ sop_class = "1.2.840.10008.5.1.4.1.1.1", iod = "cr", reason = "films", clause = "12" }]
[[refuse]]
tag = "00080070"
matches = "^ACME"
error = "IMAGE_TYPE"
reason = "writes names into its pixels"
clause = "decision 13"
"""
    made = read_profile(OWN.split("rules", maxsplit=1)[0] + more, file="north.toml")
    assert made.iods["1.2.840.10008.5.1.4.1.1.1"] == "cr"
    refusals = made.gate.of(Then.REFUSE)
    assert refusals[:-1] == profile().gate.of(Then.REFUSE)
    assert refusals[-1].error is Reason.IMAGE_TYPE
    assert made.options == {"retain_longitudinal_full_dates"}
    assert rule(made, 0x00080020, "DA").action is Action.KEEP
    assert rule(made, 0x00081030, "LO").action is Action.REMOVE
    assert (made.structured, made.safe_private) == (None, None)


def test_a_list_that_changes_changes_the_digest() -> None:
    general = load_profile("general")
    other = read_profile(
        source("general").replace('version = "', 'version = "9', 1), file="general.toml"
    )
    assert len({profile().digest, general.digest, other.digest}) == 3


def changed(old: str, new: str) -> str:
    assert old in OWN
    return OWN.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (changed('action = "X"', 'action = "Q"'), 5, "00081030: there is no action 'Q'"),
        (changed('action = "X"', 'action = "X/K"'), 5, "no action 'X/K'"),
        (changed('action = "X"', 'action = "S"'), 5, "00081030: S cannot be done"),
        (changed('action = "X"', 'action = "U*"'), 5, "cannot be done"),
        (changed('action = "X"', 'action = "G"'), 5, "cannot be done"),
        (changed("00081030", "0008103"), 5, "0008103: is no tag"),
        (changed("00081030", "00091030"), 5, "private"),
        (changed("00081030", "00020010"), 5, "file meta"),
        (changed(', clause = "decision 12"', ""), 5, "clause: is missing"),
        (changed('reason = "typed by hand here"', 'reason = ""'), 5, "reason: is missing"),
        (changed('reason = "typed by hand here"', "reason = 7"), 5, "reason: must be a text"),
        (changed("clause =", "why = 'x', clause ="), 5, "why: there is no such key"),
        (changed("clause =", "with = 'retain', clause ="), 5, "retain: there is no such option"),
        (changed("clause =", "matches = '[', clause ="), 5, "only what is kept"),
        (changed('"X", ', "\"K\", matches = '[', "), 5, "00081030: unterminated"),
        (changed('"X", ', '"K", '), 5, "00081030: the table says X: no option allows K"),
        (
            changed('"00081030", action = "X"', '"00181000", action = "K"'),
            5,
            "00181000: the table says X/Z/D: K needs the option retain_device_identity",
        ),
        (
            changed('"00081030", action = "X"', '"00080020", action = "K"'),
            5,
            "K needs the option retain_longitudinal_full_dates",
        ),
        (changed('"00081030", action = "X"', '"00200010", action = "A"'), 5, "not key it anew"),
        (changed('"00081030", action = "X"', '"00100032", action = "P"'), 5, "P"),
        (changed('"X", ', '"D", dummy = "device", '), 5, "not key it anew"),
        (changed("clause =", "dummy = 'name', clause ="), 5, "device"),
        (changed("rules = [", "rules = [\n" + OWN.splitlines()[4]), 6, "00081030: stands twice"),
        (changed("extends", 'colour = "red"\nextends'), 1, "no such key"),
        (changed('version = "7"', "version = 7"), 3, "must be a str"),
        (changed('version = "7"', 'version = "7"\noptions = ["retain_names"]'), 4, "retain_names"),
        (changed('version = "7"', 'version = "7"\nage_cap = 0'), 4, "from 1 to 150"),
        (changed('"mammography"', '"../mammography"'), 1, "no shipped profile"),
        (
            changed('"mammography"', '"cardiology"'),
            1,
            "no shipped profile 'cardiology'; shipped are common, general, mammography",
        ),
        (
            changed(
                "version",
                'options = ["retain_longitudinal_full_dates", '
                '"retain_longitudinal_modified_dates"]\nversion',
            ),
            3,
            "either full or modified",
        ),
    ],
)
def test_a_wrong_line_is_named(text: str, line: int, words: str) -> None:
    with pytest.raises(ProfileError) as caught:
        read_profile(text, file="north.toml")
    assert str(caught.value).startswith(f"north.toml, line {line}, ")
    assert words in str(caught.value)


ACCEPT = '[[accept]]\nsop_class = "1.2.3"\niod = "mg"\nreason = "r"\nclause = "c"\n'
REFUSE = (
    '[[refuse]]\ntag = "00080008"\nmatches = "X"\nerror = "MODALITY"\nreason = "r"\nclause = "c"\n'
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ACCEPT.replace('"mg"', '"ct"'), "ct: there is no such IOD"),
        (ACCEPT.replace("1.2.3", "1.02.3"), "1.02.3: is no SOP class"),
        (ACCEPT.replace('"1.2.3"', "[1]"), "1: is no SOP class"),
        (REFUSE.replace("MODALITY", "COLOUR"), "COLOUR: there is no such error"),
        (REFUSE.replace('"X"', '"("'), "unterminated"),
        (REFUSE.replace("00080008", "ImageType"), "ImageType: is no tag"),
    ],
)
def test_a_wrong_class_or_refusal_is_named(text: str, words: str) -> None:
    with pytest.raises(ProfileError) as caught:
        read_profile(f"{OWN}\n{text}", file="north.toml")
    assert str(caught.value).startswith("north.toml, line 8, ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "name = ",
        'name = "bare"\nversion = "1"',
        OWN + 'texts = "no_such.csv"',
        OWN.replace("rules", 'texts = "no_such.csv"\nrules'),
        OWN.replace("rules", 'groups = ["beta"]\nrules'),
        OWN.replace("rules", "modalities = [1]\nrules"),
        OWN.replace("rules", "refuse = [1]\nrules"),
    ],
)
def test_a_profile_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ProfileError, match=r"north\.toml"):
        read_profile(text, file="north.toml")


def test_there_is_no_profile_but_those_shipped() -> None:
    with pytest.raises(ProfileError, match="cardiology"):
        load_profile("cardiology")
    with pytest.raises(ProfileError, match="missing"):
        load_profile("common")


def test_every_rule_of_every_iod_says_why_and_where() -> None:
    rows = csv.DictReader(
        line
        for line in (files("deid") / "data" / "attribute_types.csv").read_text("utf-8").splitlines()
        if line[0] != "#"
    )
    tags = [int(row["tag"], 16) for row in rows]
    for iod in IODS:
        for tag in tags:
            found = rule(profile(), tag, "LO", iod=iod)
            assert found.reason, keyword_for_tag(tag)
            assert found.clause, keyword_for_tag(tag)
